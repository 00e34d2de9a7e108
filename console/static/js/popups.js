// What is said of a thing clicked on the map.
import { h } from "./dom.js";
import { toggle as follow } from "./follow.js";
import { named, number, shortTime, span, t, when, word } from "./i18n.js";
import { condition } from "./mapview.js";
import { seenAt, state } from "./store.js";

const p = (text, cls = "") => text && h(cls ? `p.${cls}` : "p", {}, text);

export function describe(kind, id) {
  const make = { vehicles: vehicle, stations: station, cases: caseFile, facilities: facility, street }[kind];
  return make ? make(id) : null;
}

function vehicle(id) {
  const v = state.vehicles?.find((row) => row.id === id);
  if (!v) return null;
  const how = condition(v);
  const age = v.observed_at ? (seenAt() - Date.parse(v.observed_at)) / 1000 : null;
  return h("div.pop", {}, h("h3", {}, `${v.plate} · ${word("vehiclekind", v.kind)}`), p(v.id, "mono"), p(t(`tool.${how}`)),
    v.status !== "in" && p(`${t(`vehicle.${v.status}`)} ${v.reason}`, "error"),
    v.speed_kmh !== null && how !== "stale" && p(t("vehicle.speed", { n: number(v.speed_kmh) })),
    age === null ? p(t("vehicle.nofix"), "dim") : p(how === "stale" ? t("vehicle.stale", { t: span(age) }) : shortTime(v.observed_at), "dim"),
    v.lon !== null && h("button", { type: "button", "data-key": "follow", "aria-pressed": String(state.follow === id), title: t("follow.key"), onclick: follow }, t(state.follow === id ? "follow.end" : "follow")));
}

function station(id) {
  const s = state.stations?.stations.find((row) => row.id === id);
  if (!s) return null;
  return h("div.pop", {}, h("h3", {}, named(s)), p([s.community, s.id].filter(Boolean).join(" · "), "dim"),
    p(s.level_pct === null ? t("station.nolevel") : `${number(s.level_pct)} % · ${t("station.at", { t: when(s.level_at, seenAt()) })}`),
    s.full_at && s.level_pct < 100 && p(t("station.full", { t: when(s.full_at, seenAt()), n: number(s.rises_pct_h) })),
    s.overflow_at && s.day_state !== "cleared" && p(t("station.overflow"), "error"),
    s.day_state && p(s.cleared_at ? t("station.cleared", { t: when(s.cleared_at, seenAt()) }) : t(`station.${s.day_state}`)));
}

function caseFile(number_) {
  const c = state.cases?.find((row) => row.number === number_);
  if (!c) return null;
  return h("div.pop", {}, h("h3", {}, word("casekind", c.kind)), p(c.number, "mono"), p(word("case", c.state)), p(t("case.reports", { n: c.reports })),
    p(t("case.due", { t: when(c.deadline, seenAt()) })), p(c.text, "dim"));
}

function facility(id) {
  const f = state.city.facilities.find((row) => row.id === id);
  return f ? h("div.pop", {}, h("h3", {}, named(f)), p(word("facility", f.kind), "dim")) : null;
}

function street(index) {
  const s = state.streets.list[index];
  if (!s) return null;
  const treated = state.treatment?.treated.find(([id]) => id === s.id);
  const routes = [...new Set((state.work ?? []).filter((r) => r.segments.includes(s.id)).map((r) => `${r.version} · ${r.vehicle}`))];
  return h("div.pop", {}, h("h3", {}, named(s) || t("street.unnamed")),
    p([word("class", s.cls), s.bridge && t("street.bridge"), s.ramp && t("street.ramp")].filter(Boolean).join(" · ")),
    p(t("street.length", { n: number(s.lengthM) })),
    p(treated ? t("street.treated", { t: span((seenAt() - Date.parse(treated[1])) / 1000) }) : t("street.never")),
    routes.slice(0, 4).map((route) => p(`${t("street.route")} ${route}`, "dim")), p(s.id, "mono"));
}
