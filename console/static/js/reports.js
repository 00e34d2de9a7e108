// Reports: a dialog with the handover, the days and the storms, each as paper and as tables.
import { get } from "./api.js";
import { $, fill, h, toast } from "./dom.js";
import { dayTime, t, word } from "./i18n.js";

const DAYS_SHOWN = 14;
const CREW_DAYS = 2; // the newest: a plan by crew is for the day that comes

export function startReports() {
  $("reports").addEventListener("click", () => showReports());
}

export async function showReports() {
  let found;
  try {
    found = await get("/api/reports");
  } catch (error) {
    toast(t("error.load", { what: error.message }), true);
    return;
  }
  const dialog = $("reports-dialog");
  fill(dialog, h("h2", { id: "reports-title" }, t("reports.title")),
    h("div.reports", { tabIndex: 0, role: "region", "aria-labelledby": "reports-title" },
      row(t("reports.handover"), t("reports.now"), "handover", ""),
      found.days.slice(0, CREW_DAYS).map((day) => row(t("reports.crews", { d: day.day }), "", "crews", day.day)),
      found.days.slice(0, DAYS_SHOWN).map((day) => row(t("reports.day", { d: day.day }), t(day.closed_at ? "reports.final" : "reports.draft"), "day", day.day)),
      found.storms.map((storm) => row(`${word("phenomenon", storm.phenomenon)} · ${word("severity", storm.severity)}`, t("reports.onset", { t: dayTime(storm.onset) }), "storm", storm.key))),
    h("div.row", {}, h("button.primary", { type: "button", onclick: () => dialog.close() }, t("close"))));
  dialog.setAttribute("aria-labelledby", "reports-title");
  dialog.showModal();
}

function row(title, note, kind, key) {
  const forms = ["pdf", "xlsx", "csv", "json", ...(kind === "storm" ? ["geojson"] : [])];
  const href = (form) => `/api/reports/${kind}.${form}${key ? `?key=${encodeURIComponent(key)}` : ""}`;
  return h("p.report", {}, h("span.name", {}, title), h("span.dim", {}, note),
    forms.map((form) => h("a", { href: href(form), target: form === "pdf" ? "_blank" : undefined, rel: "noopener", "aria-label": `${title} ${form.toUpperCase()}` }, form.toUpperCase())));
}
