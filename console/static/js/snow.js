// The snow room: time left to onset and muster, each stage by class, what is untreated and why, what may start by itself.
import { h } from "./dom.js";
import { release, stop } from "./header.js";
import { dayTime, mass, number, shortTime, span, t, when, word } from "./i18n.js";
import { empty } from "./lists.js";
import { placeButton } from "./places.js";
import { select } from "./plans.js";
import { load, now, on, state } from "./store.js";

const SHOWN = 60;
const CHIP = { waiting: "", planned: "info", running: "warn", done: "good", closed: "" };

on("tab", (tab) => { if (tab === "snow") load("snow"); });

/** Responses under way. */
export const responses = () => state.alerts?.episodes.filter((one) => one.state === "live" && one.response?.state === "live").length;

/** Between readings only what counts down is written anew. */
setInterval(() => { for (const cell of document.querySelectorAll("[data-until]")) countDown(cell); }, 1000);
on("status", () => { for (const cell of document.querySelectorAll("[data-until]")) countDown(cell); });

function countDown(cell) {
  const s = (Date.parse(cell.dataset.until) - now()) / 1000;
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  const text = `${two(Math.abs(s) / 3600)}:${two((Math.abs(s) / 60) % 60)}:${two(Math.abs(s) % 60)}`;
  cell.textContent = s > 0 ? text : `+${text}`;
  cell.classList.toggle("past", s <= 0);
}

export function snowRoom() {
  if (!state.snow) return h("p.empty", {}, t("loading"));
  if (!state.snow.length) return [empty("snow"), h("section.item", {}, selfStart(null))];
  return state.snow.map((one) => h("article.detail.snow", {}, h("h2", {}, `${word("phenomenon", one.phenomenon)} · ${word("severity", one.severity)}`), clocks(one), selfStart(one), order(one), one.stages.map((stage) => stageBox(stage))));
}

function clocks(one) {
  const clock = (at, before, since, note) => {
    const cell = h("dd.num", { "data-until": at });
    countDown(cell);
    return h("div", {}, h("dt", {}, t(Date.parse(at) > now() ? before : since, { t: dayTime(at) })), cell, note && h("p.dim", {}, note));
  };
  return h("dl.clocks", {}, clock(one.onset, "snow.onset.in", "snow.onset.since", one.onset_assumed && t("banner.assumed")), one.muster_at && clock(one.muster_at, "snow.muster.in", "snow.muster.since"),
    one.expires && clock(one.expires, "snow.expires.in", "snow.expires.since"));
}

/** Armed, stopped or not allowed, with the key that changes it. */
function selfStart(one) {
  const self = state.status?.self_start;
  if (!self) return null;
  const may = state.me.role !== "viewer", mayRelease = ["approver", "admin"].includes(state.me.role);
  const text = self.stopped ? t("self.stopped") : self.armed ? t("self.armed", { n: self.armed, t: shortTime(self.next_at) }) : t("self.idle");
  return h("p.row", {}, h(self.stopped ? "span.chip.bad" : self.armed ? "span.chip.warn" : "span.chip", {}, text), one && !one.self_start && h("span.dim", {}, t("snow.self.not", { why: word("selfwhy", one.self_start_reason) })),
    self.stopped ? mayRelease && h("button", { type: "button", "data-key": "snow-release", onclick: release }, t("self.release")) : may && h("button.danger", { type: "button", "data-key": "snow-stop", onclick: stop }, t("self.stop")));
}

const order = ({ rate }) => h("p", {}, t("note.rate", { g: rate.g_m2, passes: rate.passes, row: word("row", rate.row) }), (rate.notes ?? []).map((note) => h("span.dim", {}, ` · ${word("note", note)}`)));

function stageBox(stage) {
  const at = stage.done_at ?? stage.started_at ?? stage.due_at;
  const owed = sum(stage.classes, "total"), done = sum(stage.classes, "done");
  return h("section.stage-box", {}, h("h3", {}, word("stage", stage.kind), " ", h(CHIP[stage.state] ? `span.chip.${CHIP[stage.state]}` : "span.chip", {}, word("stage", stage.state)), at && h("span.dim.num", {}, ` ${when(at, now())}`)),
    stage.plans.map((plan) => planRow(plan)), owed ? [progress(stage, done, owed), classes(stage), untreated(stage)] : h("p.dim", {}, t("snow.nowork")));
}

const sum = (rows, key) => rows.reduce((all, row) => all + row[key], 0);

function planRow(plan) {
  const proposed = plan.newest_state === "proposed";
  const go = (id, text, main) => h(main ? "button.primary" : "button", { type: "button", "data-key": `snow-${id}`, onclick: () => select(id) }, text);
  if (!plan.newest) return h("p.dim", {}, t("snow.noplan", { id: plan.code }));
  return h("p.row", {}, proposed && go(plan.newest, t("snow.approve", { id: plan.newest }), true), plan.in_force && plan.in_force !== plan.newest && go(plan.in_force, t("snow.inforce", { id: plan.in_force })),
    !proposed && go(plan.newest, `${plan.newest} · ${word("state", plan.newest_state)}`));
}

function progress(stage, done, owed) {
  const metres = sum(stage.classes, "length_m"), salt = sum(stage.classes, "salt_kg");
  const text = t("snow.done", { n: number(done), m: number(owed), p: number(Math.floor((100 * done) / owed)) });
  return [h("p.row", {}, h("progress", { max: owed, value: done, "aria-label": text }), text, metres > 0 && h("span.dim", {}, t("snow.km", { n: number(sum(stage.classes, "done_m") / 1000, 1), m: number(metres / 1000, 1) }))),
    salt > 0 && h("p.dim", {}, t("snow.salt", { kg: mass(salt), done: mass(sum(stage.classes, "done_salt_kg")) }))];
}

function classes(stage) {
  const heads = ["class", "done", "started", "missed", "cancelled", "length", "salt"];
  const cell = (text) => h("td.num", {}, text);
  return h("div.table.short", { tabIndex: 0, role: "group", "aria-label": t("snow.classes"), "data-keep": `classes-${stage.id}` }, h("table", {}, h("caption.hidden", {}, t("snow.classes")),
    h("thead", {}, h("tr", {}, heads.map((name, i) => h(i ? "th.num" : "th", { scope: "col" }, t(`snow.col.${name}`))))),
    h("tbody", {}, stage.classes.map((row) => h("tr", {}, h("th", { scope: "row" }, word("class", row.name)), cell(`${number(row.done)} / ${number(row.total)}`), cell(row.started || ""), cell(row.missed || ""), cell(row.cancelled || ""),
      cell(row.length_m ? `${number(row.done_m / 1000, 1)} / ${number(row.length_m / 1000, 1)}` : ""), cell(row.salt_kg ? mass(row.salt_kg) : ""))))));
}

function untreated(stage) {
  const all = Object.values(stage.why).reduce((a, b) => a + b, 0);
  if (!all) return h("p.dim", {}, t("snow.alldone"));
  const why = (code) => (code in stage.why && word("untreated", code) !== code ? word("untreated", code) : word("reason", code));
  const reasons = Object.entries(stage.why).map(([code, n]) => `${why(code)} ${number(n)}`).join(t("list.comma"));
  return h("details", { "data-open": `untreated-${stage.id}` }, h("summary", { "data-key": `untreated-${stage.id}` }, t("snow.untreated", { n: number(all), what: reasons })),
    h("div.table.short", { tabIndex: 0, role: "group", "aria-label": t("snow.untreated.title"), "data-keep": `untreated-${stage.id}` }, h("table", {}, h("caption.hidden", {}, t("snow.untreated.title")),
      h("thead", {}, h("tr", {}, ["place", "why", "who", "due"].map((name) => h("th", { scope: "col" }, t(`snow.col.${name}`))))),
      h("tbody", {}, stage.untreated.slice(0, SHOWN).map((row) => h("tr", {}, h("th", { scope: "row" }, placeButton(row.place.slice(row.place.indexOf(":") + 1), `snow-${row.work_item}`, row.name || row.place)), h("td", {}, why(row.why)),
        h("td", {}, row.vehicle ? `${plate(row.vehicle)} · ${when(row.at, now())}` : ""), h("td", {}, row.deadline ? when(row.deadline, now()) : "")))))), all > SHOWN && h("p.dim", {}, t("plan.more", { n: number(all - SHOWN) })));
}

const plate = (id) => state.vehicles?.find((one) => one.id === id)?.plate ?? id;
