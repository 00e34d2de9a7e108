// The shift: who has it, what is open (each a link to its page), the notes, what was done, and taking it over.
import { get, post } from "./api.js";
import { ask, form, h, toast } from "./dom.js";
import { number, span, t, when, word } from "./i18n.js";
import { deed } from "./deeds.js";
import { load, now, on, set, state } from "./store.js";

const KINDS = ["self_start", "alarm", "waiting", "untold", "case", "out", "running"];
const CHIP = { 1: "bad", 2: "warn", out: "bad", limited: "warn", proposed: "warn", approved: "info", active: "good" };

on("tab", (tab) => { if (tab === "shift") { load("shift"); load("shiftLog"); } else if (state.shiftChanges) set("shiftChanges", null); });

const may = () => state.me?.role !== "viewer";
const chip = (code, text) => h(CHIP[code] ? `span.chip.${CHIP[code]}` : "span.chip", {}, text);
const plate = (id) => state.vehicles?.find((one) => one.id === id)?.plate ?? id;

export function shiftPage() {
  if (!state.shift) return h("p.empty", {}, t("loading"));
  const { matters, notes } = state.shift;
  const open = matters.filter((one) => one.kind !== "note");
  return h("div.detail.shift", {}, head(), changesBox(), h("div.shift-columns", {},
    h("section", { "aria-label": t("shift.open", { n: open.length }) }, h("h2", {}, t("shift.open", { n: open.length })), open.length ? KINDS.map((kind) => group(kind, open)) : h("p.empty", {}, h("strong", {}, t("shift.open.empty")), t("shift.open.empty.hint"))),
    h("section", { "aria-label": t("shift.notes") }, h("h2", {}, t("shift.notes")), notes.length ? notes.map(noteRow) : h("p.dim", {}, t("shift.notes.empty")), log())));
}

/** Who has the shift, and what can be done with it. */
function head() {
  const { held_by, since, no } = state.shift, mine = held_by === state.me.name;
  const said = held_by ? t(mine ? "shift.mine" : "shift.held", { who: held_by, t: when(since, now()), age: span((now() - Date.parse(since)) / 1000) }) : t("shift.nobody");
  return h("header", {}, h("h2", {}, t("shift.title")), h("p", {}, said, no > 0 && h("span.dim.num", {}, ` · ${t("shift.no", { n: no })}`)),
    h("div.row", {}, may() && !mine && h("button.primary", { type: "button", "data-key": "shift-take", onclick: takeOver }, t("shift.take")),
      may() && h("button", { type: "button", "data-key": "shift-write", onclick: writeNote }, t("shift.write")),
      h("a", { href: "/api/reports/handover.pdf", target: "_blank", rel: "noopener" }, t("shift.print"))));
}

/** What was otherwise than it was read when somebody wanted to take over. */
function changesBox() {
  const found = state.shiftChanges;
  if (!found) return null;
  const lines = [...found.new.map((one) => [t("shift.change.new"), titleOf(one)]), ...found.changed.map((one) => [t("shift.change.changed"), titleOf(one)]), ...found.gone.map((text) => [t("shift.change.gone"), text])];
  return h("div.notes.bad", { role: "alert", id: "shift-changes", tabIndex: -1 }, h("strong", {}, t("shift.changed")), h("ul", {}, lines.map(([what, text]) => h("li", {}, `${what} ${text}`))));
}

async function takeOver() {
  const shown = state.shift;
  const yes = await ask({ title: shown.held_by ? t("shift.take.title", { who: shown.held_by }) : t("shift.take.first"), text: t("shift.take.text", { me: state.me.name, n: shown.matters.length }), yes: t("shift.take.yes"), no: t("cancel") });
  if (!yes) return;
  try {
    const taken = await post("/api/shift/takeover", { seen: shown.matters.map((one) => one.token) });
    set("shiftChanges", null);
    set("shift", taken);
    load("shiftLog");
    toast(t("shift.taken", { n: taken.no }));
  } catch (error) {
    if (error.status !== 409) { failed(error); return; }
    const names = new Map(shown.matters.map((one) => [`${one.kind}:${one.key}`, titleOf(one)]));
    const { changes } = error.problem;
    set("shift", await get("/api/shift"));
    set("shiftChanges", { ...changes, gone: changes.gone.map((name) => names.get(name) ?? name) });
    document.getElementById("shift-changes")?.focus();
  }
}

function failed(error) {
  toast(error.status === 403 ? t("error.forbidden") : error.status === 409 ? t("shift.struck.before") : error.message, true);
  load("shift");
}

function group(kind, open) {
  const rows = open.filter((one) => one.kind === kind);
  return rows.length > 0 && [h("h3.group", {}, t(`shift.kind.${kind}`, { n: number(rows.length) })), rows.map(row)];
}

const row = (one) => h("a.item.matter", { href: hrefOf(one), "data-key": `${one.kind}:${one.key}`, "data-matter": `${one.kind}:${one.key}`, onclick: one.kind === "alarm" ? (event) => toAlarm(event, one) : undefined },
  h("span.line", {}, h("strong", {}, titleOf(one)), chipOf(one)), h("span.sub", {}, subOf(one).filter(Boolean).map((text) => h("span", {}, text))));

function hrefOf({ kind, key, line }) {
  if (kind === "waiting" || kind === "running") return `#/plans/${key}`;
  if (kind === "case") return `#/cases/${key}`;
  return { alarm: "#/alarms", untold: "#/tell", self_start: "#/snow" }[kind] ?? (line.kind === "street" ? `#/resources?see=street:${line.ref}` : "#/resources");
}

/** To the alarm itself, with the focus on it: K acknowledges it there. */
function toAlarm(event, one) {
  event.preventDefault();
  set("tab", "alarms");
  const found = document.querySelector(`[data-alarm="${CSS.escape(one.key)}"]`);
  found?.scrollIntoView({ block: "center" });
  found?.querySelector("button")?.focus();
}

function titleOf({ kind, key, line }) {
  if (kind === "alarm") return `${word("alarm", line.kind)} ${aboutOf(key, line)}`.trim();
  if (kind === "waiting" || kind === "running") return `${word("service", line.service)} ${key}`;
  if (kind === "untold") return [plate(line.vehicle), line.driver].filter(Boolean).join(" · ");
  if (kind === "case") return `${word("casekind", line.kind)} ${key}`;
  if (kind === "out") return `${t(`resource.kind.${line.kind}`)} ${line.name && line.name !== line.ref ? `${line.name} (${line.ref})` : line.ref}`;
  if (kind === "note") return `${t("shift.note.of", { who: line.actor })} ${line.text}`;
  return t("self.stopped");
}

/** What an alarm is of: its key, by the plate where it is a truck; a row's own id says nothing to anybody. */
function aboutOf(key, line) {
  const detail = state.alarms?.find((alarm) => alarm.id === key)?.detail ?? {};
  if (detail.vehicle) return plate(detail.vehicle);
  return /^[0-9a-f-]{30,}$/.test(line.key) ? "" : plate(line.key);
}

function chipOf({ kind, line }) {
  if (kind === "alarm") return chip(line.priority, word("priority", line.priority));
  if (kind === "waiting") return h(line.feasible ? "span.verdict.yes" : "span.verdict.no", {}, t(line.feasible ? "plan.feasible" : "plan.infeasible"));
  if (kind === "running") return chip(line.state, t(`state.${line.state}`));
  if (kind === "out") return chip(line.status, t(`resource.${line.status}`));
  if (kind !== "case") return null;
  const late = (now() - Date.parse(line.deadline)) / 1000;
  return late > 0 ? h("span.chip.bad", {}, t("case.overdue", { t: span(late) })) : h("span.chip.warn", {}, t("case.due", { t: when(line.deadline, now()) }));
}

function subOf({ kind, line }) {
  const at = (value) => when(value, now());
  if (kind === "alarm") return [t("alarm.since", { t: at(line.opened_at) }), line.state !== "open" && t(`shift.alarm.${line.state}`), line.reason];
  if (kind === "waiting") return [t("shift.starts", { t: at(line.start_at) }), line.unserved > 0 && `${number(line.unserved)} ${t("plan.unserved")}`, line.live ? t("shift.live", { n: line.live }) : t("shift.nolive")];
  if (kind === "untold") return [line.phone || t("tell.nophone"), line.plan, t("alarm.since", { t: at(line.opened_at) }), `+${line.added} −${line.dropped}`];
  if (kind === "case") return [line.district, word("case", line.state)];
  if (kind === "out") return [line.reason, t("resource.since", { t: at(line.since) }), line.until && t("resource.until", { t: at(line.until) })];
  if (kind === "running") return [`${at(line.start_at)}–${at(line.end_at)}`, t("shift.sheets", { out: number(line.sheets_out), back: number(line.sheets_back) })];
  return [t("self.release.text")];
}

function noteRow(note) {
  const struck = note.struck_at !== null;
  return h("article.item", { "data-note": note.id }, h("p.words", {}, struck ? h("s", {}, note.text) : note.text), h("p.sub", {}, h("span", {}, note.actor), h("span.num", {}, when(note.at, now()))),
    struck && h("p.sub", {}, t("shift.struck", { who: note.struck_by, t: when(note.struck_at, now()), why: note.struck_reason })),
    may() && !struck && h("div.row", {}, h("button.quiet", { type: "button", "data-key": `strike-${note.id}`, "aria-label": `${t("shift.strike")}: ${note.text.slice(0, 40)}`, onclick: () => strike(note) }, t("shift.strike"))));
}

/** A key, and a button: write into the log from wherever one is. */
export async function writeNote() {
  if (!may()) { toast(t("error.forbidden"), true); return; }
  const answer = await form({ title: t("shift.write.title"), yes: t("shift.write.yes"), no: t("cancel"), fields: [{ name: "text", label: t("shift.write.label"), rows: 5, maxLength: 1000, required: true }] });
  if (answer) await send("/api/shift/notes", { text: answer.text }, "shift.written");
}

async function strike(note) {
  const answer = await form({ title: t("shift.strike.title"), yes: t("shift.strike.yes"), no: t("cancel"), fields: [{ name: "reason", label: t("resource.reason"), maxLength: 200, required: true }] });
  if (answer) await send(`/api/shift/notes/${encodeURIComponent(note.id)}/strike`, { reason: answer.reason }, "shift.strike.done");
}

async function send(path, values, said) {
  try {
    set("shift", await post(path, values));
    load("shiftLog");
    toast(t(said));
  } catch (error) {
    failed(error);
  }
}

/** What was done in the shift chosen; of an earlier one, with the notes of that time. */
function log() {
  const found = state.shiftLog, { no, people } = state.logOf;
  const chosen = (changes) => { state.logOf = { ...state.logOf, ...changes }; load("shiftLog"); };
  const shifts = [["", t("shift.log.now")], ...state.shift.takeovers.slice(1).map((one) => [String(one.no), t("shift.log.of", { who: one.taken_by, t: when(one.at, now()) })]), ...(state.shift.takeovers.some((one) => one.no === 1) ? [["0", t("shift.log.before")]] : [])];
  return [h("h2", {}, t("shift.log")), h("div.row", {},
    h("select", { "data-key": "log-shift", "aria-label": t("shift.log.which"), onchange: (event) => chosen({ no: event.target.value === "" ? null : Number(event.target.value) }) }, shifts.map(([value, text]) => h("option", { value, selected: value === (no === null ? "" : String(no)) }, text))),
    h("select", { "data-key": "log-people", "aria-label": t("shift.log.whose"), onchange: (event) => chosen({ people: event.target.value === "people" }) }, ["all", "people"].map((value) => h("option", { value, selected: (value === "people") === people }, t(`shift.log.${value}`))))),
  !found ? h("p.empty", {}, t("loading")) : [no !== null && found.notes.map((note) => h("p.item.words", {}, note.struck_at ? h("s", {}, note.text) : note.text, h("span.dim", {}, ` ${note.actor} ${when(note.at, now())}`))),
    found.deeds.length ? h("ol.log", {}, found.deeds.map(deed)) : h("p.dim", {}, t("shift.log.empty")), found.more && h("p.dim", {}, t("shift.log.more", { n: number(found.deeds.length) }))]];
}
