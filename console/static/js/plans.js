// Plans: the list with verdicts and numbers, one version in detail, approving it.
import { ApiError, get, post } from "./api.js";
import { compareWith, differenceBox } from "./difference.js";
import { ask, h, toast } from "./dom.js";
import { empty } from "./lists.js";
import { hours, km, mass, named, number, shortTime, span, t, when, word } from "./i18n.js";
import { fitTo, setMode, showAt } from "./mapview.js";
import { routeColour } from "./palette.js";
import { load, now, set, state } from "./store.js";

const CHIP = { proposed: "warn", approved: "info", active: "good", closed: "", superseded: "", draft: "" };
const STOPS_SHOWN = 400, UNSERVED_SHOWN = 30;
let stale = null;

export const chip = (code) => h(CHIP[code] ? `span.chip.${CHIP[code]}` : "span.chip", {}, t(`state.${code}`));
const verdict = (version) => h(version.feasible ? "span.verdict.yes" : "span.verdict.no", {}, t(version.feasible ? "plan.feasible" : "plan.infeasible"));
const districtName = (code) => { const d = state.city.districts.find((row) => row.code === code); return d ? named(d) : code; };
const planName = (plan) => `${word("service", plan.service)} · ${districtName(plan.district)}`;

function figures(version, service) {
  const one = (value, label, bad = false) => h(bad ? "span.bad" : "span", {}, h("b", {}, value), ` ${label}`);
  return h("div.figures", {}, one(number(version.tasks), t("plan.tasks", { n: version.tasks })),
    version.unserved > 0 && one(number(version.unserved), t("plan.unserved"), true), one(number(version.routes), t("plan.routes", { n: version.routes })),
    h("span", {}, h("b", {}, km(version.distance_m))),
    version.salt_kg > 0 && h("span", {}, `${t("plan.salt")} `, h("b", {}, mass(version.salt_kg))),
    version.waste_kg > 0 && h("span", {}, `${t("plan.waste")} `, h("b", {}, mass(version.waste_kg))),
    service === "beats" && h("span", {}, hours(version.duration_s)));
}

export function plansList() {
  if (!state.plans) return h("p.empty", {}, t("plan.loading"));
  if (!state.plans.length) return empty("plans");
  const groups = { waiting: [], live: [], spare: [], past: [] };
  for (const plan of state.plans) groups[groupOf(plan)].push(plan);
  const waits = (plan) => Number(!plan.versions.some((v) => v.state === "active"));
  groups.live.sort((a, b) => waits(a) - waits(b));
  return Object.entries(groups).filter(([, plans]) => plans.length).map(([name, plans]) => h("section", {}, h("h2.group", {}, t(`plans.${name}`)), plans.map(card)));
}

function groupOf(plan) {
  if (plan.versions[0]?.state === "proposed") return "waiting";
  if (plan.versions.some((v) => v.state === "active" || v.state === "approved")) return "live";
  return plan.versions[0]?.state === "draft" ? "spare" : "past";
}

function card(plan) {
  return h("article.item", {},
    h("header", {}, h("h3", {}, planName(plan)), plan.requests > 0 && h("span.chip.info", {}, t("plan.planning"))),
    h("div.sub", {}, h("span.mono", {}, plan.code), h("span.num", {}, `${when(plan.start_at, now())}–${shortTime(plan.end_at)}`)),
    plan.versions.filter((v, i) => i === 0 || v.state === "active" || v.state === "approved").map((version) => h("button.version", {
      type: "button", "data-key": version.id, "aria-current": String(state.selected === version.id), onclick: () => select(version.id) },
    h("span.line", {}, chip(version.state), verdict(version), h("span.num.dim", {}, `${t("plan.version", { n: version.version })} · ${version.engine}`)),
    figures(version, plan.service))));
}

/** Pick a version: read it and show it, its streets by route and the map on it unless told otherwise. null: the list. */
export async function select(id, { fit = true, mode = "plan" } = {}) {
  stale = null;
  set("route", null);
  set("selected", id);
  compareWith(null);
  set("detail", null);
  if (id === null) return;
  set("tab", "plans");
  setMode(mode);
  await reread(fit);
}

/** Read the picked version again, as after a hint. */
export async function reread(fit = false) {
  const id = state.selected;
  if (!id) return;
  try {
    const detail = await get(`/api/plans/${encodeURIComponent(id)}`);
    if (state.selected !== id) return;
    set("detail", detail);
    if (fit) fitTo(detail.routes);
  } catch (error) {
    if (error.status === 404) await select(null);
    toast(t("error.load", { what: error.message }), true);
  }
}

export function planDetail() {
  const back = h("button.back", { type: "button", "data-key": "back", onclick: () => select(null) }, `← ${t("plan.back")}`);
  const detail = state.detail;
  if (!detail) return h("div.detail", {}, back, h("p.empty", {}, t("plan.loading")));
  const { version } = detail;
  const cell = (label, value, bad) => h("div", {}, h("dt", {}, label), h(bad ? "dd.bad" : "dd", {}, value));
  const page = h("button", { type: "button", id: "page-open", "data-key": "page", onclick: () => set("page", true) }, t("page.open"));
  return h("div.detail", {}, h("div.row", {}, back, page),
    head(detail),
    staleBox(), notes(detail), around(detail),
    h("dl.grid", {}, cell(t("plan.tasks"), number(version.tasks)), cell(t("plan.unserved"), number(version.unserved), version.unserved > 0), cell(t("plan.routes"), number(version.routes)),
      cell(t("unit.km"), number(version.distance_m / 1000, 1)), cell(t("plan.hours"), hours(version.duration_s)),
      version.waste_kg > 0 && cell(t("plan.waste"), mass(version.waste_kg)), version.salt_kg > 0 && cell(t("plan.salt"), mass(version.salt_kg))),
    others(detail), differenceBox(detail), faults(detail), unserved(detail), routes(detail));
}

/** What the version is, how it stands, and the way to its full page. */
export function head(detail) {
  const { plan, version } = detail;
  return h("header", {}, h("h2", {}, planName(plan)), h("div.title", {}, chip(version.state), verdict(version), h("span.mono", {}, version.id)),
      h("p.dim", {}, `${when(plan.start_at, now())}–${shortTime(plan.end_at)} · ${t("plan.made", { t: when(version.created_at, now()) })} · ${version.engine}`),
      version.reason.startsWith("asked:") && h("p.dim", {}, t("plan.asked", { what: version.reason.slice(6) })),
      version.approved_by && h("p.dim", {}, t("plan.approvedby", { who: version.approved_by, t: when(version.approved_at, now()) })),
      ["approved", "active"].includes(version.state) && h("p.dim", {}, t("plan.sheets", { n: version.sheets_ready, m: version.routes })));
}

function staleBox() {
  if (!stale || stale.id !== state.selected) return null;
  const lines = stale.difference.map((c) => h("li", {}, t("change.line", { who: c.who, added: c.added, dropped: c.dropped, stop: c.from_stop })));
  return h("div.notes.bad", { role: "alert" }, h("strong", {}, `${t("approve.stale")}: ${stale.detail}`),
    stale.newest && stale.newest !== stale.id && [h("p", {}, t("approve.difference", { id: stale.newest })), h("ul", {}, lines.length ? lines : h("li", {}, t("change.none"))),
      h("button", { type: "button", onclick: () => select(stale.newest) }, t("approve.newest", { id: stale.newest }))]);
}

function notes(detail) {
  const lines = detail.notes.map((note) => {
    if (note.code === "rate") return t("note.rate", { g: note.g_m2, passes: note.passes, row: word("row", note.row) });
    return word("note", note.code).replace("{t}", note.onset ? when(note.onset, now()) : "");
  });
  return lines.length ? h("ul.notes", {}, lines.map((line) => h("li", {}, line))) : null;
}

/** What the plan had to be made around: a store that never opens, work nobody can reach. */
function around(detail) {
  const lines = detail.verdict.around ?? [];
  return lines.length ? h("details.notes", {}, h("summary", {}, t("plan.around", { n: lines.length })), h("ul", {}, lines.slice(0, 10).map((line) => h("li", {}, line)))) : null;
}

/** The other versions of the plan, to step between them. */
function others(detail) {
  const rest = detail.plan.versions.filter((v) => v.id !== detail.version.id);
  return rest.length ? h("div", {}, rest.slice(0, 6).map((v) => h("button.version", { type: "button", "data-key": v.id, onclick: () => select(v.id) },
    h("span.line", {}, chip(v.state), verdict(v), h("span.num.dim", {}, t("plan.version", { n: v.version }))), figures(v, detail.plan.service)))) : null;
}

export function faults(detail) {
  const found = detail.verdict.faults ?? detail.verdict.violations ?? [];
  if (detail.version.feasible || !found.length) return null;
  const text = (fault) => (typeof fault === "string" ? fault : Object.values(fault).join(" · "));
  return h("div.notes.bad", {}, h("strong", {}, t("plan.faults")), h("ul", {}, found.slice(0, 10).map((fault) => h("li", {}, text(fault)))));
}

function unserved(detail) {
  if (!detail.unserved.length) return null;
  const rest = detail.unserved.length - UNSERVED_SHOWN;
  return h("details", {}, h("summary", {}, `${t("plan.unserved.title")} (${detail.unserved.length})`),
    h("ul", {}, detail.unserved.slice(0, UNSERVED_SHOWN).map((task) => h("li", {}, h("span.mono", {}, task.task ?? ""), " ", word("reason", task.reason))), rest > 0 && h("li.dim", {}, t("plan.more", { n: rest }))));
}

function routes(detail) {
  return h("section", {}, h("h3", {}, `${t("plan.routes")} (${detail.routes.length})`), h("div.routes", {}, detail.routes.map((route) => {
    const open = state.route === route.id;
    const load_ = route.salt_kg || route.waste_kg;
    return [h("button.route", { type: "button", "data-key": route.id, "aria-expanded": String(open), onclick: () => pickRoute(route) },
      h("span.swatch", { colour: routeColour(route.seq - 1) }), h("strong", {}, `${route.seq} · ${vehicleName(route)}`), h("span.num", {}, `${shortTime(route.start_at)}–${shortTime(route.end_at)}`),
      h("span.dim", {}, [t("plan.stops", { n: route.stops }), km(route.distance_m), load_ > 0 && mass(load_)].filter(Boolean).join(" · ")),
      h("span.dim.num", {}, span(route.duration_s))), open && stops(route)];
  })));
}

export function vehicleName(route) {
  const vehicle = state.vehicles?.find((row) => row.id === route.vehicle);
  return vehicle ? `${vehicle.plate} · ${word("vehiclekind", vehicle.kind)}` : route.vehicle || route.crew;
}

export function pickRoute(route) {
  const open = state.route === route.id;
  set("route", open ? null : route.id);
  if (!open) fitTo([route]);
}

/** The sheet of a route, and its way for navigators. */
export function routeFiles(route) {
  return h("p.tracks", {}, route.sheet && h("a", { href: `/sheets/${encodeURIComponent(route.sheet)}.pdf`, target: "_blank", rel: "noopener" }, `${t("plan.sheet")} ${route.sheet}`),
    ["gpx", "geojson"].map((kind) => h("a", { href: `/api/plans/${encodeURIComponent(state.selected)}/routes/${route.seq}/track.${kind}`, download: "" }, kind === "gpx" ? "GPX" : "GeoJSON")));
}

function stops(route) {
  const rest = route.points.length - STOPS_SHOWN;
  return h("div.stops", { "data-keep": route.id, tabIndex: 0, role: "group", "aria-label": t("stops.title") }, h("div.item", {}, routeFiles(route)),
    h("ol", {}, route.points.slice(0, STOPS_SHOWN).map((p) => h("li", {}, h("button", { type: "button", "data-key": `stop-${route.id}-${p.n}`, onclick: () => showAt("stop", p.ref, p.lon, p.lat) },
      h("span.num.dim", {}, String(p.n)), h("span.place", {}, named(p) || t("street.unnamed")),
      h("span.num.dim", {}, p.quantity_kg > 0 ? mass(p.quantity_kg) : ""), h("span.num", {}, shortTime(p.arrive)))))), rest > 0 && h("p.dim.item", {}, t("plan.more", { n: rest })));
}

const mayApprove = () => ["approver", "admin"].includes(state.me?.role);

export function planFoot() {
  const version = state.detail?.version;
  if (version && mayUndo(version)) return [h("button", { id: "undo", type: "button", "data-key": "undo", onclick: undo }, t("undo"))];
  if (!version || version.state !== "proposed") return null;
  if (!mayApprove()) return [h("span.dim", {}, t("approve.role"))];
  return [h("button.primary", { id: "approve", type: "button", "data-key": "approve", disabled: !version.feasible, onclick: approve }, t("approve.key"))];
}

const UNDO_MS = 600000;
const mayUndo = (version) => mayApprove() && ["approved", "active"].includes(version.state) && version.based_on !== null && version.approved_at && new Date(now()) - new Date(version.approved_at) <= UNDO_MS;

/** Ask for the routes as they were before this change: a new version that waits for approval. */
async function undo() {
  const version = state.detail?.version;
  const yes = await ask({ title: t("undo.title", { id: version.id }), text: t("undo.text"), yes: t("undo"), no: t("cancel") });
  if (!yes) return;
  try {
    await post(`/api/plans/${encodeURIComponent(version.id)}/undo`);
    toast(t("undo.done"));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message, true);
  }
  load("plans");
}

/** Ask, then approve the version shown: exactly the one that was looked at. */
export async function approve() {
  const version = state.detail?.version;
  if (!version || version.state !== "proposed" || !version.feasible || !mayApprove()) return;
  const yes = await ask({ title: t("approve.title", { id: version.id }), text: t("approve.text", version), yes: t("approve"), no: t("cancel") });
  if (!yes) return;
  try {
    set("detail", await post(`/api/plans/${encodeURIComponent(version.id)}/approve`));
    toast(t("approve.done", { id: version.id }));
  } catch (error) {
    refused(error, version.id);
  }
  load("plans"); load("work");
}

function refused(error, id) {
  if (!(error instanceof ApiError)) throw error;
  if (error.status === 409) {
    stale = { id, detail: error.message, newest: error.problem.newest, difference: error.problem.difference ?? [] };
    reread();
    return;
  }
  toast(error.status === 403 ? t("error.forbidden") : error.message, true);
}

