// How the system is: the degree of trouble with its age, always on screen; a banner with what still works while there is any.
import { lastKnownAt } from "./api.js";
import { $, fill, h } from "./dom.js";
import { shortTime, span, t } from "./i18n.js";
import { set, state } from "./store.js";

const EVERY_MS = 3000;
const ANSWER_MS = 8000;
let seen = null; // the last answer, or what is wrong with getting one: { degree, since, troubles, print_last }
let readAt = 0;

export function startTrouble() {
  look();
  setInterval(look, EVERY_MS);
  setInterval(drawTrouble, 1000);
}

async function look() {
  try {
    const response = await fetch("/api/health", { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) });
    seen = await response.json();
    readAt = Date.now();
  } catch {
    if (seen?.degree !== "no_answer") seen = { degree: "no_answer", since: new Date().toISOString(), troubles: [], print_last: seen?.print_last ?? "sweepline print-last" };
  }
  if (state.degree !== seen.degree) set("degree", seen.degree);
  drawTrouble();
}

/** The chip in the bar: the degree and for how long, and when it was last looked at. */
function chip() {
  if (!seen) return [];
  const age = (Date.now() - Date.parse(seen.since)) / 1000;
  const name = t(`degree.${seen.degree}`);
  const looked = readAt ? t("degree.looked", { t: span((Date.now() - readAt) / 1000) }) : "";
  const kind = seen.degree === "well" ? "chip.good" : "chip.bad";
  return [h(`span.${kind}`, { title: looked }, seen.degree === "well" ? name : `${name} · ${span(age)}`)];
}

export function drawTrouble() {
  fill($("degree"), chip());
  const bad = seen && seen.degree !== "well";
  $("trouble").hidden = !bad;
  if (!bad) return;
  const known = lastKnownAt();
  const all = seen.troubles.map((trouble) => trouble.degree).filter((degree) => degree !== seen.degree);
  fill($("trouble"),
    h("strong", {}, t(`degree.${seen.degree}`)),
    h("span.num", {}, t("degree.since", { t: shortTime(seen.since), age: span((Date.now() - Date.parse(seen.since)) / 1000) })),
    h("span", {}, t(`degree.${seen.degree}.what`)),
    all.length > 0 && h("span", {}, t("degree.also", { what: all.map((degree) => t(`degree.${degree}`)).join(" · ") })),
    known && h("span.num", {}, t("degree.known", { t: shortTime(known) })),
    ["all_away", "no_answer", "database_read_only"].includes(seen.degree) && h("code.mono", {}, seen.print_last));
}
