// What the colours mean, in the corner of the map.
import { $, fill, h } from "./dom.js";
import { t, word } from "./i18n.js";
import { ageColours, changeColours, classColours, lanes, neverColour, quiet, routeColour } from "./palette.js";
import { set, state } from "./store.js";

const row = (colour, text) => h("li", {}, h("span.swatch", { colour }), text);

export function drawLegend() {
  const parts = { plan: planLegend, age: ageLegend, class: classLegend }[state.mode]();
  fill($("legend"), h("h2", {}, t(`mode.${state.mode}`)), h("ul", {}, parts));
}

function planLegend() {
  if (state.difference) return [...Object.entries(changeColours()).map(([name, colour]) => row(colour, t(`compare.${name}`))), row(quiet(), t("compare.same"))];
  if (state.detail) {
    return state.detail.routes.map((route) => h("li", {}, h("button", {
      type: "button", "data-key": route.id, "aria-pressed": String(state.route === route.id), onclick: () => set("route", state.route === route.id ? null : route.id) },
    h("span.swatch", { colour: routeColour(route.seq - 1) }), `${route.seq} · ${route.vehicle || route.crew}`)));
  }
  const plans = new Map();
  for (const route of state.work ?? []) plans.set(route.plan, [...(plans.get(route.plan) ?? []), route]);
  if (!plans.size) return h("li.dim", {}, t("legend.noplan"));
  const rows = [...plans.entries()].map(([code, routes], place) => h("li", {}, h("button", {
    type: "button", "data-key": code, onclick: () => set("wanted", routes[0].version) },
  h("span.swatches", {}, routes.slice(0, 8).map((r) => h("span.swatch", { colour: routeColour(r.seq - 1 + place * 5) }))),
  `${word("service", routes[0].service)} ${code.split("-").slice(2).join("-")}`)));
  return [h("li.dim", {}, t("legend.routes")), ...rows, row(quiet(), t("legend.other"))];
}

function ageLegend() {
  return [...ageColours().map((colour, i) => row(colour, t(`age.${i}`))), row(neverColour(), t("age.never")), row(lanes(), t("class.lane"))];
}

const classLegend = () => Object.entries(classColours()).map(([name, colour]) => row(colour, t(`class.${name}`)));
