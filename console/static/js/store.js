// What the page knows: one value a name, who wants to hear of it, and how hints become readings.
import { get } from "./api.js";
import { caughtUp, moved } from "./moves.js";

const SOURCES = {
  status: "/api/status", plans: "/api/plans", work: "/api/map/work", treatment: "/api/map/treatment", vehicles: "/api/vehicles",
  stations: "/api/stations", collection: "/api/collection", cases: "/api/cases", alerts: "/api/alerts", snow: "/api/snow", alarms: "/api/alarms", alarmLoad: "/api/alarms/load", resources: "/api/resources", tellings: "/api/tellings", sheets: "/api/sheets",
  shift: "/api/shift", shiftLog: () => `/api/shift/log?people=${state.logOf.people}${state.logOf.no === null ? "" : `&no=${state.logOf.no}`}`,
};
// What a hint of a kind makes stale. A kind that is not here makes everything stale.
const STALE = {
  vehicle: ["vehicles", "treatment"], segment: ["treatment"], station: ["stations", "collection"], case: ["cases", "shift", "shiftLog"], alert: ["alerts", "snow", "status"],
  plan: ["plans", "collection", "work", "alerts", "resources", "snow", "status", "tellings", "sheets", "shift", "shiftLog"], alarm: ["alarms", "alarmLoad", "shift", "shiftLog"], resource: ["resources", "snow", "vehicles", "shift", "shiftLog"], sheet: ["plans", "sheets", "shift", "shiftLog"], clock: ["status"], work: ["work", "snow", "cases", "stations", "collection", "sheets"],
  shift: ["shift", "shiftLog"],
};
const SOONEST_MS = { vehicles: 1000, plans: 1000, resources: 2000, treatment: 5000, stations: 2000, collection: 3000, work: 3000, snow: 5000, alarmLoad: 5000, shiftLog: 3000 };
// Read only while its tab is shown: these are put together from much.
const ONLY_ON = { snow: "snow", shift: "shift", shiftLog: "shift" };
const OF_THE_PAST = ["vehicles", "stations", "cases", "treatment", "work"]; // read by past.js while an instant of the past is shown
const EVERY_MS = 30000;
const TELL_MS = 1000; // what lists and figures say of vehicles follows the map this often
const AGAIN_MS = 5000;
export const STALE_MS = 600000;

export const state = { me: null, city: null, streets: null, mode: "plan", tab: "plans", selected: null, route: null, page: false, see: null, detail: null, past: null, follow: null, compare: null, versions: null, pins: null, whatIf: null, difference: null, caseFile: null, board: false, dayShown: false, filing: false, drafts: null, logOf: { no: null, people: false } };
const listeners = new Map();
const running = new Map();
const readAt = new Map();
let toldAt = 0, telling = 0;
let clock = { said: "", at: 0 }; // the server's time as last told: lists ask for it row by row

export function on(names, callback) {
  for (const name of names.split(" ")) listeners.set(name, [...(listeners.get(name) ?? []), callback]);
}

export function set(name, value) {
  state[name] = value;
  for (const callback of listeners.get(name) ?? []) callback(value);
}

/** Read a source again. Calls while one is under way, or too soon after it, are folded into one more. */
export function load(name) {
  if (ONLY_ON[name] && state.tab !== ONLY_ON[name]) return Promise.resolve();
  if (state.past && OF_THE_PAST.includes(name)) return Promise.resolve(); // the map shows another instant
  const held = running.get(name);
  if (held) { held.again = true; return held.promise; }
  const entry = { again: false, promise: null };
  running.set(name, entry);
  entry.promise = reading(name, entry);
  return entry.promise;
}

async function reading(name, entry) {
  const wait = (readAt.get(name) ?? 0) + (SOONEST_MS[name] ?? 300) - Date.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  entry.again = false;
  const began = Date.now();
  readAt.set(name, began);
  try {
    const source = SOURCES[name];
    const value = await get(typeof source === "function" ? source() : source);
    if (state.past && OF_THE_PAST.includes(name)) return;
    const first = !state.status;
    if (name === "vehicles") setVehicles(caughtUp(value, began));
    else set(name, value);
    if (name === "status" && first && state.vehicles) setVehicles(state.vehicles); // now it is known what their age is counted from
    if (state.failed) set("failed", null);
  } catch (error) {
    if (error.status !== 401) set("failed", { name, error });
  } finally {
    running.delete(name);
  }
  if (entry.again) load(name);
}

function setVehicles(vehicles) {
  state.vehiclesAt = fixTime(vehicles);
  toldAt = Date.now();
  set("vehicles", vehicles);
}

/** Vehicles have moved: the map shows it at once (`moved`), everything else within a second (`vehicles`). */
function move(rows) {
  if (state.past || !state.vehicles) return;
  state.vehicles = moved(state.vehicles, rows);
  state.vehiclesAt = fixTime(state.vehicles);
  set("moved", rows.map(([id]) => id));
  clearTimeout(telling);
  telling = setTimeout(() => !state.past && setVehicles(state.vehicles), toldAt + TELL_MS - Date.now());
  load("treatment");
}

/** The instant positions are judged old against. A simulated clock moves in steps and may be ahead of what was read. */
function fixTime(vehicles) {
  if (!state.status?.simulated) return now();
  const newest = Math.max(0, ...vehicles.map((v) => (v.observed_at ? Date.parse(v.observed_at) : 0)));
  return Math.max(newest, now() - STALE_MS);
}

export const loadAll = () => Promise.all(Object.keys(SOURCES).map(load));

export function hinted(hints) {
  const stale = new Set();
  for (const hint of hints) {
    const kinds = STALE[hint.split(":", 1)[0]];
    for (const name of kinds ?? Object.keys(SOURCES)) stale.add(name);
  }
  for (const name of stale) load(name);
  set("hints", hints);
}

/** Live: hints by server-sent events, and a slow reading of everything besides, should one be missed. */
export function live() {
  let source = null, opened = false, again = 0;
  const listen = () => {
    source = new EventSource("/api/stream");
    source.onopen = () => { if (opened) loadAll(); opened = true; set("linked", true); };
    // A refusal (503 while the database is away) closes it for good: open another one.
    source.onerror = () => { set("linked", false); if (source.readyState === EventSource.CLOSED) again = setTimeout(listen, AGAIN_MS); };
    source.addEventListener("moved", (message) => move(JSON.parse(message.data)));
    source.onmessage = (message) => hinted(JSON.parse(message.data));
  };
  listen();
  on("degree", (degree) => { if (degree === "well") loadAll(); });
  const slow = setInterval(() => { if (!document.hidden) loadAll(); }, EVERY_MS);
  const ticking = setInterval(() => { if (!document.hidden && state.status?.simulated) load("status"); }, 2000);
  return () => { source.close(); clearTimeout(again); clearInterval(slow); clearInterval(ticking); };
}

/** The city's time now: the server's, carried on by this machine's clock where it is not simulated. */
export function now() {
  if (!state.status) return Date.now();
  if (clock.said !== state.status.now) clock = { said: state.status.now, at: Date.parse(state.status.now) };
  return state.status.simulated ? clock.at : clock.at + Math.max(0, Date.now() - (readAt.get("status") ?? Date.now()));
}

/** The instant the map shows: now, or one of the past. */
export const seenAt = () => state.past?.at ?? now();
