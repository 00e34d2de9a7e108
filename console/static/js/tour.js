// The first look round: a card beside one part of the page after the other. Nothing waits for it, and any key works meanwhile.
import { $, h } from "./dom.js";
import { t } from "./i18n.js";

const SEEN = "sweepline.tour";
const STEPS = [["map", "map-box"], ["panel", "tabs"], ["degree", "degree"], ["start", "self-start"], ["search", "search"], ["keys", "help"]];
let at = -1, card = null;

/** Shown by itself once a browser, not on a phone, whose screen it would cover; from the help at any time. */
export function startTour() {
  if (matchMedia("(max-width: 760px)").matches) return;
  try { if (localStorage.getItem(SEEN)) return; } catch { return; }
  begin();
}

export function begin() {
  at = 0;
  drawTour();
}

function end() {
  at = -1;
  try { localStorage.setItem(SEEN, "1"); } catch { /* it is shown again next time */ }
  drawTour();
}

function step(by) {
  at += by;
  if (at >= STEPS.length) end(); else drawTour();
  card?.querySelector(".primary")?.focus();
}

/** Put the card where the step is; again after the language has changed. */
export function drawTour() {
  document.querySelector("[data-toured]")?.removeAttribute("data-toured");
  card?.remove();
  card = null;
  if (at < 0) return;
  const [name, id] = STEPS[at];
  const last = at === STEPS.length - 1;
  $(id).dataset.toured = "";
  card = h("section.tour.card", { role: "region", "aria-labelledby": "tour-title", onkeydown: (event) => { if (event.key === "Escape") { event.stopPropagation(); end(); } } },
    h("h2", { id: "tour-title" }, t(`tour.${name}`)), h("p", {}, t(`tour.${name}.text`)),
    h("div.row", {}, h("span.dim.num", {}, `${at + 1}/${STEPS.length}`), h("span.grow"),
      !last && h("button.quiet", { type: "button", onclick: end }, t("tour.skip")),
      at > 0 && h("button", { type: "button", onclick: () => step(-1) }, t("tour.back")),
      h("button.primary", { type: "button", onclick: () => step(1) }, t(last ? "tour.done" : "tour.next"))));
  $("app").append(card);
}
