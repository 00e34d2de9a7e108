// A square that was scanned: a hand scanner types what it says into the search box. A stop's opens its tick, a sheet's its hand-back.
import { get, post } from "./api.js";
import { ask, toast } from "./dom.js";
import { shortTime, t, word } from "./i18n.js";
import { load, set, state } from "./store.js";
import { askBack } from "./tell.js";

const SCANNED = /^SL1:([A-Z2-9]{8})(?:\/(\d{1,4}))?$/;

/** What a text is as a scan: {code, stop}, stop null for a whole sheet; null where it is none. */
export function read(text) {
  const found = SCANNED.exec(text.trim().toUpperCase());
  return found && { code: found[1], stop: found[2] ? Number(found[2]) : null };
}

export async function open({ code, stop }) {
  set("tab", "tell");
  try {
    if (stop === null) await openSheet(code); else await openStop(code, stop);
  } catch (error) {
    toast(error.status === 403 ? t("error.forbidden") : error.status === 404 ? t("scan.unknown", { code: stop === null ? code : `${code}/${stop}` }) : error.message, true);
  }
}

async function openSheet(code) {
  await load("sheets");
  const sheet = state.sheets?.find((one) => one.code === code);
  if (!sheet) throw Object.assign(new Error(code), { status: 404 });
  if (sheet.state !== "issued") { toast(`${code}: ${t(`sheet.${sheet.state}`)}`, true); return; }
  if (state.me.role !== "viewer") await askBack(sheet);
}

async function openStop(code, stop) {
  const path = `/api/sheets/${code}/stops/${stop}`, found = await get(path);
  const name = found[document.documentElement.lang === "en" ? "name_en" : "name"] || t("street.unnamed");
  const title = t("scan.stop", { n: stop, name });
  if (!found.ticks || state.me.role === "viewer") {
    toast(`${title} · ${found.sheet_state !== "issued" ? t(`sheet.${found.sheet_state}`) : found.kind === "segment" ? t("scan.street") : word("work", found.state)}`, true);
    return;
  }
  const yes = await ask({ title, text: t("scan.text", { who: found.plate || found.vehicle, code, t: shortTime(found.planned_at) }), yes: t("scan.done"), no: t("cancel") });
  if (!yes) return;
  await post(`${path}/tick`);
  toast(t("scan.ticked", { n: stop, name }));
  load("stations");
}
