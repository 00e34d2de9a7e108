// The page on which a case is filed, made for a phone in one hand: what waits to be sent, then kind, place, photo, words.
import { $, ask, fill, h, toast } from "./dom.js";
import { areKept } from "./drafts.js";
import { change, correct, discard, filing, giveUp, isBegun, sendAll, startFiling, submit } from "./filing.js";
import { openCase } from "./cases.js";
import { has, span, t, when, word } from "./i18n.js";
import { flyTo, showHere, takeTaps } from "./mapview.js";
import { BYTES_LIMIT, picker, shrink } from "./photos.js";
import { now, on, set, state } from "./store.js";
import { streetPick } from "./streetpick.js";
import { fromDevice, fromStreet, inWords } from "./placing.js";

const KINDS = ["overflow", "litter", "debris", "ice", "snow", "oily", "other"];
const TICK_MS = 10000;
const TEXT_LIMIT = 1000;
let preview = ""; // the address of the photo shown
let opener = null;
let told = null; // the outcomes shown: read out once, not with every change of the queue

export const mayFile = () => state.me && state.me.role !== "viewer";

export async function startFilePage() {
  if (!mayFile()) return;
  $("file-open").addEventListener("click", () => set("filing", !state.filing));
  on("filing", show);
  on("drafts", () => { drawButton(); if (!state.filing) return; if ($("file-form")) drawQueue(); else begin(); });
  setInterval(() => { for (const e of document.querySelectorAll("[data-begun]")) e.textContent = age(Number(e.dataset.begun)); }, TICK_MS);
  await startFiling();
  drawButton();
}

/** Words in the language chosen, with what was typed so far. */
export function redraw() {
  if (!mayFile() || !filing.draft) return;
  drawButton();
  if (state.filing) build();
}

function drawButton() {
  const waiting = filing.queue.length;
  $("file-open").hidden = false;
  $("file-open").dataset.waiting = String(waiting);
  $("file-open").setAttribute("aria-expanded", String(state.filing));
  fill($("file-open"), h("span", {}, t("file.open")), waiting > 0 && h("span.count.bad", { "aria-label": t("file.waiting", { n: waiting }) }, String(waiting)));
}

function show(open) {
  document.documentElement.toggleAttribute("data-filing", open);
  $("filing").hidden = !open;
  drawButton();
  if (!open) { takeTaps(null); showHere(null); opener?.focus(); return; }
  opener = document.activeElement;
  begin();
}

/** At once, or as soon as the browser has given out what it keeps. */
function begin() {
  if (!filing.draft) return;
  takeTaps(([lon, lat]) => put({ lon, lat, how: "map" }, false));
  build();
  $("file-title").focus();
}

function build() {
  const draft = filing.draft;
  fill($("filing"),
    h("header.row", {}, h("h2", { id: "file-title", tabIndex: -1 }, t("file.title")), h("button.icon", { type: "button", "data-key": "file-close", "aria-label": t("close"), title: t("close"), onclick: () => set("filing", false) }, "✕")),
    h("form", { id: "file-form", noValidate: true, onsubmit: send }, h("div.file-body", {},
      h("div", { id: "file-done", role: "status" }), h("div", { id: "file-queue" }),
      h("fieldset.kinds", {}, h("legend", {}, t("file.kind")), KINDS.map((kind) => h("label", {}, h("input", { type: "radio", name: "kind", value: kind, checked: draft.kind === kind, "data-key": `kind-${kind}`, onchange: () => change({ kind }) }), h("span", {}, t(`casekind.${kind}`))))),
      h("fieldset", {}, h("legend", {}, t("file.place")), h("p", { id: "file-place", role: "status" }),
        h("div.row", {}, h("button", { type: "button", id: "file-here", "data-key": "file-here", onclick: askDevice }, t("file.here")), h("span.dim", {}, t("file.tap"))),
        h("div", { id: "file-street" })),
      h("fieldset", {}, h("legend", {}, t("file.photo")), h("div", { id: "file-photo" })),
      h("label", {}, t("file.words"), h("textarea", { id: "file-words", rows: 3, maxLength: TEXT_LIMIT, value: draft.text, "data-key": "file-words", oninput: (event) => change({ text: event.target.value }) })),
      h("p.dim", {}, t(areKept() ? "file.kept" : "file.notkept"))),
    h("div.file-foot", {}, h("p.error", { id: "file-error", role: "alert" }),
      h("div.row", {}, h("button.primary", { type: "submit", "data-key": "file-send" }, t("file.send")), h("button.quiet", { type: "button", "data-key": "file-discard", onclick: drop }, t("file.discard"))))));
  told = null;
  drawPlace();
  drawStreets();
  drawPhoto();
  drawQueue();
}

function drawPlace() {
  const place = filing.draft.place, said = inWords(place);
  $("file-place").className = said.bad ? "error" : said.vague ? "notes" : place ? "" : "dim";
  fill($("file-place"), h("span", {}, said.text), said.vague && h("span", {}, ` ${t("file.place.vague")}`));
  showHere(place);
}

function put(place, fly = true) {
  change({ place }, true);
  drawPlace();
  if (fly) flyTo(place.lon, place.lat);
}

async function askDevice() {
  const button = $("file-here");
  button.disabled = true;
  fill($("file-place"), h("span", {}, t("file.geo.looking")));
  try { put(await fromDevice()); } catch (error) { drawPlace(); fill($("file-place"), h("span.bad", {}, error.message)); }
  button.disabled = false;
}

function drawStreets() {
  fill($("file-street"), streetPick({ key: "file-street", label: t("file.street"), pick: (id) => { put(fromStreet(id)); drawStreets(); $("file-here").focus(); } }));
}

function drawPhoto() {
  if (preview) URL.revokeObjectURL(preview);
  const photo = filing.draft.photo;
  preview = photo ? URL.createObjectURL(new Blob([photo.bytes], { type: photo.type })) : "";
  fill($("file-photo"), photo && h("img", { src: preview, alt: t("file.photo.alt"), onerror: (event) => event.target.replaceWith(t("photo.bad.kind")) }),
    h("div.row", {}, picker("file-camera", t(photo ? "file.camera.again" : "file.camera"), takePhoto, false, true), picker("file-picture", t("file.picture"), takePhoto),
      photo && h("button.quiet", { type: "button", "data-key": "file-nophoto", onclick: () => { change({ photo: null }, true); drawPhoto(); } }, t("photo.remove"))));
}

async function takePhoto(file) {
  const small = await shrink(file);
  if (small.size > BYTES_LIMIT) { toast(t("photo.bad.large"), true); return; }
  await change({ photo: { type: small.type, bytes: await small.arrayBuffer() } }, true);
  drawPhoto();
}

async function send(event) {
  event.preventDefault();
  const draft = filing.draft;
  const missing = !draft.kind ? ["file.error.kind", "[data-key=kind-overflow]"] : !draft.place ? ["file.error.place", "#file-here"] : inWords(draft.place).bad ? ["file.place.far", "#file-here"] : null;
  $("file-error").textContent = missing ? t(missing[0]) : "";
  if (missing) { $("filing").querySelector(missing[1]).focus(); return; }
  await submit();
  build();
  document.querySelector(".file-body").scrollTop = 0;
  $("file-title").focus();
}

async function drop() {
  if (isBegun(filing.draft) && !(await ask({ title: t("file.discard.ask"), text: t("file.discard.text"), yes: t("file.discard"), no: t("cancel"), danger: true }))) return;
  await discard();
  build();
}

function drawQueue() {
  const waiting = filing.queue;
  if (told !== filing.outcomes) {
    told = filing.outcomes;
    fill($("file-done"), told.map((one) => h("p.filed", { "data-filed": one.case }, h("strong", {}, t(one.joined ? "file.joined" : "file.filed", { kind: word("casekind", one.kind), n: one.case })), ` ${deadline(one.deadline)}`,
      h("button.quiet", { type: "button", "data-key": `filed-${one.case}`, onclick: () => look(one.case) }, t("case.into.open")))));
  }
  fill($("file-queue"), waiting.length > 0 && h("section", { "aria-label": t("file.waiting", { n: waiting.length }) }, h("h3", {}, t("file.waiting", { n: waiting.length })), h("ul.said", {}, waiting.map(row))));
}

function deadline(value) {
  const left = (Date.parse(value) - now()) / 1000;
  return left > 0 ? t("file.deadline", { t: when(value, now()), left: span(left) }) : t("file.deadline.over", { t: when(value, now()) });
}

function row(draft) {
  const sending = filing.sending === draft.id;
  const head = draft.filed ? t("file.photo.unsent", { n: draft.filed.case }) : draft.stage === "refused" ? t("file.refused") : draft.stage === "put_off" ? t("file.putoff") : t("file.unsent");
  return h("li", { "data-draft": draft.id, "data-stage": draft.stage },
    h("p", {}, h(draft.stage === "waiting" ? "strong" : "strong.bad", {}, sending ? t("file.sending") : head), h("span.dim", {}, ` · ${word("casekind", draft.kind)} · `, h("span", { "data-begun": draft.begun_at }, age(draft.begun_at)))),
    draft.text && h("p.words.dim", {}, draft.text),
    draft.problem && !sending && h("p", {}, why(draft.problem)),
    h("div.row", {}, draft.stage === "waiting" && !sending && h("button", { type: "button", "data-key": `send-${draft.id}`, onclick: sendAll }, t("file.again")),
      ["refused", "put_off"].includes(draft.stage) && h("button.primary", { type: "button", "data-key": `correct-${draft.id}`, onclick: async () => { await correct(draft); build(); } }, t("file.correct")),
      draft.stage === "photo" && h("button", { type: "button", onclick: () => look(draft.filed.case) }, t("case.into.open")),
      !sending && h("button.quiet", { type: "button", "data-key": `giveup-${draft.id}`, onclick: () => abandon(draft) }, t("file.giveup"))));
}

const age = (begun) => t("file.age", { t: span((Date.now() - begun) / 1000) });
const why = ({ code, text }) => (has(`filewhy.${code}`) ? t(`filewhy.${code}`) : text);

async function abandon(draft) {
  const text = t(draft.sent ? "file.giveup.sent" : "file.giveup.text");
  if (await ask({ title: t("file.giveup.ask"), text, yes: t("file.giveup"), no: t("cancel"), danger: true })) { await giveUp(draft); toast(t("file.given")); }
}

async function look(number) {
  set("filing", false);
  set("board", false);
  set("tab", "cases");
  await openCase(number);
}
