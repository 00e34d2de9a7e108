// The other lists: stations, vehicles. Each row goes to its place on the map.
import { h } from "./dom.js";
import { named, number, shortTime, span, t, when, word } from "./i18n.js";
import { condition, show, showAt } from "./mapview.js";
import { seenAt, state } from "./store.js";

const ROWS_SHOWN = 300;

export const empty = (family) => h("p.empty", {}, h("strong", {}, t(`${family}.empty`)), t(`${family}.empty.hint`));
const more = (rows) => rows.length > ROWS_SHOWN && h("p.empty", {}, t("plan.more", { n: rows.length - ROWS_SHOWN }));
const age = (time) => (seenAt() - Date.parse(time)) / 1000;

export function stationsList() {
  const day = state.stations;
  if (!day?.stations.length) return empty("stations");
  const rank = (s) => (s.day_state === "cleared" ? -1 : s.level_pct ?? 0);
  const rows = [...day.stations].sort((a, b) => rank(b) - rank(a) || a.id.localeCompare(b.id));
  return [h("p.group", {}, t("stations.summary", { day: day.day, cleared: number(day.cleared), total: number(day.total) })),
    rows.slice(0, ROWS_SHOWN).map((s) => h("button.item", { type: "button", "data-key": s.id, onclick: () => showAt("stations", s.id, s.lon, s.lat) },
      h("header", {}, h("h3", {}, named(s)), stationChip(s)),
      h("div.sub", {}, h("span", {}, s.community || s.id), s.level_at && h("span", {}, t("station.at", { t: when(s.level_at, seenAt()) }))), level(s))), more(rows)];
}

function stationChip(s) {
  if (s.day_state === "cleared") return h("span.chip.good", {}, t("station.cleared", { t: s.cleared_at ? shortTime(s.cleared_at) : "" }));
  if (s.overflow_at) return h("span.chip.bad", {}, t("station.overflow"));
  if (s.day_state === "missed") return h("span.chip.bad", {}, t("station.missed"));
  return h("span.num", {}, s.level_pct === null ? t("station.nolevel") : `${number(s.level_pct)} %`);
}

function level(s) {
  if (s.level_pct === null || s.day_state === "cleared") return null;
  const cls = s.level_pct >= 85 ? "div.bar.high" : s.level_pct >= 60 ? "div.bar.mid" : "div.bar";
  return h(cls, { role: "img", "aria-label": `${number(s.level_pct)} %` }, h("i", { width: `${Math.min(100, s.level_pct)}%` }));
}

let rowsOf = new Map(); // vehicle → its row; it is kept, and only what it says otherwise is written anew: all of them may move at once

export function vehiclesList() {
  const rows = state.vehicles ?? [];
  if (!rows.length) return empty("vehicles");
  const order = (how) => "outsplbstalenone".indexOf(how);
  const sorted = rows.map((v) => ({ v, how: condition(v) })).sort((a, b) => order(a.how) - order(b.how) || (a.v.id < b.v.id ? -1 : 1));
  rowsOf = new Map(sorted.slice(0, ROWS_SHOWN).map(({ v, how }) => [v.id, say(rowsOf.get(v.id) ?? vehicleRow(v.id), v, how)]));
  return [[...rowsOf.values()].map((row) => row.element), more(rows)];
}

function vehicleRow(id) {
  const parts = [h("h3", {}), h("span.chip", {}), h("span", {}), h("span", {}), h("span", {})];
  const element = h("button.item.kept", { type: "button", "data-key": id, onclick: () => show({ kind: "vehicles", id }, true) },
    h("header", {}, parts.slice(0, 2)), h("div.sub", {}, h("span.mono", {}, id), parts.slice(2)));
  return { element, parts, said: [] };
}

function say(row, v, how) {
  const doing = v.lon === null && how !== "out" ? t("vehicle.nofix") : how === "stale" ? t("vehicle.stale", { t: span(age(v.observed_at)) }) : t(`tool.${how}`);
  const said = [`${v.plate} · ${word("vehiclekind", v.kind)}`, doing, v.district, v.speed_kmh !== null && how !== "stale" ? t("vehicle.speed", { n: number(v.speed_kmh) }) : "", v.reason];
  said.forEach((text, i) => { if (text !== row.said[i]) Object.assign(row.parts[i], { textContent: text, hidden: !text }); });
  const cls = `chip ${{ out: "bad", stale: "warn", none: "" }[how] ?? "info"}`.trim();
  if (row.parts[1].className !== cls) row.parts[1].className = cls;
  return Object.assign(row, { said });
}
