// The past: the map as it was on any day that is stored. What it shows comes from the database alone; the lists of what is
// to be done (plans, alarms, calls) stay of now, and a banner says which is which.
import { get } from "./api.js";
import { $, fill, h, toast } from "./dom.js";
import { dayOf, dayTime, minutesOfDay, momentOf, shortTime, t } from "./i18n.js";
import { loadAll, now, on, set, state } from "./store.js";

const SPEEDS = { 10: 10, 60: 30, 300: 120 }; // times real time → seconds between two places of a vehicle
const STEPS = 120; // places of a vehicle read at once
const BACK_MS = 3600000;
const TICK_MS = 250;
const LATE_MS = 1000; // a page that was busy or out of sight goes on from there, it does not jump
const READ_MS = 2000; // while it plays, the rest of the map is read this often
const SETTLE_MS = 200;
const JUMP_MIN = 15;
const SHOWN = ["vehicles", "stations", "cases", "treatment", "work"];
let tracks = null; // {start, end, step_s, tracks}: where vehicles go from here on
let reading = false;
let readAt = 0;
let tickedAt = 0;
let settle = 0;
let clock = 0;

export function startPast() {
  $("past-open").addEventListener("click", toggle);
  on("past", draw);
}

/** The key and the button: into the past, an hour back, with the slider at hand; and back to now. */
export function toggle() {
  if (state.past) { leave(); $("past-open").focus(); return; }
  enter(now() - BACK_MS);
  $("past-slider").focus();
}

/** Show an instant (milliseconds). One still to come is now. */
export function enter(at) {
  const past = { at: Math.min(at, now()), playing: false, speed: state.past?.speed ?? 60, empty: state.past?.empty ?? "" };
  set("past", past);
  return read();
}

export function leave() {
  if (!state.past) return;
  stopClock();
  tracks = null;
  set("past", null);
  loadAll();
}

export const play = () => {
  if (!state.past) return;
  const playing = !state.past.playing;
  set("past", { ...state.past, playing });
  if (playing) { tickedAt = Date.now(); clock = setInterval(tick, TICK_MS); return; }
  stopClock();
  read();
};

function stopClock() {
  clearInterval(clock);
  clock = 0;
}

/** Where somebody drags the slider to is shown at once, and read when it rests. */
function seek(at) {
  set("past", { ...state.past, at: Math.min(at, now()) });
  tracks = null;
  clearTimeout(settle);
  settle = setTimeout(read, SETTLE_MS);
}

/** Read the instant shown; one reading at a time, the newest instant last. */
async function read() {
  if (!state.past || reading) return;
  reading = true;
  const at = state.past.at;
  readAt = Date.now();
  try {
    const found = await get(`/api/past?at=${new Date(at).toISOString()}`);
    if (!state.past) return;
    put(found);
  } catch (error) {
    if (state.past) { stopClock(); set("past", { ...state.past, playing: false }); }
    toast(t("past.failed", { what: error.message }), true);
  } finally {
    reading = false;
  }
  if (state.past && !state.past.playing && state.past.at !== at) read();
}

function put(found) {
  const away = found.vehicles.every((one) => one.lon === null);
  const lost = !found.positions_since || Date.parse(found.positions_since) > Date.parse(found.at);
  const empty = away ? (lost ? t("past.lost") : t("past.nofix")) : "";
  state.vehiclesAt = state.past.at;
  if (empty !== state.past.empty) set("past", { ...state.past, empty });
  for (const name of SHOWN) set(name, found[name]);
  move();
}

async function tick() {
  const { at, speed } = state.past;
  const passed = Math.min(Date.now() - tickedAt, LATE_MS);
  tickedAt = Date.now();
  const next = Math.min(at + passed * speed, now());
  set("past", { ...state.past, at: next });
  if (next >= now()) play();
  if (!tracks || next >= Date.parse(tracks.end) || next < Date.parse(tracks.start) || tracks.step_s !== SPEEDS[speed]) await readTracks();
  move();
  if (Date.now() - readAt > READ_MS) read();
}

async function readTracks() {
  if (reading) return;
  reading = true;
  try {
    // From one step back, so that the places of this very instant are among them.
    const { at, speed } = state.past, step = SPEEDS[speed];
    tracks = await get(`/api/past/tracks?start=${new Date(at - step * 1000).toISOString()}&step_s=${step}&steps=${STEPS}`);
  } catch (error) {
    play();
    toast(t("past.failed", { what: error.message }), true);
  } finally {
    reading = false;
  }
  if (state.past && !state.past.playing) read();
}

/** Vehicles to their last place before the instant shown. */
function move() {
  if (!state.past || !tracks) return;
  state.vehiclesAt = state.past.at;
  let moved = false;
  const vehicles = (state.vehicles ?? []).map((one) => {
    const place = (tracks.tracks[one.id] ?? []).findLast((row) => Date.parse(row.observed_at) <= state.past.at);
    if (!place || place.observed_at === one.observed_at) return one;
    moved = true;
    return { ...one, ...place };
  });
  if (moved) set("vehicles", vehicles);
}

function draw(past) {
  $("past-open").setAttribute("aria-pressed", String(Boolean(past)));
  document.documentElement.toggleAttribute("data-past", Boolean(past));
  if (past && $("past").hidden) build();
  $("past").hidden = !past;
  if (!past) return;
  const day = dayOf(past.at), minute = minutesOfDay(past.at);
  $("past-banner").textContent = t("past.banner", { t: dayTime(past.at) });
  if ($("past-empty").textContent !== past.empty) $("past-empty").textContent = past.empty;
  $("past-play").textContent = past.playing ? `❚❚ ${t("past.pause")}` : `▶ ${t("past.play")}`;
  $("past-play").setAttribute("aria-pressed", String(past.playing));
  $("past-time").textContent = shortTime(past.at);
  if (document.activeElement !== $("past-day")) Object.assign($("past-day"), { value: day, max: dayOf(now()) });
  Object.assign($("past-slider"), { max: String(Math.round((momentOf(day, 1440) - momentOf(day, 0)) / 60000) - 1), value: String(minute) });
  $("past-slider").setAttribute("aria-valuetext", shortTime(past.at));
}

/** The bar's elements, made once it is opened and kept: a slider that is replaced could not be dragged. */
export function build() {
  if (!state.past) return;
  fill($("past"),
    h("p.past-banner", {}, h("strong.num", { id: "past-banner" }), h("span", { id: "past-empty", role: "status" })),
    h("div.row", {},
      h("button", { type: "button", id: "past-play", title: t("past.play.key"), onclick: play }),
      h("select", { id: "past-speed", "aria-label": t("past.speed"), onchange: (e) => set("past", { ...state.past, speed: Number(e.target.value) }) },
        Object.keys(SPEEDS).map((speed) => h("option", { value: speed, selected: Number(speed) === state.past.speed }, `× ${speed}`))),
      h("input", { type: "date", id: "past-day", "aria-label": t("past.day"), onchange: (e) => e.target.value && seek(momentOf(e.target.value, minutesOfDay(state.past.at))) }),
      h("input", { type: "range", id: "past-slider", min: "0", step: "1", "aria-label": t("past.slider"), oninput: (e) => seek(momentOf(dayOf(state.past.at), Number(e.target.value))), onkeydown: jump }),
      h("span.num", { id: "past-time" }),
      h("button.primary", { type: "button", id: "past-leave", title: t("past.leave.key"), onclick: leave }, t("past.leave"))));
}

/** Page keys go a quarter of an hour, also over midnight. */
function jump(event) {
  const by = { PageUp: JUMP_MIN, PageDown: -JUMP_MIN }[event.key];
  if (!by) return;
  event.preventDefault();
  seek(state.past.at + by * 60000);
}
