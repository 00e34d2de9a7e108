// Where a case is: by the device, by a tap on the map, by a street's name; with the street it is next to.
import { named, t } from "./i18n.js";
import { state } from "./store.js";
import { nearest } from "./streets.js";

const WAIT_MS = 15000;
const FRESH_MS = 5000;
export const FAR_M = 2000; // further from any street it is not in the city: the server says the same
export const VAGUE_M = 100;

/** The device's own place: {lon, lat, accuracy_m, how}. Rejects with the words for why not. */
export function fromDevice() {
  return new Promise((resolve, reject) => {
    if (!isSecureContext || !navigator.geolocation) { reject(new Error(t("file.geo.insecure"))); return; }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lon: coords.longitude, lat: coords.latitude, accuracy_m: Math.round(coords.accuracy), how: "device" }),
      (error) => reject(new Error(t(["file.geo.denied", "file.geo.none", "file.geo.late"][error.code - 1] ?? "file.geo.none"))),
      { enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: FRESH_MS });
  });
}

/** A street's place: between its line's two middle points, not on a crossing, which would be as much the other street's. */
export function fromStreet(id) {
  const { line } = state.streets.list[state.streets.byId.get(id)];
  const i = Math.floor((line.length - 1) / 2), [a, b] = [line[i], line[Math.min(i + 1, line.length - 1)]];
  return { lon: (a[0] + b[0]) / 2, lat: (a[1] + b[1]) / 2, how: "street" };
}

/** In words: the street it is next to, and how exact it is. `bad` where the city has no street near by. */
export function inWords(place) {
  if (!place) return { text: t("file.place.none"), bad: false, vague: false };
  const found = nearest(state.streets, place.lon, place.lat);
  if (!found || found.distance_m > FAR_M) return { text: t("file.place.far"), bad: true, vague: false };
  const vague = place.accuracy_m > VAGUE_M;
  const by = place.how === "device" ? t("file.place.exact", { m: place.accuracy_m }) : t(`file.place.${place.how}`);
  return { text: `${named(found.street) || t("street.unnamed")} · ${by}`, bad: false, vague };
}
