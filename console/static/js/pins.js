// Pins on a plan's page: a stop given to another vehicle, kept where it is or left out, by menu, key or drag; then a new version.
import { ApiError, get, post } from "./api.js";
import { compareWith } from "./difference.js";
import { form, h, toast } from "./dom.js";
import { named, t, when } from "./i18n.js";
import { placeButton } from "./places.js";
import { reread, select } from "./plans.js";
import { load, now, on, set, state } from "./store.js";

const STOP = "text/x-sweepline-stop";
let held = null; // the stop on the way to another vehicle

on("detail", (detail) => (detail ? read(detail.plan.code) : state.pins && set("pins", null)));

async function read(code) {
  const found = await get(`/api/plans/${encodeURIComponent(code)}/pins`).catch(() => null);
  if (found && state.detail?.plan.code === code) set("pins", found);
}

const known = () => (state.pins?.plan === state.detail?.plan.code ? state.pins : null);
const pinOf = (stop) => known()?.pins.find((pin) => pin.work_item === stop.work_item);
const may = () => state.me.role !== "viewer" && !["closed", "superseded"].includes(state.detail?.version.state);
const nameOf = (id) => known()?.takers.find((one) => one.id === id)?.name ?? id;
const who = (route) => route.vehicle || route.crew;
const startedText = (stop) => t("pin.started", { who: nameOf(known().started[stop.work_item]) });
const wishText = (pin) => (pin.kind === "excluded" ? t("pin.excluded") : t("pin.vehicle", { who: nameOf(pin.vehicle) }));

/** The last cell of a stop: what is wished of it, and the way to wish something. */
export function pinCell(stop, route) {
  if (!stop.work_item || !known()) return h("td", {});
  const pin = pinOf(stop), started = stop.work_item in known().started;
  return h("td.pin", {}, pin && h("span.chip.info", {}, wishText(pin)), started ? h("span.dim", { title: startedText(stop) }, t("pin.started.short"))
    : may() && h("button", { type: "button", "data-key": `pin-${route.id}-${stop.n}`, "aria-label": t("pin.move.of", { what: named(stop) || t("street.unnamed") }), onclick: () => ask(stop, route) }, t("pin.move")));
}

/** What makes a row of the table one that can be taken to another vehicle. */
export function carried(stop, route) {
  if (!stop.work_item || !known() || !may() || stop.work_item in known().started) return {};
  return { draggable: true, ondragstart: (event) => { held = { stop, route }; event.dataTransfer.setData(STOP, stop.work_item); event.dataTransfer.effectAllowed = "move"; }, ondragend: () => { held = null; } };
}

/** What makes a vehicle one that stops can be brought to. */
export function taking(route) {
  const over = (event, on_) => { if (!held || who(held.route) === who(route)) return; event.preventDefault(); event.currentTarget.classList.toggle("over", on_); };
  return { ondragover: (event) => over(event, true), ondragleave: (event) => event.currentTarget.classList.remove("over"),
    ondrop: (event) => { over(event, false); const { stop } = held ?? {}; held = null; if (stop) pin({ work_item: stop.work_item, vehicle: who(route) }); } };
}

async function ask(stop, route) {
  const { takers } = known(), pinned = pinOf(stop), here = who(route);
  const others = takers.filter((one) => one.id !== here && !one.out).map((one) => [`to:${one.id}`, t("pin.vehicle", { who: one.name })]);
  const answer = await form({ title: t("pin.title", { what: named(stop) || t("street.unnamed") }), yes: t("ok"), no: t("cancel"), fields: [{ name: "wish", label: t("pin.wish"), options: [
    ...others, [`to:${here}`, t("pin.keep", { who: nameOf(here) })], ["exclude", t("pin.exclude")], ...(pinned ? [["remove", t("pin.remove")]] : [])] }] });
  if (!answer) return;
  const [what, ...id] = answer.wish.split(":");
  await pin({ work_item: stop.work_item, vehicle: what === "to" ? id.join(":") : "", exclude: what === "exclude", remove: what === "remove" });
}

/** The key: for the stop whose row has the focus. */
export function moveFocused() {
  const row = document.activeElement?.closest("tr[data-stop]");
  const route = state.detail?.routes.find((one) => one.id === state.route);
  const stop = row && route?.points.find((one) => one.n === Number(row.dataset.stop));
  if (!stop?.work_item || !known() || !may()) { toast(t("pin.none.focused"), true); return; }
  if (stop.work_item in known().started) toast(startedText(stop), true);
  else ask(stop, route);
}

async function pin(wish) {
  const code = state.detail.plan.code;
  try {
    set("pins", await post(`/api/plans/${encodeURIComponent(code)}/pins`, wish));
    toast(t(wish.remove ? "pin.removed" : "pin.set"));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.status === 403 ? t("error.forbidden") : error.message, true);
    read(code);
  }
}

async function replan() {
  const { plan } = state.detail;
  const answer = await form({ title: t("pin.replan.title", { id: plan.code }), yes: t("pin.replan"), no: t("cancel"), fields: [{ name: "reason", label: t("pin.reason"), maxLength: 200 }] });
  if (!answer) return;
  try {
    await post(`/api/plans/${encodeURIComponent(plan.code)}/replan`, { reason: answer.reason });
    toast(t("pin.asked"));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message, true);
  }
  load("plans");
  reread();
}

/** Whether the version shown does as a pin says. */
function kept(pin) {
  const by = state.detail.routes.filter((route) => route.points.some((stop) => stop.work_item === pin.work_item)).map(who);
  return pin.kind === "excluded" ? !by.length : by.length > 0 && by.every((one) => one === pin.vehicle);
}

async function look(newest, shown) {
  await select(newest.id, { fit: false });
  await compareWith(shown.version);
}

export function pinsBox(detail) {
  const found = known();
  if (!found) return null;
  const newest = detail.plan.versions[0], waiting = found.pins.filter((one) => !kept(one)).length;
  return h("section.pins", {}, h("h3", {}, t("pin.list", { n: found.pins.length })),
    found.pins.length ? h("div.table.short", { tabIndex: 0, role: "group", "aria-label": t("pin.list", { n: found.pins.length }), "data-keep": "pins" }, h("table", {}, h("caption.hidden", {}, t("pin.list", { n: found.pins.length })),
      h("thead", {}, h("tr", {}, ["place", "wish", "by", "here", "undo"].map((name) => h("th", { scope: "col" }, t(`pin.col.${name}`))))), h("tbody", {}, found.pins.map(row))))
      : h("p.dim", {}, t(may() ? "pin.empty" : "pin.empty.viewer")),
    h("p.row", {}, may() && h("button", { type: "button", "data-key": "replan", onclick: replan }, t("pin.replan")),
      detail.plan.requests > 0 ? h("span.chip.info", { role: "status" }, t("plan.planning")) : waiting > 0 && h("span.dim", {}, t("pin.waiting", { n: waiting })),
      newest && newest.version > detail.version.version && h("button", { type: "button", "data-key": "pin-newest", onclick: () => look(newest, detail.version) }, t("pin.newest", { id: newest.id }))));
}

function row(pin) {
  return h("tr", {}, h("th", { scope: "row" }, placeButton(pin.place.slice(pin.place.indexOf(":") + 1), `pinned-${pin.work_item}`, pin.place || pin.work_item)),
    h("td", {}, wishText(pin)), h("td", {}, `${pin.actor} · ${when(pin.at, now())}`), h("td", {}, t(kept(pin) ? "pin.kept" : "pin.notyet")),
    h("td", {}, may() && h("button", { type: "button", "data-key": `unpin-${pin.work_item}`, onclick: () => unpin(pin) }, t("pin.remove"))));
}

const unpin = (one) => pin({ work_item: one.work_item, remove: true });
