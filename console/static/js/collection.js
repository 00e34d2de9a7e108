// The collection day: clearance by district, what was not cleared at 18, 21 and 24 h, and each route against its plan.
import { h } from "./dom.js";
import { named, number, span, t, when } from "./i18n.js";
import { stationsList } from "./lists.js";
import { select } from "./plans.js";
import { now, set, state } from "./store.js";

export function stationsTab() {
  return [h("div.item.row.case-head", {}, h("button", { type: "button", "data-key": "collection", "aria-pressed": String(state.dayShown), onclick: () => set("dayShown", !state.dayShown) }, t(state.dayShown ? "collection.stations" : "collection.day"))),
    state.dayShown ? collectionDay() : stationsList()];
}

function collectionDay() {
  const day = state.collection;
  if (!day) return h("p.empty", {}, t("loading"));
  return h("div.detail", {}, h("h2", {}, t("collection.title", { day: day.day })),
    h("section", {}, h("h3", {}, t("collection.ledger")), day.ledger.length ? ledger(day.ledger) : h("p.empty", {}, h("strong", {}, t("collection.none")), t("collection.none.hint"))),
    day.before?.length > 0 && h("section", {}, h("h3", {}, t("collection.before")), ledger(day.before, t("collection.before"))),
    h("section", {}, h("h3", {}, t("collection.routes")), day.routes.length ? routes(day.routes) : h("p.empty", {}, h("strong", {}, t("collection.noroutes")), t("collection.noroutes.hint"))));
}

const table = (label, heads, rows) => h("div.table", { tabIndex: 0, role: "region", "aria-label": label, "data-keep": label }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((text, i) => h(i ? "th.num" : "th", { scope: "col" }, text)))), h("tbody", {}, rows)));
const cell = (value, bad = false) => h(bad ? "td.num.bad" : "td.num", {}, value);

function ledger(rows, label = t("collection.ledger")) {
  const hours = rows[0].marks.map((mark) => mark.hour);
  return table(label, [t("collection.district"), t("collection.owed"), t("collection.cleared"), t("collection.open"), t("collection.missed"), ...hours.map((hour) => t("collection.at", { hour }))],
    rows.map((row) => h("tr", { "data-district": row.district }, h("th", { scope: "row" }, named(row)), cell(number(row.owed)), cell(number(row.cleared)), cell(number(row.open)), cell(number(row.missed), row.missed > 0),
      row.marks.map((mark) => cell(mark.uncleared === null ? "–" : number(mark.uncleared), mark.uncleared > 0)))));
}

function routes(rows) {
  return table(t("collection.routes"), [t("collection.vehicle"), t("collection.times"), t("collection.done"), t("collection.due"), t("collection.behind")],
    rows.map((row) => h("tr", { "data-route": row.route }, h("th", { scope: "row" }, h("button.quiet", { type: "button", "data-key": `progress-${row.route}`, title: row.version, onclick: () => select(row.version) }, plate(row.vehicle))),
      cell(`${when(row.start_at, now())}–${when(row.end_at, now())}`), cell(`${number(row.done)} / ${number(row.stops)}`), cell(number(row.due)), row.late_min > 0 ? cell(span(row.late_min * 60), true) : cell(t("collection.ontime")))));
}

const plate = (id) => state.vehicles?.find((one) => one.id === id)?.plate ?? id;
