// Cases: the list and the board, several at once with a preview, and the way back from everything.
import { get, post } from "./api.js";
import { caseDetail } from "./casefile.js";
import { form, h, keptRows, toast } from "./dom.js";
import { dayOf, language, span, t, when, word } from "./i18n.js";
import { empty } from "./lists.js";
import { show, showAt } from "./mapview.js";
import { load, now, on, seenAt, set, state } from "./store.js";

const ROWS_SHOWN = 300;
const AT_ONCE = 200; // as many as one command takes
const FILTERS = ["open", "late", "reported", "in_progress", "over"];
const PRIORITIES = ["urgent", "normal", "low"];
const due = (a, b) => Date.parse(a.deadline) - Date.parse(b.deadline);
const rank = (c) => PRIORITIES.indexOf(c.priority);
const ORDERS = { due, age: (a, b) => Date.parse(a.opened_at) - Date.parse(b.opened_at), priority: (a, b) => rank(a) - rank(b) || due(a, b) };
const BOARD = { reported: ["reported", "dispatched"], in_progress: ["in_progress"], over: ["closed", "cancelled", "merged"] };
const UNDO_MS = 30000;
const view = { filter: "open", order: "due", undo: null, undoTimer: 0 };
export const picked = new Set();
const rowsOf = keptRows();

/** Nothing is done to a case as it was: the list then shows an instant of the past. */
export const mayAct = () => state.me?.role !== "viewer" && !state.past;
const age = (time) => (seenAt() - Date.parse(time)) / 1000;
const late = (c) => !c.closed_at && age(c.deadline) > 0;
const again = () => set("cases", state.cases);
const fits = (c) => ({ open: !c.closed_at, late: late(c), over: Boolean(c.closed_at) })[view.filter] ?? c.state === view.filter;

/** Read the case that is open anew when anything of it may have changed. */
export function startCases() {
  on("cases", () => { if (state.caseFile) readCase(state.caseFile.case.number); });
}

export async function openCase(number) {
  if (!number) { set("caseFile", null); return; }
  await readCase(number);
}

export async function readCase(number) {
  try {
    set("caseFile", await get(`/api/cases/${encodeURIComponent(number)}`));
  } catch (error) {
    toast(error.status === 404 ? t("case.unknown", { n: number }) : error.message, true);
  }
}

export function casesTab() {
  if (state.caseFile && !state.board) return caseDetail(state.caseFile);
  if (!state.cases) return h("p.empty", {}, t("loading"));
  if (!state.cases.length) return [mayAct() && h("div.item.row", {}, h("button.primary", { type: "button", "data-key": "case-file", onclick: () => set("filing", true) }, t("file.open"))), empty("cases")];
  for (const number of picked) if (!state.cases.some((c) => c.number === number)) picked.delete(number);
  return [head(), state.board ? board() : list()];
}

function head() {
  const choice = (key, names, label) => h("label", {}, h("span.hidden", {}, t(label)), h("select", { "data-key": `cases-${key}`, "aria-label": t(label), onchange: (event) => { view[key] = event.target.value; again(); } },
    names.map((name) => h("option", { value: name, selected: view[key] === name }, t(`cases.${key}.${name}`)))));
  return h("div.item.row.case-head", {}, !state.board && choice("filter", FILTERS, "cases.filter"), choice("order", Object.keys(ORDERS), "cases.order"),
    mayAct() && h("button.primary", { type: "button", "data-key": "case-file", onclick: () => set("filing", true) }, t("file.open")),
    mayAct() && !state.board && h("button", { type: "button", "data-key": "case-all", onclick: pickAll }, t("cases.all")),
    h("button", { type: "button", "data-key": "case-board", "aria-pressed": String(state.board), onclick: () => { if (!state.board) show(null); set("board", !state.board); } }, t(state.board ? "cases.list" : "cases.board")));
}

const shown = () => state.cases.filter(fits).sort(ORDERS[view.order]);

function pickAll() {
  const rows = shown().slice(0, AT_ONCE);
  const all = rows.every((c) => picked.has(c.number));
  picked.clear();
  if (!all) for (const c of rows) picked.add(c.number);
  again();
}

function list() {
  const rows = shown(), around = [mayAct(), language(), dayOf(now())];
  if (!rows.length) return h("p.empty", {}, h("strong", {}, t("cases.nofit")), t("cases.nofit.hint"));
  return [rowsOf(rows.slice(0, ROWS_SHOWN), (c) => c.number, (c) => [c, picked.has(c.number), late(c), span(age(c.opened_at)), span(age(c.deadline)), ...around],
    (c) => h("article.item.case-row.kept", { "data-case": c.number }, tick(c), card(c))), rows.length > ROWS_SHOWN && h("p.empty", {}, t("plan.more", { n: rows.length - ROWS_SHOWN }))];
}

function tick(c) {
  return mayAct() && h("input", { type: "checkbox", "data-key": `pick-${c.number}`, checked: picked.has(c.number), "aria-label": t("cases.pick", { n: c.number }), onchange: (event) => {
    if (event.target.checked) picked.add(c.number); else picked.delete(c.number);
    again();
  } });
}

function card(c) {
  return h("button.case-card", { type: "button", "data-key": c.number, onclick: () => { set("board", false); openCase(c.number); showAt("cases", c.number, c.lon, c.lat); } },
    h("span.line", {}, h("strong", {}, word("casekind", c.kind)), h("span", {}, priorityChip(c), chip(c))),
    h("span.sub", {}, h("span.mono", {}, c.number), c.reports > 1 && h("span", {}, t("case.reports", { n: c.reports })), !c.closed_at && h("span", {}, t("case.due", { t: when(c.deadline, now()) })), h("span", {}, t("case.age", { t: span(age(c.opened_at)) }))),
    c.text && h("span.words", {}, c.text));
}

/** Said of open cases only, and only where it is not as usual. */
export const priorityChip = (c) => !c.closed_at && c.priority !== "normal" && [h(c.priority === "urgent" ? "span.chip.warn" : "span.chip", {}, word("casepriority", c.priority)), " "];

export function chip(c) {
  if (c.closed_at) return h(c.state === "closed" ? "span.chip.good" : "span.chip", {}, c.state === "closed" ? t("case.closed", { t: when(c.closed_at, now()) }) : word("case", c.state));
  return late(c) ? h("span.chip.bad", {}, t("case.overdue", { t: span(age(c.deadline)) })) : h("span.chip.info", {}, word("case", c.state));
}

function board() {
  return h("div.board", {}, Object.entries(BOARD).map(([name, states]) => {
    const rows = state.cases.filter((c) => states.includes(c.state)).sort(ORDERS[view.order]);
    return h("section", { "aria-label": t(`cases.filter.${name}`) }, h("h2.group", {}, `${t(`cases.filter.${name}`)} · ${rows.length}`),
      h("div.column", { "data-keep": `board-${name}`, tabIndex: 0, role: "group", "aria-label": t(`cases.filter.${name}`) }, rows.length ? rows.slice(0, ROWS_SHOWN).map((c) => h("article.item", {}, card(c))) : h("p.empty", {}, t("cases.column.empty"))));
  }));
}

/** What can be done with those picked, and the way back from what was done last. */
export function casesFoot() {
  if (state.caseFile || state.board || !state.cases || !mayAct()) return null;
  if (!picked.size) return view.undo && [h("span", {}, view.undo.text), h("button", { type: "button", "data-key": "case-undo", onclick: view.undo.back }, t("case.undo"))];
  const rows = state.cases.filter((c) => picked.has(c.number));
  const over = rows.every((c) => c.closed_at);
  return [h("strong", { role: "status" }, t("cases.picked", { n: picked.size })), ...(over ? ["reopen"] : ["accept", "priority", "close", "cancel", ...(rows.length > 1 ? ["merge"] : [])]).map((name) => h("button", { type: "button", "data-key": `bulk-${name}`, onclick: () => (name === "priority" ? prioritise(rows) : act(name, rows)) }, t(`case.act.${name}`))),
    h("button.quiet", { type: "button", "data-key": "bulk-none", onclick: () => { picked.clear(); again(); } }, t("cases.none"))];
}

/** Preview, ask, do: only with those it may be done with, and say how many that is and why not the others. */
export async function act(name, rows) {
  const into = name === "merge" ? [...rows].sort(ORDERS.age)[0].number : "";
  const numbers = rows.map((c) => c.number).filter((number) => number !== into);
  try {
    const verdicts = await post("/api/cases/preview", { act: name, numbers, into });
    const can = verdicts.filter((one) => !one.why).map((one) => one.number);
    const cannot = verdicts.filter((one) => one.why);
    if (!can.length) { toast(t("cases.cannot", { n: cannot.length, why: reasons(cannot) }), true); return; }
    const answer = await confirmed(name, can, cannot, into);
    if (answer) await done(name, can, { ...(into ? { into } : {}), ...("answer" in answer ? { answer: answer.answer } : {}) });
  } catch (error) { failed(error); }
}

/** Each priority is offered with how many it would change; the way back gives each case the one it had. */
export async function prioritise(rows) {
  try {
    const numbers = rows.map((c) => c.number);
    const verdicts = await Promise.all(PRIORITIES.map((priority) => post("/api/cases/preview", { act: "priority", numbers, priority })));
    const offers = PRIORITIES.map((priority, i) => ({ priority, can: verdicts[i].filter((one) => !one.why).map((one) => one.number) })).filter((one) => one.can.length);
    if (!offers.length) { toast(t("cases.cannot", { n: rows.length, why: reasons(verdicts[0]) }), true); return; }
    const answer = await form({ title: t("case.act.priority.title", { n: rows.length }), text: t("case.act.priority.text"), yes: t("case.act.priority.yes"), no: t("cancel"),
      fields: [{ name: "priority", label: t("case.priority"), value: offers[0].priority, options: offers.map((one) => [one.priority, t("case.priority.offer", { what: word("casepriority", one.priority), n: one.can.length })]) }] });
    if (!answer) return;
    const { can } = offers.find((one) => one.priority === answer.priority);
    await done("priority", can, answer, async () => {
      let listed = state.cases;
      for (const priority of PRIORITIES) {
        const had = rows.filter((c) => c.priority === priority && can.includes(c.number)).map((c) => c.number);
        if (had.length) listed = await post("/api/cases/priority", { numbers: had, priority });
      }
      return listed;
    });
  } catch (error) { failed(error); }
}

const reasons = (cannot) => [...new Set(cannot.map((one) => word("case.why", one.why)))].join(", ");

function confirmed(name, can, cannot, into) {
  const what = t(`case.act.${name}.title`, { n: can.length, into });
  const rest = cannot.length ? ` ${t("cases.rest", { n: cannot.length, why: reasons(cannot) })}` : "";
  const fields = ["close", "cancel"].includes(name) ? [{ name: "answer", label: t("case.answer.ask"), maxLength: 1000, required: true }] : [];
  if (!fields.length && !rest && can.length === 1 && name !== "merge") return Promise.resolve({});
  return form({ title: what + rest, fields, yes: t(`case.act.${name}`), no: t("cancel") });
}

const BACK = { accept: "release", release: "accept", close: "reopen", cancel: "reopen", merge: "reopen" };

async function done(name, numbers, values, back = BACK[name] && (() => post(`/api/cases/${BACK[name]}`, { numbers }))) {
  const rows = await post(`/api/cases/${name}`, { numbers, ...values });
  for (const number of numbers) picked.delete(number);
  if (values.into) picked.delete(values.into);
  set("cases", rows);
  const text = t("cases.done", { n: numbers.length, what: values.priority ? word("casepriority", values.priority) : t(`case.act.${name}`) });
  toast(text);
  if (back) offerUndo(text, back);
  again();
}

/** Offered for half a minute; afterwards the case itself still has the way back. */
function offerUndo(text, call) {
  clearTimeout(view.undoTimer);
  const forget = () => { view.undo = null; again(); };
  view.undo = { text, back: async () => { forget(); try { set("cases", await call()); toast(t("case.undone")); } catch (error) { failed(error); } } };
  view.undoTimer = setTimeout(forget, UNDO_MS);
}

export async function splitOff(report, number) {
  const before = new Set(state.cases.map((c) => c.number));
  try {
    const rows = await post("/api/cases/split", { report });
    const made = rows.find((c) => !before.has(c.number));
    set("cases", rows);
    toast(t("case.split.done", { n: made?.number ?? "" }));
    if (made) offerUndo(t("case.split.done", { n: made.number }), () => post("/api/cases/merge", { into: number, numbers: [made.number] }));
    again();
  } catch (error) { failed(error); }
}

function failed(error) {
  toast(error.status === 403 ? t("error.forbidden") : error.status === 409 ? t("case.stale") : error.message, true);
  load("cases");
}
