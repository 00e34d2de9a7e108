// Resources: vehicles, crews, facilities and closed streets; what needs them, and putting them in and out of service.
import { post } from "./api.js";
import { form, h, keptRows, toast } from "./dom.js";
import { dayOf, language, named, t, when, word } from "./i18n.js";
import { empty } from "./lists.js";
import { showStreets } from "./mapview.js";
import { select } from "./plans.js";
import { load, now, set, state } from "./store.js";
import { streetName, streetPick } from "./streetpick.js";

const KINDS = ["all", "vehicle", "crew", "facility", "street"];
const CHIP = { in: "good", limited: "warn", out: "bad" };
const UNDO_MS = 30000;
const view = { kind: "all", undo: null, undoTimer: 0 };

const rowsOf = keptRows();

const may = () => state.me?.role !== "viewer";
const again = () => set("resources", state.resources);
export const outOfService = () => (state.resources ?? []).filter((one) => one.status !== "in");

export function resourcesTab() {
  if (!state.resources) return h("p.empty", {}, t("loading"));
  const street = pickedStreet();
  const rows = state.resources.filter((one) => view.kind === "all" || one.kind === view.kind), around = [may(), language(), dayOf(now())];
  return [h("div.item.row.case-head", {}, h("select", { "data-key": "resource-kind", "aria-label": t("resource.which"), onchange: (event) => { view.kind = event.target.value; again(); } },
    KINDS.map((kind) => h("option", { value: kind, selected: view.kind === kind }, t(`resource.kind.${kind}`)))),
  may() && street && h("button", { type: "button", "data-key": "street-out", onclick: () => ask("out", { kind: "street", ref: street.id, name: named(street) || street.id, name_en: named(street) || street.id, status: "in" }) }, t("resource.street.out", { name: named(street) || t("street.unnamed") })),
  may() && ["all", "street"].includes(view.kind) && streetPick({ key: "resource-street", label: t("resource.street.close"), pick: closeStreet })),
  rows.length ? rowsOf(rows, (one) => `${one.kind}:${one.ref}`, (one) => [one, one.needed.map((need) => plate(need.vehicle)), ...around], row) : empty(view.kind === "street" ? "streets" : "resources")];
}

/** Take out a street found by its name; it is shown on the map while the reason is asked for. */
function closeStreet(id) {
  const known = state.resources.find((one) => one.kind === "street" && one.ref === id);
  const name = streetName(id);
  showStreets([id]);
  if (known) toast(t("resource.street.known", { name }), true);
  else ask("out", { kind: "street", ref: id, name, name_en: name, status: "in" });
}

/** The street picked on the map, unless it is closed already. */
function pickedStreet() {
  const street = state.see?.kind === "street" ? state.streets.list[state.see.id] : null;
  return street && !state.resources.some((one) => one.kind === "street" && one.ref === street.id) ? street : null;
}

function row(one) {
  const { needed } = one, key = `${one.kind}:${one.ref}`;
  return h("article.item.kept", { "data-resource": key },
    h("header", {}, h("h3", {}, named(one) || one.ref), h(`span.chip.${CHIP[one.status]}`, {}, t(`resource.${one.status}`))),
    h("p.sub", {}, h("span", {}, t(`resource.kind.${one.kind}`)), h("span.mono", {}, one.ref), h("span", {}, one.district)),
    one.status !== "in" && h("p.words", {}, t("resource.since", { t: when(one.since, now()) }), one.until && ` · ${t("resource.until", { t: when(one.until, now()) })}`, one.reason && ` · ${one.reason}`),
    needed.length > 0 && h("div", {}, h("p.dim", {}, t(one.status === "in" ? "resource.needed" : "resource.missed", { n: needed.length })),
      h("ul.needs", {}, needed.map((need) => h("li", {}, h("button.quiet", { type: "button", "data-key": `${key}-${need.route}`, onclick: () => select(need.version) }, `${need.version} · ${plate(need.vehicle)}`),
        h("span.dim.num", {}, ` ${when(need.start_at, now())}–${when(need.end_at, now())} · ${t("resource.left", { n: need.stops_left })}`))))),
    may() && h("div.row", {}, ["out", "limited", "back"].filter((status) => status !== one.status && (status !== "back" || one.status !== "in")).map((status) => h("button", { type: "button", "data-key": `${status}-${key}`, onclick: () => ask(status, one) }, t(`resource.put.${status}`)))));
}

const plate = (id) => state.vehicles?.find((one) => one.id === id)?.plate ?? id;

async function ask(status, one) {
  const answer = await form({
    title: t(`resource.put.${status}.title`, { name: named(one) || one.ref }), text: consequence(status, one), yes: t(`resource.put.${status}`), no: t("cancel"),
    fields: status === "back" ? [] : [{ name: "reason", label: t("resource.reason"), maxLength: 400, required: true }],
  });
  if (!answer) return;
  if (!(await put(one, status, answer.reason ?? ""))) return;
  const text = t("resource.done", { name: named(one) || one.ref, what: t(`resource.${status === "back" ? "in" : status}`) });
  toast(text);
  clearTimeout(view.undoTimer);
  view.undo = { text, back: () => { view.undo = null; put(one, one.status === "in" ? "back" : one.status, one.reason ?? ""); } };
  view.undoTimer = setTimeout(() => { view.undo = null; again(); }, UNDO_MS);
  again();
}

/** What taking it out does to the routes in force that need it. */
function consequence(status, one) {
  if (status !== "out" || !one.needed?.length) return "";
  const said = t("resource.needed.by", { n: one.needed.length });
  if (one.kind !== "facility") return `${said} ${t("resource.replanned")}`;
  const kindOf = (id) => state.city.facilities.find((f) => f.id === id)?.kind;
  const other = state.resources.some((r) => r.kind === "facility" && r.ref !== one.ref && r.status !== "out" && kindOf(r.ref) === kindOf(one.ref));
  return `${said} ${t(kindOf(one.ref) === "depot" ? "resource.depot" : other ? "resource.elsewhere" : "resource.nowhere")}`;
}

async function put(one, status, reason) {
  try {
    set("resources", await post("/api/resources", { kind: one.kind, ref: one.ref, status, reason }));
    return true;
  } catch (error) {
    toast(error.status === 403 ? t("error.forbidden") : error.message, true);
    load("resources");
    return false;
  }
}

export const resourcesFoot = () => view.undo && [h("span", { role: "status" }, view.undo.text), h("button", { type: "button", "data-key": "resource-undo", onclick: view.undo.back }, t("case.undo"))];
