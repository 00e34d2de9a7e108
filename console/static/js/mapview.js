// What the map shows: streets coloured by plan, age of treatment or class; points; the plan and route picked.
import { $, fill, h } from "./dom.js";
import { createFlatMap } from "./flatmap.js";
import { drawLegend } from "./legend.js";
import { language, t } from "./i18n.js";
import { describe } from "./popups.js";
import { AGE_LIMITS_S, CHANGE_OF, ageColours, caseColours, changeColours, classColours, levelColour, neverColour, quiet, routeColour } from "./palette.js";
import { STALE_MS, on, seenAt, set, state } from "./store.js";
import { M_PER_DEGREE, asGeoJson, boundsOf, isPriority, midpoint } from "./streets.js";

export const MODES = ["plan", "age", "class"];
const BENEATH = ["collection", "beats"]; // services whose routes lie beneath those that treat streets
const LAYERS = ["vehicles", "stations", "cases", "facilities"];
const RING_POINTS = 48;
let view = null, said = { key: "", values: {} };
let tap = null; // who gets the places tapped on, instead of what is there
const hidden = new Set();

export async function startMap() {
  const options = { bounds: state.city.bounds, attribution: state.city.attribution, streets: asGeoJson(state.streets), lang: language(), onPick, onTap, onMove: () => set("mapMoved", true), onDrag: () => set("mapDragged", true), onClosed: () => set("see", null) };
  try {
    const { createGlMap } = await import("./glmap.js");
    view = createGlMap($("map"), options);
  } catch (error) {
    console.info("no WebGL, drawing on a canvas:", error.message);
    view = createFlatMap($("map"), options);
    message("map.failed");
    setTimeout(() => message(""), 8000);
  }
  window.sweeplineMap = view;
  drawTools();
  drawFacilities();
  on("mode work detail route difference past", drawStreets);
  on("treatment", () => { if (state.mode === "age") drawStreets(); set("figures", figures()); });
  on("detail route difference", drawRoute);
  on("vehicles moved", drawVehicles);
  on("stations", drawStations);
  on("cases", drawCases);
  on("vehicles stations cases", () => state.see && show(state.see));
  on("moved", (ids) => state.see?.kind === "vehicles" && ids.includes(state.see.id) && show(state.see));
  await view.ready;
  drawEverything();
}

function drawEverything() {
  drawStreets(); drawRoute(); drawVehicles(); drawStations(); drawCases();
}

/** Say something over the map, by its key: it is said anew in another language. "": nothing. */
export function message(key, values = {}) {
  said = { key, values };
  $("map-message").hidden = !key;
  $("map-message").textContent = key ? t(key, values) : "";
}

export function restyle() {
  message(said.key, said.values);
  if (!view) return;
  view.restyle(language());
  show(state.see);
  drawTools();
  drawFacilities();
  drawEverything();
}

export function setMode(mode) {
  set("mode", mode);
  drawTools();
}

function drawTools() {
  fill($("modes"), h("legend.hidden", {}, t("map.colour")), MODES.map((mode) => h("label", {},
    h("input", { type: "radio", name: "mode", value: mode, checked: state.mode === mode, "data-key": `mode-${mode}`, onchange: () => setMode(mode) }),
    h("span", {}, t(`mode.${mode}`)))));
  fill($("layers"), LAYERS.map((name) => h("label", {},
    h("input", { type: "checkbox", checked: !hidden.has(name), "data-key": `layer-${name}`, onchange: (e) => toggle(name, e.target.checked) }), t(`layer.${name}`))));
}

function toggle(name, visible) {
  if (visible) hidden.delete(name); else hidden.add(name);
  view.show(name, visible);
}

function drawStreets() {
  if (!view) return;
  const paints = { plan: byPlan, age: byAge, class: byClass }[state.mode]();
  view.paintStreets(paints);
  drawLegend();
}

/** Of two versions compared: what is elsewhere, by what became of it; the rest of the routes pale. */
function byDifference() {
  const paints = new Map(), colours = changeColours();
  const put = (id, paint) => { const index = state.streets.byId.get(id); if (index !== undefined) paints.set(index, paint); };
  for (const route of state.detail?.routes ?? []) for (const [id] of route.legs) put(id, { k: quiet(), w: 1.3, o: 0.8 });
  for (const stop of state.difference.stops) if (stop.kind === "segment") put(stop.ref, { k: colours[CHANGE_OF[stop.what]], w: 1.9, o: 1 });
  return paints;
}

/** With a plan picked: its routes; with a route picked, that one, the others pale. Else every route around now. */
function byPlan() {
  if (state.difference) return byDifference();
  const paints = new Map();
  const put = (id, k, w, o) => { const index = state.streets.byId.get(id); if (index !== undefined) paints.set(index, { k, w, o }); };
  if (state.detail) {
    for (const route of state.detail.routes) {
      const away = state.route && state.route !== route.id;
      const served = route.legs.some((leg) => leg[2]);
      for (const [id, , serving] of route.legs) if (serving || !served) put(id, routeColour(route.seq - 1), away ? 1 : 1.7, away ? 0.25 : 1);
    }
    return paints;
  }
  const plans = [...new Set((state.work ?? []).map((route) => route.plan))];
  const rank = (route) => (BENEATH.includes(route.service) ? BENEATH.indexOf(route.service) : BENEATH.length);
  for (const route of [...(state.work ?? [])].sort((a, b) => rank(a) - rank(b))) {
    for (const id of route.segments) put(id, routeColour(route.seq - 1 + plans.indexOf(route.plan) * 5), rank(route) < BENEATH.length ? 1 : 1.5, 1);
  }
  return paints;
}

function byAge() {
  const paints = new Map();
  const at = seenAt(), colours = ageColours();
  for (const street of state.streets.list) if (isPriority(street)) paints.set(street.index, { k: neverColour(), w: 1, o: 1 });
  for (const [id, time] of state.treatment?.treated ?? []) {
    const index = state.streets.byId.get(id);
    if (index === undefined) continue;
    const age = (at - Date.parse(time)) / 1000;
    const rank = AGE_LIMITS_S.findIndex((limit) => age < limit);
    paints.set(index, { k: colours[rank < 0 ? AGE_LIMITS_S.length : rank], w: 1.5, o: 1 });
  }
  return paints;
}

function byClass() {
  const colours = classColours();
  return new Map(state.streets.list.map((s) => [s.index, { k: s.bridge || s.ramp ? colours.bridge : colours[s.cls], w: s.bridge || s.ramp ? 1.6 : 1.15, o: 1 }]));
}

/** Length of the priority streets, and of those treated, in metres. */
export function figures() {
  const treated = new Set((state.treatment?.treated ?? []).map(([id]) => id));
  let priority_m = 0, treated_m = 0;
  for (const street of state.streets?.list ?? []) {
    if (!isPriority(street)) continue;
    priority_m += street.lengthM;
    if (treated.has(street.id)) treated_m += street.lengthM;
  }
  return { priority_m, treated_m };
}

function drawRoute() {
  if (!view) return;
  const route = state.detail?.routes.find((r) => r.id === state.route);
  const line = (id) => state.streets.list[state.streets.byId.get(id)]?.line;
  view.setDrive(route ? route.legs.filter((leg) => !leg[2]).map((leg) => line(leg[0])).filter(Boolean) : []);
  view.setPick([]);
  if (state.difference) view.setStops(state.difference.stops.map((s) => feature(s.lon, s.lat, { n: s.to ? `${plate(s.to)} ${s.to_stop}` : "×" })));
  else view.setStops(route ? route.points.map((p) => feature(p.lon, p.lat, { n: String(p.n) })) : []);
}

const plate = (id) => state.vehicles?.find((one) => one.id === id)?.plate ?? id;

/** To where the stops are that two versions do not have in common. */
export function fitChanges() {
  const points = (state.difference?.stops ?? []).map((stop) => [stop.lon, stop.lat]);
  if (points.length) view?.fit(boundsOf(points));
}

export function fitTo(routes) {
  const points = routes.flatMap((route) => route.legs.flatMap(([id]) => state.streets.list[state.streets.byId.get(id)]?.line ?? []).concat(route.points.map((p) => [p.lon, p.lat])));
  if (points.length) view?.fit(boundsOf(points));
}

export function showStreets(ids) {
  const lines = ids.map((id) => state.streets.list[state.streets.byId.get(id)]?.line).filter(Boolean);
  if (!lines.length) return;
  show({ kind: "street", id: ids[0] });
  view?.setPick(lines);
  view?.fit(boundsOf(lines.flat()));
}

export function showAt(kind, id, lon, lat) {
  if (lon === null || lat === null || !view) return;
  view.fly(lon, lat);
  onPick(kind, id, [lon, lat]);
}

/** Say what is known of one thing where it stands now, and go there if asked to. null: of nothing. */
export function show(see, go = false) {
  const at = see && placeOf(see);
  if (!at) { view?.closePopup(); return; }
  if (go) view.fly(...at);
  onPick(see.kind, see.kind === "street" ? state.streets.byId.get(see.id) : see.id, at);
}

/** While `callback` is given, a tap on the map is a place, [lon, lat]. */
export const takeTaps = (callback) => { tap = callback; };
function onTap(at) {
  tap?.(at);
  return Boolean(tap);
}
export const flyTo = (lon, lat) => view?.fly(lon, lat);

/** Mark a place, with a ring as wide as it is inexact; null: no place. */
export function showHere(place) {
  if (!view) return;
  if (!place) { view.setHere([]); return; }
  const { lon, lat, accuracy_m: r = 0 } = place, north = r / M_PER_DEGREE, east = north / Math.cos(lat * Math.PI / 180);
  const ring = Array.from({ length: RING_POINTS + 1 }, (_, i) => [lon + east * Math.cos(i * 2 * Math.PI / RING_POINTS), lat + north * Math.sin(i * 2 * Math.PI / RING_POINTS)]);
  view.setHere([feature(lon, lat, {}), ...(r ? [{ type: "Feature", geometry: { type: "LineString", coordinates: ring }, properties: {} }] : [])]);
}

/** The map's middle there, as close as it was or close enough to see a street. */
export const holdInSight = (lon, lat) => view?.hold(lon, lat);

function placeOf({ kind, id }) {
  if (kind === "street") { const street = state.streets.list[state.streets.byId.get(id)]; return street && midpoint(street); }
  const rows = { vehicles: state.vehicles, stations: state.stations?.stations, cases: state.cases, facilities: state.city.facilities }[kind];
  const row = rows?.find((one) => (one.id ?? one.number) === id);
  return row && row.lon !== null ? [row.lon, row.lat] : null;
}

/** Where the map is: zoom, longitude, latitude; and going there. */
export const whereIs = () => view?.where() ?? null;
export const lookAt = (place) => view?.look(...place);

const feature = (lon, lat, properties) => ({ type: "Feature", geometry: { type: "Point", coordinates: [lon, lat] }, properties });

function drawFacilities() {
  view.setPoints("facilities", state.city.facilities.map((f) => feature(f.lon, f.lat, { ref: f.id, kind: f.kind, icon: `f-${f.kind}` })));
}

/** Which of the tools' colours a vehicle has: out, stale, its first working tool, none. */
export function condition(vehicle) {
  if (vehicle.status === "out") return "out";
  if (vehicle.observed_at && state.vehiclesAt - Date.parse(vehicle.observed_at) > STALE_MS) return "stale";
  return vehicle.tools?.[0] ?? "none";
}

function drawVehicles() {
  view?.setPoints("vehicles", (state.vehicles ?? []).filter((v) => v.lon !== null).map((v) => {
    const how = condition(v);
    const goes = v.heading_deg !== null;
    return feature(v.lon, v.lat, { ref: v.id, icon: `v-${how}-${goes ? "go" : "stay"}`, heading: goes ? v.heading_deg : 0, label: v.plate, order: "spl".includes(how) ? 1 : 0 });
  }));
}

function drawStations() {
  view?.setPoints("stations", (state.stations?.stations ?? []).map((s) => feature(s.lon, s.lat, {
    ref: s.id, colour: levelColour(s), size: s.day_state === "cleared" ? 0.7 : s.level_pct >= 85 ? 1.6 : 1 })));
}

function drawCases() {
  const colours = Object.keys(caseColours()), at = seenAt();
  view?.setPoints("cases", (state.cases ?? []).filter((c) => !c.closed_at).map((c) => feature(c.lon, c.lat, {
    ref: c.number, icon: `case-${colours[Date.parse(c.deadline) < at ? 1 : 0]}` })));
}

function onPick(kind, id, at) {
  const node = kind && describe(kind, id);
  if (!node) { view.closePopup(); return; }
  view.popup(at, node);
  const seen = kind === "street" ? state.streets.list[id].id : id;
  if (state.see?.kind !== kind || state.see.id !== seen) set("see", { kind, id: seen });
}
