// The version shown held against any other of its plan: numbers side by side, a table of vehicles, one of the stops elsewhere.
import { get } from "./api.js";
import { h, toast } from "./dom.js";
import { hours, km, mass, named, number, span, t, when, word } from "./i18n.js";
import { fitChanges, showAt } from "./mapview.js";
import { now, on, set, state } from "./store.js";

const STOPS_SHOWN = 60;

/** The version it was made from, else the one before it, else the newest other one. */
function usual({ plan, version }) {
  const other = version.based_on ?? version.version - 1;
  return other > 0 ? other : plan.versions.find((row) => row.id !== version.id)?.version ?? null;
}

/** Compare the version shown with version `number_` of its plan; null: with none. */
export async function compareWith(number_) {
  if (state.difference) set("difference", null);
  if (state.compare !== number_) set("compare", number_);
  if (number_ === null || !state.selected) return;
  const id = state.selected, code = id.split("@")[0];
  const asked = () => state.selected === id && state.compare === number_;
  try {
    const versions = await get(`/api/plans/${encodeURIComponent(code)}/versions`);
    if (!asked()) return;
    set("versions", { code, rows: versions });
    const found = await get(`/api/plans/${encodeURIComponent(id)}/difference/${encodeURIComponent(`${code}@${number_}`)}`);
    if (asked()) set("difference", found);
  } catch (error) {
    if (!asked()) return;
    set("compare", null);
    toast(t("error.load", { what: error.message }), true);
  }
}

/** Versions that came since can be chosen as well. */
on("detail", async (detail) => {
  if (!detail || state.compare === null || state.versions?.code !== detail.plan.code || state.versions.rows.some((row) => row.id === detail.plan.versions[0]?.id)) return;
  const rows = await get(`/api/plans/${encodeURIComponent(detail.plan.code)}/versions`).catch(() => null);
  if (rows && state.detail?.plan.code === detail.plan.code) set("versions", { code: detail.plan.code, rows });
});

const signed = (value, text) => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${text(Math.abs(value))}`;
const change = (value, text) => (value ? signed(value, text) : "");

export function differenceBox(detail) {
  const first = usual(detail);
  if (first === null) return h("p.dim", {}, t("compare.only"));
  const opened = state.compare !== null;
  return h("details.difference", { open: opened },
    h("summary", { "data-key": "difference", onclick: (event) => { event.preventDefault(); compareWith(opened ? null : first); } }, t("compare.title")), opened && chooser(detail), opened && (state.difference ? body(detail, state.difference) : h("p.dim", {}, t("loading"))));
}

const versionText = (row) => [t("plan.version", { n: row.version }), t(`state.${row.state}`), when(row.created_at, now()), row.engine].join(" · ");

function chooser(detail) {
  const rows = state.versions?.code === detail.plan.code ? state.versions.rows : [];
  return h("p.row", {}, h("label", {}, `${t("compare.with", { n: detail.version.version })} `, h("select", { "data-key": "compare-with", onchange: (event) => compareWith(Number(event.target.value)) },
    rows.filter((row) => row.id !== detail.version.id).map((row) => h("option", { value: String(row.version), selected: row.version === state.compare }, versionText(row))))),
    state.difference?.stops.length > 0 && h("button", { type: "button", "data-key": "compare-map", onclick: fitChanges }, t("compare.show")));
}

function body(detail, doc) {
  const other = state.versions?.rows.find((row) => row.id === doc.old);
  const name = (row) => t("plan.version", { n: row.version });
  return [other && numbers(other, detail.version, [name(other), name(detail.version)], doc), ...tables(doc)];
}

/** What moved, by vehicle and by stop. */
export function tables(doc) {
  return [doc.started_changed > 0 && h("p.notes.bad", {}, t("difference.started", { n: doc.started_changed })),
    doc.changes.length ? [vehicles(doc), stops(doc)] : h("p.dim", {}, t("change.none"))];
}

const heads = (names) => h("thead", {}, h("tr", {}, names.map((text, i) => h(i ? "th.num" : "th", { scope: "col" }, text))));
const cell = (text) => h("td.num", {}, text);
const plate = (id) => state.vehicles?.find((row) => row.id === id)?.plate ?? id;

/** What each version comes to. Costs are only held against each other where they measure the same work. */
export function numbers(old, new_, [oldName, newName], doc) {
  const rows = [["tasks", number], ["unserved", number], ["routes", number], ["distance_m", km, "km"], ["duration_s", hours, "hours"],
    ["salt_kg", mass, "salt"], ["waste_kg", mass, "waste"], ["cost", number, "cost"]].filter(([key]) => old[key] || new_[key]);
  const name = (key) => t(key === "cost" ? "compare.cost.name" : `plan.${key}`);
  return [h("div.table.short", { tabIndex: 0, role: "group", "aria-label": t("compare.numbers"), "data-keep": "compare-numbers" }, h("table.compared", {}, h("caption.hidden", {}, t("compare.numbers")),
    heads([t("compare.figure"), oldName, newName, t("compare.change")]),
    h("tbody", {}, rows.map(([key, text, label = key]) => h("tr", {}, h("th", { scope: "row" }, name(label)), cell(text(old[key])), cell(text(new_[key])),
      cell(key === "cost" && doc.cost_before === null ? "—" : change(new_[key] - old[key], text))))))),
    doc.cost_before === null && h("p.dim", {}, t("compare.cost"))];
}

function vehicles(doc) {
  return h("div.table.short", { tabIndex: 0, role: "group", "aria-label": t("difference.vehicles"), "data-keep": `changes-${doc.new}` }, h("table.vehicles", {}, h("caption.hidden", {}, t("difference.vehicles")),
    heads(["who", "count", "added", "dropped", "reordered", "from", "time", "way"].map((key) => t(`difference.${key}`))),
    h("tbody", {}, doc.changes.map((c) => h("tr", {}, h("th", { scope: "row" }, plate(c.who)), cell(`${c.stops_before} → ${c.stops_after}`), cell(change(c.added, String)), cell(c.dropped ? `−${c.dropped}` : ""),
      cell(c.reordered + c.turned || ""), cell(c.from_stop || ""), cell(change(c.added_s, span)), cell(change(c.added_m, km)))))));
}

function stops(doc) {
  const rest = doc.stops.length - STOPS_SHOWN;
  return doc.stops.length > 0 && h("div.table.short", { tabIndex: 0, role: "group", "aria-label": t("difference.moved"), "data-keep": `difference-${doc.new}` }, h("table.moved", {}, h("caption.hidden", {}, t("difference.moved")),
    h("thead", {}, h("tr", {}, ["place", "what", "before", "after"].map((name) => h("th", { scope: "col" }, t(`difference.${name}`))))),
    h("tbody", {}, doc.stops.slice(0, STOPS_SHOWN).map((s, i) => h("tr", {},
      h("th", { scope: "row" }, h("button", { type: "button", "data-key": `d-${i}`, onclick: () => showAt("stop", s.work_item, s.lon, s.lat) }, named(s) || t("street.unnamed"))),
      h("td", {}, word("moved", s.what)), h("td", {}, place(s.from_, s.from_stop)), h("td", {}, place(s.to, s.to_stop)))))),
    rest > 0 && h("p.dim.item", {}, t("plan.more", { n: rest })));
}

const place = (who, stop) => (who ? `${plate(who)} · ${stop}` : "");
