// Telling: the call list of changed routes, with who was told by whom and how; and the sheets that are out.
import { post } from "./api.js";
import { form, h, toast } from "./dom.js";
import { shortTime, span, t, when, word } from "./i18n.js";
import { empty } from "./lists.js";
import { fitTo } from "./mapview.js";
import { select } from "./plans.js";
import { load, now, set, state } from "./store.js";

const HOWS = ["phone", "radio", "in_person", "paper"];
const SOON_S = 180;
const CHIP = { issued: "info", handed_back: "good", superseded: "" };

export const untold = () => (state.tellings ?? []).filter((one) => !one.told_at);
const told = () => (state.tellings ?? []).filter((one) => one.told_at);
const may = () => state.me?.role !== "viewer";
const left = (due) => (Date.parse(due) - now()) / 1000;
export const anyLate = () => untold().some((one) => one.due_at && left(one.due_at) <= 0);

/** Time runs between readings: only what counts down is written anew. */
export function startTelling() {
  setInterval(() => {
    for (const chip of document.querySelectorAll("[data-due]")) countDown(chip);
  }, 1000);
}

function countDown(chip) {
  const s = left(chip.dataset.due);
  chip.textContent = s > 0 ? t("tell.left", { t: clock(s) }) : t("tell.late", { t: span(-s) });
  chip.className = `chip num ${s <= 0 ? "bad" : s < SOON_S ? "warn" : "info"}`;
}

const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;

export function tellList() {
  if (!state.tellings || !state.sheets) return h("p.empty", {}, t("loading"));
  const calls = untold(), done = told();
  return [h("h2.group", {}, t("tell.calls", { n: calls.length })), calls.length ? calls.map(call) : h("p.item.dim", {}, t("tell.none")),
    done.length > 0 && h("details.item", { "data-open": "told" }, h("summary", { "data-key": "told" }, t("tell.done", { n: done.length })), done.map(toldRow)),
    h("h2.group", {}, t("sheets.title", { n: state.sheets.filter((s) => s.state === "issued").length })), state.sheets.length ? state.sheets.map(sheetRow) : empty("sheets")];
}

const who = (row) => [row.plate || row.vehicle, row.driver].filter(Boolean).join(" · ");

/** The change in one sentence. */
function sentence({ change }) {
  const names = [...new Set(change.names ?? [])].filter(Boolean);
  const parts = [change.added > 0 && t("tell.added", { n: change.added, names: names.length ? t("tell.names", { list: names.join(t("list.comma")) }) : "" }),
    change.dropped > 0 && t("tell.dropped", { n: change.dropped })].filter(Boolean);
  return t("tell.sentence", { stop: change.from_stop ?? 1, what: parts.length ? parts.join(t("list.comma")) : t("tell.order") });
}

const pdf = (href, text) => h("a", { href, target: "_blank", rel: "noopener" }, text);
const slipOf = (row) => pdf(`/api/tellings/${encodeURIComponent(row.id)}/slip.pdf`, t("tell.slip"));
const sheetOf = (code) => pdf(`/sheets/${encodeURIComponent(code)}.pdf`, `${t("plan.sheet")} ${code}`);

function call(row) {
  const chip = row.due_at ? h("span", { "data-due": row.due_at }) : null;
  if (chip) countDown(chip);
  return h("article.item.call", { "data-telling": row.id },
    h("header", {}, h("h3", {}, who(row) || row.vehicle), chip),
    h("p.sub", {}, row.phone ? h("a.phone", { href: `tel:${row.phone.replace(/[^+\d]/g, "")}` }, row.phone) : h("span", {}, t("tell.nophone")),
      h("span.mono", {}, `${row.version}/${row.seq}`), h("span", {}, word("service", row.service))),
    h("p.words", {}, sentence(row)),
    h("p.links", {}, slipOf(row), sheetOf(row.sheet), h("button.quiet", { type: "button", "data-key": `route-${row.id}`, onclick: () => showRoute(row) }, t("tell.route"))),
    may() && h("div.row", { role: "group", "aria-label": t("tell.told.by") }, h("span.dim", {}, t("tell.told.by")),
      HOWS.map((how) => h("button", { type: "button", "data-key": `told-${how}-${row.id}`, onclick: () => tick(row, how) }, t(`how.${how}`)))));
}

function toldRow(row) {
  return h("article.item", {}, h("header", {}, h("h3", {}, who(row) || row.vehicle), h("span.chip.good", {}, t("tell.told"))),
    h("p.words", {}, sentence(row)), h("p.sub", {}, t("tell.told.row", { t: when(row.told_at, now()), who: row.told_by, how: word("how", row.how) })), h("p.links", {}, slipOf(row), sheetOf(row.sheet)));
}

async function showRoute(row) {
  await select(row.version, { fit: false });
  set("route", `${row.version}/${row.seq}`);
  const route = state.detail?.routes.find((one) => one.id === state.route);
  if (route) fitTo([route]);
}

async function tick(row, how) {
  try {
    set("tellings", await post(`/api/tellings/${encodeURIComponent(row.id)}/told`, { how }));
    toast(t("tell.done.toast", { who: who(row), how: t(`how.${how}`) }));
  } catch (error) {
    failed(error, "tellings");
  }
  load("alarms");
}

function failed(error, name) {
  toast(error.status === 403 ? t("error.forbidden") : error.message, true);
  load(name);
}

function sheetRow(sheet) {
  return h("article.item", { "data-sheet": sheet.code },
    h("header", {}, h("h3", {}, h("span.mono", {}, sheet.code), ` ${who(sheet) || sheet.vehicle}`), h(CHIP[sheet.state] ? `span.chip.${CHIP[sheet.state]}` : "span.chip", {}, t(sheet.state === "issued" ? "sheet.out" : `sheet.${sheet.state}`))),
    h("p.sub", {}, h("span", {}, word("service", sheet.service)), h("span.mono", {}, `${sheet.version}/${sheet.seq}`), h("span", {}, t("sheet.pages", { n: sheet.pages, stops: sheet.stops })), h("span.num", {}, t("sheet.issued", { t: when(sheet.issued_at, now()) }))),
    sheet.handed_back_at && h("p.sub", {}, t("sheet.back.row", { t: shortTime(sheet.handed_back_at), who: sheet.handed_back_by })),
    h("p.links", {}, sheet.is_ready ? pdf(`/sheets/${encodeURIComponent(sheet.code)}.pdf`, t("sheet.print")) : h("span.dim", {}, t("sheet.notready")),
      may() && sheet.state === "issued" && h("button.quiet", { type: "button", "data-key": `back-${sheet.code}`, onclick: () => askBack(sheet) }, t("sheet.back"))));
}

/** What came back undone, by the numbers on the paper. */
export async function askBack(sheet) {
  const answer = await form({
    title: t("sheet.back.title", { code: sheet.code, who: who(sheet) || sheet.vehicle }), yes: t("sheet.back.yes"), no: t("cancel"),
    fields: [{ name: "undone", label: t("sheet.back.undone"), pattern: "[0-9 ,，、]*", maxLength: 400 }],
  });
  if (!answer) return;
  try {
    set("sheets", await post(`/api/sheets/${encodeURIComponent(sheet.code)}/back`, { undone: (answer.undone.match(/\d+/g) ?? []).map(Number).filter((n) => n > 0) }));
    toast(t("sheet.back.done", { code: sheet.code }));
  } catch (error) {
    failed(error, "sheets");
  }
}
