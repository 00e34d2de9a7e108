// Words: which language, the catalogue, times and amounts as people read them.
import zh from "../i18n/zh.js";
import en from "../i18n/en.js";

const CATALOGUES = { zh, en };
const KEY = "sweepline.lang";
let lang = read();
let zone = "UTC";

function read() {
  try { const held = localStorage.getItem(KEY); return held in CATALOGUES ? held : "zh"; } catch { return "zh"; }
}

export const language = () => lang;
export const setZone = (name) => { zone = name; };

export function setLanguage(next) {
  lang = next;
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  document.title = `Sweepline · ${t("title")}`;
  try { localStorage.setItem(KEY, lang); } catch { /* private window: remembered for this page only */ return; }
}

export const has = (key) => key in CATALOGUES[lang];

/** The text of a key with {values} filled in, {n|one|many} chosen by the value n. An unknown key shows itself. */
export function t(key, values = {}) {
  const text = CATALOGUES[lang][key] ?? key;
  return text.replace(/\{(\w+)\|([^|}]*)\|([^}]*)\}/g, (whole, name, one, many) => (String(values[name]) === "1" ? one : many))
    .replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** A coded word such as a state: its text, or the code itself where the catalogue has none. */
export const word = (family, code) => (has(`${family}.${code}`) ? t(`${family}.${code}`) : String(code ?? ""));

/** The name of a thing in the language shown. */
export const named = (thing) => (lang === "en" && thing.name_en ? thing.name_en : thing.name);

/** Write every text the document itself declares. */
export function applyTexts(root = document) {
  for (const e of root.querySelectorAll("[data-t]")) e.textContent = t(e.dataset.t);
  for (const e of root.querySelectorAll("[data-t-label]")) e.setAttribute("aria-label", t(e.dataset.tLabel));
  for (const e of root.querySelectorAll("[data-t-title]")) e.title = t(e.dataset.tTitle);
  for (const e of root.querySelectorAll("[data-t-placeholder]")) e.placeholder = t(e.dataset.tPlaceholder);
}

const locale = () => (lang === "zh" ? "zh-CN" : "en-GB");
const formats = new Map(); // made once: making one takes longer than using it some hundred times, and lists are long

function kept(Format, where, options) {
  const name = JSON.stringify([Format.name, where, options]);
  if (!formats.has(name)) formats.set(name, new Format(where, options));
  return formats.get(name);
}

const format = (value, options) => kept(Intl.DateTimeFormat, locale(), { timeZone: zone, hourCycle: "h23", ...options }).format(new Date(value));

export const clockTime = (value) => format(value, { month: "numeric", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
export const shortTime = (value) => format(value, { hour: "2-digit", minute: "2-digit" });
export const dayTime = (value) => format(value, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });

/** The city's date of an instant, as 2023-12-18. */
export const dayOf = (value) => kept(Intl.DateTimeFormat, "sv-SE", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(value));

/** The instant (milliseconds) so many minutes after the city's midnight of a date; on the day the clocks change, by the clock that runs on. */
export function momentOf(day, minutes) {
  const next = minutes >= 1440 ? new Date(Date.parse(`${day}T00:00Z`) + 86400000).toISOString().slice(0, 10) : day;
  const midnight = Date.parse(`${next}T00:00Z`);
  return midnight - offsetAt(midnight - offsetAt(midnight)) + (minutes % 1440) * 60000;
}
export const minutesOfDay = (value) => Math.floor((value - momentOf(dayOf(value), 0)) / 60000);

function offsetAt(value) {
  const part = Object.fromEntries(kept(Intl.DateTimeFormat, "en-GB", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" }).formatToParts(new Date(value)).map((one) => [one.type, Number(one.value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute) - Math.floor(value / 60000) * 60000;
}

/** Hour and minute where the day is today's, with the day otherwise. */
export function when(value, now) {
  const day = (at) => format(at, { year: "numeric", month: "numeric", day: "numeric" });
  return day(value) === day(now) ? shortTime(value) : dayTime(value);
}

/** A length of time in its two largest units. */
export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${s} ${t("unit.s")}`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${minutes} ${t("unit.min")}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} ${t("unit.h")} ${minutes % 60} ${t("unit.min")}` : `${hours} ${t("unit.h")}`;
  return `${Math.floor(hours / 24)} ${t("unit.d")}`;
}

export const number = (value, digits = 0) => kept(Intl.NumberFormat, locale(), { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);
export const km = (metres) => `${number(metres / 1000, metres < 9950 ? 1 : 0)} ${t("unit.km")}`;
export const mass = (kg) => (kg >= 1000 ? `${number(kg / 1000, 1)} ${t("unit.t")}` : `${number(kg)} ${t("unit.kg")}`);
export const hours = (seconds) => `${number(seconds / 3600, 1)} ${t("unit.h")}`;
