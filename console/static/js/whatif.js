// What if: the plan worked out with a vehicle away, a street closed, another rate or onset. Nothing of it is stored.
import { ApiError, get, post, remove } from "./api.js";
import { numbers, tables } from "./difference.js";
import { ask, h, toast } from "./dom.js";
import { number, span, t, word } from "./i18n.js";
import { fitChanges, showStreets } from "./mapview.js";
import { now, on, set, state } from "./store.js";
import { streetName, streetPick } from "./streetpick.js";

const LOOK_MS = 1000;
const RATES = ["light_snow_forecast", "heavy_snow_forecast", "freezing_rain_forecast", "ice_formed", "frost_mild", "frost_wet", "frost_wet_hard", "frost_forecast"];
const NOTHING = { without: "", close: "", rate: "", onset_min: "0" };
let looking = 0, asking = { ...NOTHING, plan: "" }; // what is chosen in the form, which is drawn anew at every hint

on("detail", (detail) => { if (detail && may()) look(); });

const may = () => state.me?.role !== "viewer";

/** Read how far it is, and again while it is worked out. */
async function look() {
  clearTimeout(looking);
  const found = await get("/api/what-if").catch(() => state.whatIf);
  if (JSON.stringify(found) !== JSON.stringify(state.whatIf)) set("whatIf", found);
  if (found?.state === "running" && state.detail) looking = setTimeout(look, LOOK_MS);
}

async function start(event) {
  event.preventDefault();
  const id = state.detail.version.id, { without, close, rate, onset_min } = asking;
  await does(() => post(`/api/plans/${encodeURIComponent(id)}/what-if`, { without, close, rate, onset_min: Math.round(Number(onset_min)) }));
  look();
}

async function does(command) {
  try { await command(); } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message, true);
  }
}

async function forget() {
  await does(() => remove("/api/what-if"));
  if (onMap()) set("difference", null);
  asking = { ...NOTHING, plan: "" };
  set("whatIf", null);
}

export function whatIfBox(detail) {
  if (!may() || state.pins?.plan !== detail.plan.code || ["closed", "superseded"].includes(detail.version.state)) return null;
  const found = state.whatIf, mine = found?.version === detail.version.id;
  return h("details.whatif", { "data-open": "what-if", open: mine }, h("summary", { "data-key": "what-if" }, t("whatif.title")),
    h("p.dim", {}, t("whatif.hint")), mine ? shown(found, detail) : found?.state === "running" ? h("p.dim", {}, t("whatif.busy", { who: found.by, id: found.version })) : questions(detail));
}

function questions(detail) {
  if (asking.plan !== detail.plan.code) asking = { ...NOTHING, plan: detail.plan.code };
  const keep = (event) => { asking[event.target.name] = event.target.value; };
  const choose = (name, label, options) => h("label", {}, `${label} `, h("select", { name, "data-key": `what-if-${name}`, onchange: keep }, h("option", { value: "" }, t("whatif.asis")), options.map(([value, text]) => h("option", { value, selected: asking[name] === value }, text))));
  const salting = detail.plan.service === "salting";
  return h("form.fields", { onsubmit: start }, choose("without", t("whatif.without"), state.pins.takers.filter((one) => !one.out).map((one) => [one.id, one.name])),
    closing(detail), salting && choose("rate", t("whatif.rate"), RATES.map((row) => [row, word("row", row)])),
    salting && h("label", {}, `${t("whatif.onset")} `, h("input", { name: "onset_min", type: "number", min: "-1440", max: "1440", step: "1", value: asking.onset_min, "data-key": "what-if-onset", oninput: keep })),
    h("p.row", {}, h("button.primary", { type: "submit", "data-key": "what-if-start" }, t("whatif.start"))));
}

/** The street to be closed, found by its name or among those offered, and on the map once chosen. */
function closing(detail) {
  const again = (id, focus) => { asking.close = id; set("whatIf", state.whatIf); document.querySelector(`[data-key="${focus}"]`)?.focus(); };
  if (asking.close) return h("p.row", {}, t("whatif.said.close", { what: streetName(asking.close) }), h("button", { type: "button", "data-key": "what-if-open", onclick: () => again("", "what-if-close") }, t("whatif.open")));
  return streetPick({ key: "what-if-close", label: t("whatif.close"), offered: offered(detail), pick: (id) => { showStreets([id]); again(id, "what-if-open"); } });
}

/** Streets offered before anything is typed: the one picked on the map, and those of the route shown. */
function offered(detail) {
  const route = detail.routes.find((one) => one.id === state.route);
  const ids = [state.see?.kind === "street" && state.see.id, ...(route?.points ?? []).filter((stop) => stop.kind === "segment").map((stop) => stop.ref)].filter(Boolean);
  return [...new Set(ids)];
}

const nameOf = (id) => state.pins?.takers.find((one) => one.id === id)?.name ?? id;

function changeText({ without, close, rate, onset_min }) {
  return [without && t("whatif.said.without", { who: nameOf(without) }), close && t("whatif.said.close", { what: streetName(close) }), rate && t("whatif.said.rate", { row: word("row", rate) }),
    onset_min && t(onset_min > 0 ? "whatif.said.later" : "whatif.said.earlier", { t: span(Math.abs(onset_min) * 60) })].filter(Boolean).join(t("list.comma"));
}

function shown(found, detail) {
  const again = h("button", { type: "button", "data-key": "what-if-forget", onclick: forget }, t(found.state === "running" ? "whatif.stop" : "whatif.forget"));
  const said = h("p", {}, h("span.chip.warn", {}, t("whatif.label")), " ", h("strong", {}, changeText(found.change)));
  if (found.state === "running") {
    const text = t("whatif.running", { t: span(found.elapsed_s), all: span(found.expected_s) });
    return [said, h("p.row", { role: "status" }, h("progress", { max: found.expected_s, value: Math.min(found.elapsed_s, found.expected_s), "aria-label": text }), text, again)];
  }
  if (found.state === "failed") return [said, h("p.notes.bad", { role: "alert" }, t("whatif.failed", { what: found.text })), again];
  const { before, after, difference, unserved, feasible } = found.result;
  return [said, !feasible && h("p.notes.bad", {}, t("whatif.infeasible")), numbers(before, after, [detail.version.id, t("whatif.label")], difference),
    unserved.length > 0 && h("p.notes", {}, t("whatif.unserved", { n: number(unserved.length), what: reasons(unserved) })), ...tables(difference),
    h("p.row", {}, difference.stops.length > 0 && h("button", { type: "button", "data-key": "what-if-map", "aria-pressed": String(onMap()), onclick: toMap }, t("compare.show")), again), forReal(found.change)];
}

function reasons(rows) {
  const counts = new Map();
  for (const row of rows) counts.set(row.reason, (counts.get(row.reason) ?? 0) + 1);
  return [...counts].map(([reason, n]) => `${word("reason", reason)} ${n}`).join(t("list.comma"));
}

const onMap = () => Boolean(state.difference) && state.difference === state.whatIf?.result?.difference;

function toMap() {
  if (onMap()) { set("difference", null); return; }
  if (state.compare !== null) set("compare", null);
  set("difference", state.whatIf.result.difference);
  fitChanges();
}

/** The commands that make it true, where there are any: what is out of service is said as an event. */
function forReal({ without, close, rate, onset_min }) {
  const kind = state.detail.plan.service === "beats" ? "crew" : "vehicle";
  const out = (what, ref, text) => h("button.danger", { type: "button", "data-key": `real-${what}`, onclick: () => takeOut(what, ref, text) }, text);
  return h("p.row", {}, without && out(kind, without, t("whatif.real.without", { who: nameOf(without) })), close && out("street", close, t("whatif.real.close", { what: streetName(close) })),
    (rate || onset_min) && h("span.dim", {}, t("whatif.real.alert")));
}

async function takeOut(kind, ref, text) {
  if (!(await ask({ title: text, text: t("whatif.real.text"), yes: t("whatif.real.yes"), no: t("cancel"), danger: true }))) return;
  await does(async () => {
    await post("/api/events", { type: "resource.status", kind, ref, status: "out", since: new Date(now()).toISOString() });
    toast(t("whatif.real.done"));
  });
}
