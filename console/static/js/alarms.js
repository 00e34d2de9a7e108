// Alarms: one list by priority and age, floods of a kind as one group, acknowledging, the shelf, the measured load.
import { post } from "./api.js";
import { form, h, toast } from "./dom.js";
import { named, number, shortTime, span, t, when, word } from "./i18n.js";
import { empty } from "./lists.js";
import { show } from "./mapview.js";
import { select } from "./plans.js";
import { ring, soundIsOn, switchSound } from "./sound.js";
import { load, now, on, set, state } from "./store.js";

const FLOOD = 5; // more open ones of a kind than this are one group
const AGAIN_MS = 30000; // an urgent one nobody has acknowledged sounds again
const PRIORITY = { 1: "bad", 2: "warn", 3: "info" };
const TARGET = 1; // EEMUA 191: one in ten minutes on average
const TOLD = ["vehicle", "plan", "station", "heard_at", "device", "turned_away", "case", "case_kind"]; // what of a detail is said in words of its own
const HOURS = [0.5, 1, 2, 4, 8, 12];
let known = null;

export const isNew = (alarm) => alarm.state === "open";
export const listed = () => (state.alarms ?? []).filter((alarm) => alarm.state !== "shelved");
const shelved = () => (state.alarms ?? []).filter((alarm) => alarm.state === "shelved");
const may = () => state.me?.role !== "viewer";

/** Sound and say what is new since the last reading; the first reading is quiet. */
export function startAlarms() {
  on("alarms", (alarms) => {
    const fresh = known && alarms.filter((alarm) => isNew(alarm) && known.get(alarm.id) !== alarm.opened_at);
    known = new Map(alarms.filter(isNew).map((alarm) => [alarm.id, alarm.opened_at]));
    if (!fresh?.length) return;
    ring(fresh[0].priority);
    if (fresh[0].priority <= 2) toast(t(fresh.length > 1 ? "alarm.new.many" : "alarm.new", { what: word("alarm", fresh[0].kind), n: fresh.length }), true);
  });
  setInterval(() => { if (listed().some((alarm) => isNew(alarm) && alarm.priority === 1)) ring(1); }, AGAIN_MS);
  set("alarms", state.alarms ?? []);
}

export function alarmsList() {
  if (!state.alarms) return h("p.empty", {}, t("loading"));
  const rows = listed(), fresh = rows.filter(isNew), kinds = new Map();
  for (const alarm of rows) kinds.set(kindOf(alarm), [...(kinds.get(kindOf(alarm)) ?? []), alarm]);
  const shown = new Set();
  const list = rows.map((alarm) => {
    const key = kindOf(alarm), group = kinds.get(key);
    if (group.length <= FLOOD) return row(alarm);
    if (shown.has(key)) return null;
    shown.add(key);
    return flood(key, group);
  });
  return [head(fresh), rows.length ? list : empty("alarms"), shelf()];
}

const kindOf = (alarm) => `${alarm.priority}/${alarm.kind}`;

function head(fresh) {
  return h("div.item.alarm-head", {}, loadStrip(), h("div.row", {},
    h("button", { type: "button", "data-key": "sound", "aria-pressed": String(soundIsOn()), onclick: () => { switchSound(); set("alarms", state.alarms); } }, t(soundIsOn() ? "alarm.sound.on" : "alarm.sound.off")),
    may() && fresh.length > 1 && h("button", { type: "button", "data-key": "ack-all", onclick: () => send("acknowledge", fresh) }, t("alarm.ack.all", { n: fresh.length }))));
}

/** Bars of the last four hours, ten minutes each, and the average against what a person can take. */
function loadStrip() {
  const measured = state.alarmLoad;
  if (!measured) return null;
  const most = Math.max(4, ...measured.steps), newest = measured.steps.at(-1);
  const text = [t("alarm.load", { now: newest, target: TARGET }), measured.hours >= 1 && t("alarm.load.mean", { mean: number(measured.mean, 1), hours: number(measured.hours), most: measured.most })].filter(Boolean).join(" · ");
  return h("figure.load", {},
    h("div.bars", { role: "img", "aria-label": t("alarm.load.bars", { list: measured.steps.join(", ") }) }, measured.steps.map((n) => h(n > 10 ? "i.flood" : n > TARGET ? "i.over" : "i", { height: `${Math.max(4, Math.round((100 * n) / most))}%` }))),
    h("figcaption.dim", {}, text));
}

function flood(key, group) {
  const fresh = group.filter(isNew), oldest = group[0];
  return h("details.item.flood", { "data-open": key },
    h("summary", { "data-key": `flood-${key}` }, mark(oldest), h("strong", {}, `${word("alarm", oldest.kind)} × ${group.length}`), first(group.find((alarm) => alarm.first_of > 0)), h("span.dim.num", {}, span(age(oldest.opened_at)))),
    may() && h("div.row", {}, fresh.length > 0 && h("button", { type: "button", "data-key": `ack-${key}`, onclick: () => send("acknowledge", fresh) }, t("alarm.ack.all", { n: fresh.length })),
      h("button", { type: "button", "data-key": `shelve-${key}`, onclick: () => askShelf(group) }, t("alarm.shelve"))),
    group.map(row));
}

const mark = (alarm) => h(`span.chip.${PRIORITY[alarm.priority] ?? "info"}`, {}, word("priority", alarm.priority));
/** First-out: of alarms that came one after another, the one they may all follow from. */
const first = (alarm) => alarm?.first_of > 0 && h("span.chip.first-out", { title: t("alarm.first.why", { n: alarm.first_of }) }, t("alarm.first", { n: alarm.first_of }));
const age = (time) => (now() - Date.parse(time)) / 1000;

function row(alarm) {
  const place = placeOf(alarm), text = words(alarm);
  return h(isNew(alarm) ? "article.item.alarm.new" : "article.item.alarm", { "data-alarm": alarm.id },
    h("header", {}, h("h3", {}, word("alarm", alarm.kind)), first(alarm), mark(alarm)),
    h("p.sub", {}, h("span", {}, place.name), h("span.num", {}, t("alarm.since", { t: when(alarm.opened_at, now()) }), ` · ${span(age(alarm.opened_at))}`)),
    text && h("p.words.dim", {}, text),
    alarm.acknowledged_at && h("p.sub", {}, t("alarm.acked", { who: alarm.acknowledged_by, t: when(alarm.acknowledged_at, now()) })),
    h("div.row", {}, may() && isNew(alarm) && h("button.primary", { type: "button", "data-key": `ack-${alarm.id}`, onclick: () => send("acknowledge", [alarm]) }, t("alarm.ack")),
      may() && h("button", { type: "button", "data-key": `shelve-${alarm.id}`, onclick: () => askShelf([alarm]) }, t("alarm.shelve")),
      place.go && h("button.quiet", { type: "button", "data-key": `go-${alarm.id}`, onclick: place.go }, t("alarm.show"))));
}

/** What the alarm is of, by the name people know it by, and how to get there. */
function placeOf(alarm) {
  const { device, plan } = alarm.detail;
  const vehicle = alarm.detail.vehicle ?? (state.vehicles?.some((one) => one.id === device) ? device : undefined);
  const station = alarm.detail.station ?? (vehicle ? undefined : device);
  if (alarm.detail.case) return { name: `${word("casekind", alarm.detail.case_kind)} · ${alarm.detail.case}`, go: () => { location.hash = `#/cases/${alarm.detail.case}`; } };
  if (alarm.kind === "untold") return { name: plateOf(vehicle), go: () => set("tab", "tell") };
  if (vehicle) return { name: plateOf(vehicle), go: () => show({ kind: "vehicles", id: vehicle }, true) };
  if (station) {
    const known_ = state.stations?.stations.find((one) => one.id === station);
    return { name: known_ ? named(known_) : station, go: known_ && (() => show({ kind: "stations", id: station }, true)) };
  }
  const known_ = state.plans?.find((one) => one.code === (plan ?? alarm.key.split(":")[0]));
  const newest = known_?.versions[0];
  return { name: known_?.code ?? plan ?? (/^[0-9a-f-]{30,}$/.test(alarm.key) ? "" : alarm.key), go: newest && (() => select(newest.id)) };
}

const plateOf = (id) => state.vehicles?.find((one) => one.id === id)?.plate ?? id ?? "";

function words(alarm) {
  const { heard_at, turned_away } = alarm.detail;
  const rest = Object.entries(alarm.detail).filter(([key, value]) => !TOLD.includes(key) && ["string", "number"].includes(typeof value) && value !== "").map(([, value]) => String(value));
  return [heard_at && t("alarm.heard", { t: when(heard_at, now()) }), turned_away && t("alarm.turned_away", { n: turned_away }), ...rest].filter(Boolean).join(" · ");
}

function shelf() {
  const rows = shelved();
  return rows.length > 0 && h("details.item", { "data-open": "shelf" }, h("summary", { "data-key": "shelf" }, t("alarm.shelf", { n: rows.length })), rows.map((alarm) => h("article.alarm.item", { "data-alarm": alarm.id },
    h("header", {}, h("h3", {}, word("alarm", alarm.kind)), mark(alarm)), h("p.sub", {}, placeOf(alarm).name),
    h("p.words", {}, t("alarm.shelved", { who: alarm.shelved_by, t: when(alarm.shelved_until, now()), why: alarm.shelved_reason })),
    may() && h("div.row", {}, h("button", { type: "button", "data-key": `unshelve-${alarm.id}`, onclick: () => send("unshelve", [alarm]) }, t("alarm.unshelve"))))));
}

async function askShelf(alarms) {
  const answer = await form({
    title: t("alarm.shelve.title", { what: word("alarm", alarms[0].kind), n: alarms.length }), yes: t("alarm.shelve"), no: t("cancel"),
    fields: [
      { name: "reason", label: t("alarm.shelve.reason"), maxLength: 200, required: true },
      { name: "minutes", label: t("alarm.shelve.for"), options: HOURS.map((hours) => [String(hours * 60), span(hours * 3600)]), value: "60" },
    ],
  });
  if (answer) await send("shelve", alarms, { reason: answer.reason, minutes: Number(answer.minutes) });
}

async function send(what, alarms, values = {}) {
  try {
    set("alarms", await post(`/api/alarms/${what}`, { ids: alarms.map((alarm) => alarm.id), ...values }));
  } catch (error) {
    toast(error.status === 403 ? t("error.forbidden") : error.status === 409 ? t("alarm.over") : error.message, true);
    load("alarms");
  }
}

/** The key: acknowledges the alarm that has the focus. */
export function acknowledgeFocused() {
  const id = document.activeElement?.closest?.("[data-alarm]")?.dataset.alarm;
  const alarm = listed().find((one) => one.id === id);
  if (alarm && isNew(alarm) && may()) send("acknowledge", [alarm]);
}
