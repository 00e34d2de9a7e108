// One search over everything with a name: streets, vehicles, stations, cases, facilities, plans.
import { $, fill, h } from "./dom.js";
import { named, t, word } from "./i18n.js";
import { showAt, showStreets } from "./mapview.js";
import { select } from "./plans.js";
import { open as openScan, read as readScan } from "./scan.js";
import { set, state } from "./store.js";

const SHOWN = 12;
let found = [];
let at = -1;

export function startSearch() {
  const box = $("search");
  box.addEventListener("input", () => { at = -1; find(box.value.trim().toLowerCase()); draw(); });
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { at = Math.max(0, Math.min(found.length - 1, at + (event.key === "ArrowDown" ? 1 : -1))); draw(); event.preventDefault(); }
    if (event.key === "Enter" && found.length) choose(found[Math.max(0, at)]);
    if (event.key === "Escape") { close(); box.blur(); event.stopPropagation(); }
  });
  box.addEventListener("blur", () => setTimeout(close, 150));
}

function find(text) {
  if (!text) { found = []; return; }
  const hit = (...words) => words.some((w) => w && w.toLowerCase().includes(text));
  found = [];
  const scan = readScan(text);
  if (scan) { found.push({ kind: scan.stop === null ? "sheet" : "stop", label: text.toUpperCase(), go: () => openScan(scan) }); return; }
  const add = (kind, label, go) => { if (found.length < SHOWN) found.push({ kind, label, go }); };
  for (const v of state.vehicles ?? []) if (hit(v.id, v.plate)) add("vehicle", `${v.plate} · ${v.id}`, () => { set("tab", "vehicles"); showAt("vehicles", v.id, v.lon, v.lat); });
  for (const p of state.plans ?? []) if (p.versions.length && hit(p.code, word("service", p.service))) add("plan", `${word("service", p.service)} ${p.code}`, () => select(p.versions[0].id));
  for (const c of state.cases ?? []) if (hit(c.number, c.text)) add("case", c.number, () => { set("tab", "cases"); showAt("cases", c.number, c.lon, c.lat); });
  for (const f of state.city.facilities) if (hit(f.name, f.name_en, f.id)) add("facility", named(f), () => showAt("facilities", f.id, f.lon, f.lat));
  const streets = new Map();
  for (const s of state.streets.list) if (hit(s.name, s.name_en)) streets.set(s.name, [...(streets.get(s.name) ?? []), s]);
  for (const list of streets.values()) add("street", named(list[0]), () => showStreets(list.map((s) => s.id)));
  for (const s of state.stations?.stations ?? []) if (hit(s.name, s.name_en, s.id)) add("station", named(s), () => showAt("stations", s.id, s.lon, s.lat));
}

function draw() {
  const asked = $("search").value.trim() !== "";
  $("search-results").hidden = !asked;
  $("search").setAttribute("aria-expanded", String(asked));
  $("search").setAttribute("aria-activedescendant", at >= 0 ? `found-${at}` : "");
  fill($("search-results"), found.length ? found.map((row, i) => h("li", {
    id: `found-${i}`, role: "option", "aria-selected": String(i === at), onmousedown: (e) => { e.preventDefault(); choose(row); } },
  h("span", {}, row.label), h("span.dim", {}, t(`kind.${row.kind}`)))) : h("li.dim", {}, t("search.nothing")));
}

function choose(row) {
  row.go();
  $("search").value = "";
  close();
  $("search").blur();
}

function close() {
  $("search-results").hidden = true;
  $("search").setAttribute("aria-expanded", "false");
}
