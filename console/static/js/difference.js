// How the version shown differs from another of its plan: numbers a vehicle, and the stops that are elsewhere.
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

export function differenceBox(detail) {
  const old = otherOf(detail);
  if (!old) return null;
  const known = state.difference?.new === detail.version.id && state.difference.old === old ? state.difference : null;
  return h("details", { open: Boolean(known) && asked === detail.version.id, ontoggle: (event) => { if (event.target.open) read(detail.version.id, old); } },
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
  const rest = doc.stops.length - STOPS_SHOWN;
  return [h("p.num", {}, [signed(doc.added_s, span), signed(doc.added_m, km),
      doc.cost_before !== null && t("difference.cost", { before: number(doc.cost_before), after: number(doc.cost_after) })].filter(Boolean).join(" · ")),
    doc.started_changed > 0 && h("p.notes.bad", {}, t("difference.started", { n: doc.started_changed })),
    h("ul", {}, doc.changes.map((c) => h("li", {}, t("change.line", { who: c.who, added: c.added, dropped: c.dropped, stop: c.from_stop }),
      h("span.dim.num", {}, ` ${t("difference.stops", { before: c.stops_before, after: c.stops_after })} · ${signed(c.added_s, span)} · ${signed(c.added_m, km)}`)))),
    h("div.stops", { "data-keep": `difference-${doc.new}` }, h("ol", {}, doc.stops.slice(0, STOPS_SHOWN).map((s) => h("li", {},
      h("button", { type: "button", onclick: () => showAt("stop", s.work_item, s.lon, s.lat) }, h("span.num.dim", {}, String(s.to_stop || s.from_stop)),
        h("span.place", {}, named(s) || t("street.unnamed")), h("span.dim", {}, word("moved", s.what)),
        h("span.num", {}, [place(s.from_, s.from_stop), place(s.to, s.to_stop)].filter(Boolean).join(" → ")))))),
      rest > 0 && h("p.dim.item", {}, t("plan.more", { n: rest })))];
}

const place = (who, stop) => (who ? `${who} ${stop}` : "");
