// The page: sign in, read the city once, then keep everything live.
import { startAddress } from "./address.js";
import { startAlarms } from "./alarms.js";
import { get, session, signIn, signOut, whenSignedOut } from "./api.js";
import { startCases } from "./cases.js";
import { $, toast } from "./dom.js";
import { applyTexts, language, setLanguage, setZone, t } from "./i18n.js";
import { redraw as redrawFilePage, startFilePage } from "./filepage.js";
import { draw as drawFollow, startFollow } from "./follow.js";
import { redraw as redrawHeader, startHeader } from "./header.js";
import { startKeys } from "./keys.js";
import { message, restyle, startMap } from "./mapview.js";
import { redraw as drawPanel, startPanel } from "./panel.js";
import { build as buildPast, startPast } from "./past.js";
import { reread, select } from "./plans.js";
import { startReports } from "./reports.js";
import { startSearch } from "./search.js";
import { readySound } from "./sound.js";
import { live, loadAll, on, set, state } from "./store.js";
import { unpack } from "./streets.js";
import { startTelling } from "./tell.js";
import { drawTour, startTour } from "./tour.js";
import { drawTrouble, startTrouble } from "./trouble.js";

const THEME = "sweepline.theme";
const RETRY_MS = 5000;
let started = false;

function remembered(key) { try { return localStorage.getItem(key); } catch { return null; } }

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  $("theme").setAttribute("aria-pressed", String(theme === "night"));
  try { localStorage.setItem(THEME, theme); } catch { return; }
}

function switchTheme() {
  setTheme(document.documentElement.dataset.theme === "night" ? "day" : "night");
  restyle();
  drawPanel();
}

function switchLanguage() {
  setLanguage(language() === "zh" ? "en" : "zh");
  applyTexts();
  if (!started) return;
  redrawHeader();
  drawTrouble();
  drawPanel();
  drawFollow();
  drawTour();
  redrawFilePage();
  buildPast();
  if (state.past) set("past", state.past);
  restyle();
}

function showSignIn(text = "") {
  $("app").hidden = true;
  $("sign-in").hidden = false;
  $("sign-in-error").textContent = text;
  $("sign-in-name").focus();
}

async function submit(event) {
  event.preventDefault();
  try {
    set("me", await signIn($("sign-in-name").value, $("sign-in-password").value));
    $("sign-in-password").value = "";
    await enter();
  } catch (error) {
    const waitS = /\d+/.exec(error.message ?? "")?.[0] ?? "";
    $("sign-in-error").textContent = error.status === 401 ? t("signin.wrong") : error.status === 429 ? t("signin.wait", { s: waitS }) : t("error.away");
  }
}

/** Read what never changes, start the parts once, then read the rest and listen. */
async function enter() {
  if (started) { location.reload(); return; }
  $("sign-in").hidden = true;
  $("app").hidden = false;
  message("map.loading");
  try {
    const [city, packed] = await Promise.all([get("/api/city"), get("/api/map/segments")]);
    setZone(city.zone);
    set("city", city);
    set("streets", unpack(packed));
  } catch (error) {
    if (error.status === 503) message("map.nocity");
    else message("error.load", { what: error.message });
    setTimeout(() => enter().catch(report), RETRY_MS);
    return;
  }
  started = true;
  await loadAll();
  message("");
  startHeader();
  startTrouble();
  startAlarms();
  startTelling();
  startCases();
  startFilePage().catch(report);
  startPanel();
  startSearch();
  startReports();
  startFollow();
  startPast();
  on("wanted", (id) => select(id));
  on("hints", (hints) => { if (hints.some((hint) => /^(plan|sheet|resync)/.test(hint))) reread(); });
  await startMap();
  await startAddress();
  whenSignedOut(() => showSignIn(t("signin.ended")));
  live();
  startKeys({ switchLanguage, switchTheme });
  startTour();
  document.documentElement.dataset.ready = "true";
}

async function leave() {
  await signOut();
  location.reload();
}

function report(error) {
  console.error(error);
  toast(t("error.fault"), true);
}

readySound();
setTheme(remembered(THEME) ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "day"));
setLanguage(language());
applyTexts();
$("sign-in-form").addEventListener("submit", submit);
$("sign-in-lang").addEventListener("click", switchLanguage);
$("lang").addEventListener("click", switchLanguage);
$("theme").addEventListener("click", switchTheme);
$("account").addEventListener("click", () => leave().catch(report));
addEventListener("unhandledrejection", (event) => report(event.reason));
set("me", null);
session().then((me) => { if (!me) { showSignIn(); return null; } set("me", me); return enter(); }).catch((error) => { showSignIn(t("error.away")); console.info(error.message); });
