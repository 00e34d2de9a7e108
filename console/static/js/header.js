// The top bar and the alert banner: time, figures, automatic starts, what weather is coming and how far we are.
import { post } from "./api.js";
import { $, ask, fill, h, toast } from "./dom.js";
import { clockTime, named, number, span, shortTime, t, when, word } from "./i18n.js";
import { condition, figures } from "./mapview.js";
import { now, on, seenAt, set, state } from "./store.js";

const SEVERITY = ["Extreme", "Severe", "Moderate", "Minor", "Unknown"];

export function startHeader() {
  on("status", () => { drawClock(); drawSelfStart(); });
  on("figures stations cases vehicles status", drawFigures);
  on("alerts status", drawBanner);
  on("linked failed", drawLink);
  setInterval(drawClock, 1000);
  setInterval(drawBanner, 20000);
  redraw();
}

export function redraw() {
  $("city-name").textContent = named(state.city);
  $("account").textContent = state.me.name;
  drawClock(); drawSelfStart(); drawFigures(); drawBanner(); drawLink();
}

function drawClock() {
  if (!state.status) return;
  $("clock").textContent = clockTime(now());
  $("clock").dateTime = new Date(now()).toISOString();
  $("simulated").hidden = !state.status.simulated;
}

function drawFigures() {
  const made = state.figures ?? figures();
  const open = (state.cases ?? []).filter((c) => !c.closed_at);
  const at = seenAt(), late = open.some((c) => Date.parse(c.deadline) < at);
  const working = (state.vehicles ?? []).filter((v) => !["none", "stale", "out"].includes(condition(v))).length;
  const one = (label, value, cls = "", bad = false) => h(cls ? `div.${cls}` : "div", {}, h("dt", {}, label), h(bad ? "dd.bad" : "dd", {}, value));
  const road = state.status?.reading?.road_c;
  fill($("kpis"),
    made.priority_m > 0 && one(t("kpi.treated"), `${number(Math.floor((100 * made.treated_m) / made.priority_m))} %`),
    state.stations?.total > 0 && one(t("kpi.stations"), `${number(state.stations.cleared)}/${number(state.stations.total)}`),
    one(t("kpi.moving"), number(working), "less"), one(t("kpi.cases"), number(open.length), "less", late),
    road !== undefined && road !== null && one(t("kpi.road"), `${number(road, 1)} °C`, "less"));
}

function drawLink() {
  const away = state.failed && (state.failed.error.status === 503 || state.failed.error.status === 0);
  const bad = state.linked === false || away;
  $("link").className = bad ? "link bad" : "link ok";
  $("link").textContent = away && state.failed.error.status === 503 ? t("error.away") : t(bad ? "link.bad" : "link.ok");
  if (state.failed && !away) toast(t("error.load", { what: state.failed.error.message }), true);
}

function drawSelfStart() {
  const self = state.status?.self_start;
  if (!self) return;
  const may = state.me.role !== "viewer";
  if (self.stopped) {
    fill($("self-start"), h("span.chip.bad", {}, t("self.stopped")),
      ["approver", "admin"].includes(state.me.role) && h("button", { type: "button", "data-key": "release", onclick: release }, t("self.release")));
    return;
  }
  fill($("self-start"), h(self.armed ? "span.chip.warn" : "span.chip", {}, self.armed ? t("self.armed", { n: self.armed, t: shortTime(self.next_at) }) : t("self.idle")),
    may && h("button.danger", { type: "button", id: "self-stop", "data-key": "stop", onclick: stop }, t("self.stop")));
}

/** One key: no question asked, since stopping is the safe side. */
export async function stop() {
  if (state.me.role === "viewer" || state.status?.self_start.stopped) return;
  await command("/api/selfstart/stop", "self.stop.done");
}

export async function release() {
  if (await ask({ title: t("self.release.title"), text: t("self.release.text"), yes: t("self.release"), no: t("cancel"), danger: true })) await command("/api/selfstart/release", "self.release.done");
}

async function command(path, done) {
  try {
    set("status", await post(path));
    toast(t(done));
  } catch (error) {
    toast(error.status === 403 ? t("error.forbidden") : error.message, true);
  }
}

function drawBanner() {
  const episode = worst(state.alerts?.episodes ?? []);
  $("banner").hidden = !episode;
  if (!episode) return;
  const alert = episode.alerts.find((a) => a.state === "live") ?? episode.alerts[0];
  const left = (Date.parse(episode.onset) - now()) / 1000;
  $("banner").dataset.severity = episode.severity;
  fill($("banner"),
    h("strong", {}, `${word("phenomenon", episode.phenomenon)} · ${word("severity", episode.severity)}`),
    alert?.headline && h("span.headline", { title: alert.headline }, alert.headline),
    h("span.num", {}, h("b", {}, left > 0 ? t("banner.in", { t: span(left) }) : t("banner.since", { t: span(-left) })), ` (${when(episode.onset, now())})`,
      episode.onset_assumed && ` ${t("banner.assumed")}`, episode.expires && ` · ${t("banner.until", { t: when(episode.expires, now()) })}`),
    episode.response && h("ol.stages", { tabIndex: 0, "aria-label": t("banner.stages"), "data-key": "stages" }, episode.response.stages.map((stage) => h(`li.stage.${stage.state}`, {}, stageText(stage)))));
}

function stageText(stage) {
  const at = stage.done_at ?? stage.started_at ?? stage.due_at;
  return [t(`stage.${stage.kind}`), t(`stage.${stage.state}`), at && when(at, now())].filter(Boolean).join(" · ");
}

/** The live episode that matters most: not over, the most severe, the soonest. */
function worst(episodes) {
  const live = episodes.filter((e) => e.state === "live" && (!e.expires || Date.parse(e.expires) > now()) && e.alerts.some((a) => a.ours));
  return live.sort((a, b) => SEVERITY.indexOf(a.severity) - SEVERITY.indexOf(b.severity) || Date.parse(a.onset) - Date.parse(b.onset))[0];
}
