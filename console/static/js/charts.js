// Charts as SVG, without a library: what each route does when, and what its truck carries. Shapes are stretched, words are not.
import { h } from "./dom.js";
import { mass, shortTime, span, t } from "./i18n.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 1000, HIGH = 20, LOAD_HIGH = 100;
export const KINDS = ["drive", "work", "facility", "wait"];

function s(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== null) element.setAttribute(key, String(value));
  element.append(...children.filter(Boolean));
  return element;
}

/** What a route does, in order: [kind, from, to] in milliseconds. */
export function doings(route) {
  const found = [];
  const put = (kind, from, to) => { if (to > from) found.push([kind, from, to]); };
  let free = Date.parse(route.start_at);
  for (const stop of route.points) {
    const [arrive, start, depart] = [stop.arrive, stop.start, stop.depart].map(Date.parse);
    put("drive", free, arrive);
    put("wait", arrive, start);
    put(stop.kind === "facility" ? "facility" : "work", start, depart);
    free = depart;
  }
  put("drive", free, Date.parse(route.end_at));
  return found;
}

/** Seconds of each kind. */
export function spent(parts) {
  const sums = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
  for (const [kind, from, to] of parts) sums[kind] += (to - from) / 1000;
  return sums;
}

export const said = (sums) => KINDS.filter((kind) => sums[kind] > 0).map((kind) => `${t(`doing.${kind}`)} ${span(sums[kind])}`).join(" · ");

/** The hours a chart spans, with round marks: [from, to, [marks]]. */
export function scale(from, to) {
  const wide = Math.max(to - from, 600000);
  const step = [10, 30, 60, 120, 240, 480, 1440].map((minutes) => minutes * 60000).find((ms) => wide / ms <= 8) ?? 86400000;
  const marks = [];
  for (let at = Math.ceil(from / step) * step; at <= from + wide; at += step) marks.push(at);
  return [from, from + wide, marks];
}

export function axis([from, to, marks]) {
  return h("div.axis", { "aria-hidden": "true" }, marks.map((at) => h("span", { left: `${(100 * (at - from)) / (to - from)}%` }, shortTime(at))));
}

/** One route's bar, and where the city's clock stands. */
export function bar(parts, [from, to, marks], now) {
  const x = (at) => ((at - from) / (to - from)) * WIDE;
  const path = (kind) => parts.filter((part) => part[0] === kind).map(([, a, b]) => `M${x(a).toFixed(1)} 0h${Math.max(0.8, x(b) - x(a)).toFixed(1)}v${HIGH}H${x(a).toFixed(1)}z`).join("");
  return s("svg", { class: "gantt-bar", viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": said(spent(parts)) },
    ...marks.map((at) => s("path", { class: "mark", d: `M${x(at)} 0V${HIGH}` })),
    ...KINDS.map((kind) => s("path", { class: `doing-${kind}`, d: path(kind) })),
    now > from && now < to && s("path", { class: "now", d: `M${x(now)} 0V${HIGH}` }));
}

/** What the truck carries along its route: salt spread since it was loaded, or waste held; the line is what it can take. */
export function loadChart(route, [from, to, marks]) {
  const most = Math.max(route.capacity_kg, ...route.points.map((stop) => stop.load_kg), 1);
  const x = (at) => ((Date.parse(at) - from) / (to - from)) * WIDE, y = (kg) => LOAD_HIGH * (1 - kg / (most * 1.05));
  let d = `M${x(route.start_at).toFixed(1)} ${y(0)}`;
  for (const stop of route.points) d += `H${x(stop.depart).toFixed(1)}V${y(stop.load_kg).toFixed(1)}`;
  d += `H${x(route.end_at).toFixed(1)}`;
  const peak = Math.max(0, ...route.points.map((stop) => stop.load_kg));
  const text = t(route.capacity_kg > 0 ? "load.text" : "load.text.open", { peak: mass(peak), room: mass(route.capacity_kg) });
  return h("figure.load-chart", {}, h("figcaption.dim", {}, text),
    s("svg", { viewBox: `0 0 ${WIDE} ${LOAD_HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": text },
      ...marks.map((at) => s("path", { class: "mark", d: `M${((at - from) / (to - from)) * WIDE} 0V${LOAD_HIGH}` })),
      s("path", { class: "load-area", d: `${d}V${LOAD_HIGH}H${x(route.start_at).toFixed(1)}z` }), s("path", { class: "load-line", d }),
      route.capacity_kg > 0 && s("path", { class: "load-room", d: `M0 ${y(route.capacity_kg)}H${WIDE}` })), axis([from, to, marks]));
}
