// Where work is: a street or station by its name, to be shown on the map; a spot by its coordinates.
import { h } from "./dom.js";
import { named, t } from "./i18n.js";
import { showAt, showStreets } from "./mapview.js";
import { state } from "./store.js";

/** A button that names a place and shows it, or its id where it is not known. `ref` is a segment's or station's id. */
export function placeButton(ref, key, otherwise = ref) {
  const street = state.streets.list[state.streets.byId.get(ref)];
  if (street) return h("button", { type: "button", "data-key": key, onclick: () => showStreets([street.id]) }, named(street) || t("street.unnamed"));
  const station = state.stations?.stations.find((one) => one.id === ref);
  return station ? h("button", { type: "button", "data-key": key, onclick: () => showAt("stations", station.id, station.lon, station.lat) }, named(station)) : h("span.mono", {}, otherwise);
}
