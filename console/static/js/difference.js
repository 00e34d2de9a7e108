// How the version shown differs from another of its plan: a table of vehicles, and one of the stops that are elsewhere.
import { get } from "./api.js";
import { h, toast } from "./dom.js";
import { km, named, number, span, t, word } from "./i18n.js";
import { showAt } from "./mapview.js";
import { set, state } from "./store.js";

const STOPS_SHOWN = 60;
let asked = null;

/** The version it was made from, else the one before it. */
function otherOf(detail) {
  const { plan, version } = detail;
  const number_ = version.based_on ?? version.version - 1;
  return number_ > 0 ? `${plan.code}@${number_}` : null;
}

const signed = (value, text) => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${text(Math.abs(value))}`;
const change = (value, text) => (value ? signed(value, text) : "");

export function differenceBox(detail) {
  const old = otherOf(detail);
  if (!old) return null;
  const known = state.difference?.new === detail.version.id && state.difference.old === old ? state.difference : null;
  return h("details.difference", { open: Boolean(known) && asked === detail.version.id, ontoggle: (event) => { if (event.target.open) read(detail.version.id, old); else if (asked === detail.version.id) asked = null; } },
    h("summary", { "data-key": "difference" }, t("approve.difference", { id: old })), known && body(known));
}

async function read(id, old) {
  asked = id;
  if (state.difference?.new === id && state.difference.old === old) return;
  try {
    set("difference", await get(`/api/plans/${encodeURIComponent(id)}/difference/${encodeURIComponent(old)}`));
  } catch (error) {
    toast(t("error.load", { what: error.message }), true);
  }
}

function body(doc) {
  if (!doc.changes.length) return h("p.dim", {}, t("change.none"));
  return [h("p.num", {}, [signed(doc.added_s, span), signed(doc.added_m, km),
      doc.cost_before !== null && t("difference.cost", { before: number(doc.cost_before), after: number(doc.cost_after) })].filter(Boolean).join(" · ")),
    doc.started_changed > 0 && h("p.notes.bad", {}, t("difference.started", { n: doc.started_changed })), vehicles(doc), stops(doc)];
}

const heads = (names) => h("thead", {}, h("tr", {}, names.map((name, i) => h(i ? "th.num" : "th", { scope: "col" }, t(`difference.${name}`)))));
const cell = (text) => h("td.num", {}, text);
const plate = (id) => state.vehicles?.find((row) => row.id === id)?.plate ?? id;

function vehicles(doc) {
  return h("div.table", { tabIndex: 0, role: "group", "aria-label": t("difference.vehicles"), "data-keep": `changes-${doc.new}` }, h("table", {}, h("caption.hidden", {}, t("difference.vehicles")),
    heads(["who", "count", "added", "dropped", "reordered", "from", "time", "way"]),
    h("tbody", {}, doc.changes.map((c) => h("tr", {}, h("th", { scope: "row" }, plate(c.who)), cell(`${c.stops_before} → ${c.stops_after}`), cell(change(c.added, String)), cell(c.dropped ? `−${c.dropped}` : ""),
      cell(c.reordered + c.turned || ""), cell(c.from_stop || ""), cell(change(c.added_s, span)), cell(change(c.added_m, km)))))));
}

function stops(doc) {
  const rest = doc.stops.length - STOPS_SHOWN;
  return doc.stops.length > 0 && h("div.table.short", { tabIndex: 0, role: "group", "aria-label": t("difference.moved"), "data-keep": `difference-${doc.new}` }, h("table", {}, h("caption.hidden", {}, t("difference.moved")),
    h("thead", {}, h("tr", {}, ["place", "what", "before", "after"].map((name) => h("th", { scope: "col" }, t(`difference.${name}`))))),
    h("tbody", {}, doc.stops.slice(0, STOPS_SHOWN).map((s, i) => h("tr", {},
      h("th", { scope: "row" }, h("button", { type: "button", "data-key": `d-${i}`, onclick: () => showAt("stop", s.work_item, s.lon, s.lat) }, named(s) || t("street.unnamed"))),
      h("td", {}, word("moved", s.what)), h("td", {}, place(s.from_, s.from_stop)), h("td", {}, place(s.to, s.to_stop)))))),
    rest > 0 && h("p.dim.item", {}, t("plan.more", { n: rest })));
}

const place = (who, stop) => (who ? `${plate(who)} · ${stop}` : "");
