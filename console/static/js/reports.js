// Reports: a dialog with the handover, the days and the storms, each as paper and as tables.
import { get, post } from "./api.js";
import { $, ask, fill, h, toast } from "./dom.js";
import { dayTime, t, word } from "./i18n.js";
import { state } from "./store.js";

const DAYS_SHOWN = 14;
const CREW_DAYS = 2; // the newest: a plan by crew is for the day that comes

export function startReports() {
  $("reports").addEventListener("click", () => showReports());
}

export async function showReports() {
  if (!(await draw())) return;
  const dialog = $("reports-dialog");
  dialog.setAttribute("aria-labelledby", "reports-title");
  dialog.showModal();
}

/** Read the list and draw it; false where it could not be read. */
async function draw() {
  let found;
  try {
    found = await get("/api/reports");
  } catch (error) {
    toast(t("error.load", { what: error.message }), true);
    return false;
  }
  const dialog = $("reports-dialog");
  fill(dialog, h("h2", { id: "reports-title" }, t("reports.title")),
    h("div.reports", { tabIndex: 0, role: "region", "aria-labelledby": "reports-title" },
      row(t("reports.handover"), t("reports.now"), "handover", ""),
      found.days.slice(0, CREW_DAYS).map((day) => row(t("reports.crews", { d: day.day }), "", "crews", day.day)),
      found.days.slice(0, DAYS_SHOWN).map((day) => dayRow(day)),
      found.storms.map((storm) => row(`${word("phenomenon", storm.phenomenon)} · ${word("severity", storm.severity)}`, t("reports.onset", { t: dayTime(storm.onset) }), "storm", storm.key))),
    h("div.row", {}, h("button.primary", { type: "button", onclick: () => dialog.close() }, t("close"))));
  return true;
}

/** A day; one that is over and has no edition has a button for it. */
function dayRow(day) {
  const note = day.closed_at ? t("reports.final", { t: dayTime(day.closed_at) }) : t(day.can_close ? "reports.none" : "reports.draft");
  const may = day.can_close && state.me.role !== "viewer" && !state.past;
  return row(t("reports.day", { d: day.day }), note, "day", day.day,
    may && h("button", { type: "button", "data-key": `close-${day.day}`, "aria-label": t("reports.close.of", { d: day.day }), onclick: () => makeFinal(day.day) }, t("reports.close")));
}

async function makeFinal(day) {
  if (!(await ask({ title: t("reports.close.title", { d: day }), text: t("reports.close.text"), yes: t("reports.close"), no: t("cancel") }))) return;
  try {
    await post("/api/reports/day/edition", { day });
    toast(t("reports.close.done", { d: day }));
  } catch (error) {
    toast(error.message, true);
  }
  await draw();
}

function row(title, note, kind, key, more) {
  const forms = ["pdf", "xlsx", "csv", "json", ...(kind === "storm" ? ["geojson"] : [])];
  const href = (form) => `/api/reports/${kind}.${form}${key ? `?key=${encodeURIComponent(key)}` : ""}`;
  return h("p.report", {}, h("span.name", {}, title), h("span.dim", {}, note), more,
    h("span.forms", {}, forms.map((form) => h("a", { href: href(form), target: form === "pdf" ? "_blank" : undefined, rel: "noopener", "aria-label": `${title} ${form.toUpperCase()}` }, form.toUpperCase()))));
}
