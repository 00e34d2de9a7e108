// One plan version as a full page: what each vehicle does when, stops and loads of a route, the verdict, what is left out.
import { axis, bar, doings, KINDS, loadChart, said, scale, spent } from "./charts.js";
import { differenceBox } from "./difference.js";
import { get } from "./api.js";
import { h, toast } from "./dom.js";
import { mass, named, number, shortTime, span, t, word } from "./i18n.js";
import { showAt } from "./mapview.js";
import { routeColour } from "./palette.js";
import { carried, pinCell, pinsBox, taking } from "./pins.js";
import { placeButton } from "./places.js";
import { faults, head, pickRoute, routeFiles, vehicleName } from "./plans.js";
import { now, set, state } from "./store.js";
import { whatIfBox } from "./whatif.js";

const STOPS_SHOWN = 600, UNSERVED_SHOWN = 200;

export function planPage() {
  const back = h("button.back", { type: "button", "data-key": "page", onclick: () => set("page", false) }, `← ${t("page.close")}`);
  const detail = state.detail;
  if (!detail) return h("div.detail", {}, back, h("p.empty", {}, t("plan.loading")));
  if (!detail.routes.length) return h("div.detail", {}, back, head(detail), faults(detail), unserved(detail), h("p.empty", {}, h("strong", {}, t("page.noroutes")), t("page.noroutes.hint")));
  const hours = scale(Math.min(...detail.routes.map((r) => Date.parse(r.start_at))), Math.max(...detail.routes.map((r) => Date.parse(r.end_at))));
  const route = detail.routes.find((one) => one.id === state.route);
  return h("div.detail.page", {}, back, head(detail), faults(detail), h("div.stack", {}, gantt(detail, hours),
    route ? routePart(route) : h("p.dim", {}, t("page.pick"))), pinsBox(detail), whatIfBox(detail), h("div.two", {}, terms(detail), unserved(detail)), differenceBox(detail));
}

/** A bar a vehicle; the names go to the route. */
function gantt(detail, hours) {
  const all = detail.routes.map((route) => [route, doings(route)]);
  const sums = spent(all.flatMap(([, parts]) => parts));
  return h(state.route ? "section.gantt-part.held" : "section.gantt-part", {}, h("h3", {}, t("page.gantt")), h("p.doings.dim", {}, KINDS.filter((kind) => sums[kind] > 0).map((kind) => h("span", {}, h(`i.key.doing-${kind}`), ` ${t(`doing.${kind}`)} ${span(sums[kind])}`))),
    h("div.gantt", { "data-keep": "gantt", tabIndex: 0, role: "group", "aria-label": t("page.gantt") }, h("div.gantt-row", {}, h("span"), axis(hours)),
      all.map(([route, parts]) => h("div.gantt-row", taking(route),
        h("button", { type: "button", "data-key": `g-${route.id}`, "aria-pressed": String(state.route === route.id), title: said(spent(parts)), onclick: () => pickRoute(route) },
          h("span.swatch", { colour: routeColour(route.seq - 1) }), h("span.place", {}, `${route.seq} · ${vehicleName(route)}`)),
        bar(parts, hours, now())))));
}

function routePart(route) {
  const hours = scale(Date.parse(route.start_at), Date.parse(route.end_at));
  return h("section", {}, h("h3", {}, t("page.route", { n: route.seq, who: vehicleName(route) })), h("p.dim", {}, said(spent(doings(route)))), routeFiles(route),
    route.points.some((stop) => stop.load_kg > 0) && loadChart(route, hours), stopsTable(route));
}

const cell = (text) => h("td.num", {}, text);

function stopsTable(route) {
  const rest = route.points.length - STOPS_SHOWN;
  const head_ = ["n", "place", "arrive", "wait", "depart", "quantity", "load", "wish"].map((name) => h(["place", "wish"].includes(name) ? "th" : "th.num", { scope: "col" }, t(`stops.${name}`)));
  return h("div.table", { "data-keep": `stops-${route.id}`, tabIndex: 0, role: "group", "aria-label": t("stops.title") },
    h("table", {}, h("caption.hidden", {}, t("stops.title")), h("thead", {}, h("tr", {}, head_)),
      h("tbody", {}, route.points.slice(0, STOPS_SHOWN).map((stop) => {
        const waited = (Date.parse(stop.start) - Date.parse(stop.arrive)) / 1000;
        return h(stop.kind === "facility" ? "tr.facility" : "tr", { "data-stop": String(stop.n), ...carried(stop, route) }, cell(String(stop.n)),
          h("th", { scope: "row" }, h("button", { type: "button", "data-key": `p-${route.id}-${stop.n}`, onclick: () => showAt("stop", stop.ref, stop.lon, stop.lat) }, named(stop) || t("street.unnamed"))),
          cell(shortTime(stop.arrive)), cell(waited > 0 ? span(waited) : ""), cell(shortTime(stop.depart)), cell(stop.quantity_kg > 0 ? mass(stop.quantity_kg) : ""), cell(stop.load_kg > 0 ? mass(stop.load_kg) : ""), pinCell(stop, route));
      }))), rest > 0 && h("p.dim.item", {}, t("plan.more", { n: rest })));
}

/** What the checker's cost is made of. */
function terms(detail) {
  const rows = Object.entries(detail.verdict.terms ?? {}).filter(([, value]) => value !== 0).sort((a, b) => b[1] - a[1]);
  const all = detail.verdict.cost ?? detail.version.cost;
  return h("section", {}, h("h3", {}, t("page.terms")), rows.length ? h("table.figures-table", {},
    h("tbody", {}, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, word("term", name)), cell(number(value)), cell(all > 0 ? `${number((100 * value) / all)} %` : ""))),
      h("tr.sum", {}, h("th", { scope: "row" }, t("page.cost")), cell(number(all)), cell("")))) : h("p.dim", {}, t("page.noterms")));
}

/** Each task left out, by its place, with the reason. */
function unserved(detail) {
  const rows = detail.unserved, rest = rows.length - UNSERVED_SHOWN;
  return h("section", {}, h("h3", {}, `${t("plan.unserved.title")} (${rows.length})`), explainButton(detail), rows.length ? h("div.table.short", { tabIndex: 0, role: "group", "aria-label": t("plan.unserved.title"), "data-keep": "unserved" }, h("table", {}, h("caption.hidden", {}, t("plan.unserved.title")),
    h("tbody", {}, rows.slice(0, UNSERVED_SHOWN).map((row) => h("tr", {}, h("th", { scope: "row" }, placeButton(row.ref, `u-${row.task}`, row.ref || row.task)), h("td", {}, word("reason", row.reason), why(row)))))), rest > 0 && h("p.dim", {}, t("plan.more", { n: rest }))) : h("p.dim", {}, t("page.allserved")));
}

/** Working out what would help is a planner's task: asked for by hand, and kept while this version is shown. */
function explainButton(detail) {
  const id = detail.version.id, known = state.explained?.id === id ? state.explained : null;
  if (!detail.unserved.length || known?.rows || state.me?.role === "viewer") return null;
  return h("button", { type: "button", "data-key": "explain", disabled: Boolean(known), onclick: () => explain(id) }, t(known ? "explain.busy" : "explain.ask"));
}

async function explain(id) {
  set("explained", { id });
  try {
    const rows = await get(`/api/plans/${encodeURIComponent(id)}/explanations`);
    set("explained", { id, rows: new Map(rows.map((row) => [row.task, row])) });
  } catch (error) {
    set("explained", null);
    toast(t("error.load", { what: error.message }), true);
  }
}

/** What keeps a task out, and the cheapest way to serve it. */
function why(row) {
  const known = state.explained?.id === state.selected && state.explained.rows?.get(row.task);
  if (!known) return null;
  const way = known.relaxations[0];
  return [known.binds.length > 0 && h("p.dim", {}, t(known.together ? "explain.together" : "explain.binds", { what: known.binds.map((name) => t(`bind.${name}`)).join(t("list.comma")) })),
    h("p", {}, way ? t("explain.way", { what: way.changes.map(changeText).join(t("list.comma")), who: plate(way.vehicle), cost: number(way.added_cost) }) : t("explain.none"))];
}

const plate = (id) => state.vehicles?.find((one) => one.id === id)?.plate ?? id;
const changeText = ({ kind, on, amount, what }) => t(`relax.${kind}`, { on: plate(on), t: span(amount), n: number(amount), what: word("commodity", what) });
