// Where a case is: by the device, by a tap on the map, by a street's name; with the street it is next to.
import { named, t } from "./i18n.js";
import { whereIs } from "./mapview.js";
import { state } from "./store.js";
import { nearest } from "./streets.js";

const WAIT_MS = 15000;
const FRESH_MS = 5000;
const FOUND = 6;
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

/** Streets by a part of their name, each with its place that is nearest to `near` (or to the map's middle). */
export function byName(text, near) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const [, lon, lat] = (whereIs() ?? [0, 0, 0]).map(Number);
  const from = near ?? { lon, lat };
  const away = ([x, y]) => Math.hypot((x - from.lon) * Math.cos(from.lat * Math.PI / 180), y - from.lat);
  const best = new Map();
  for (const street of state.streets.list) {
    if (![street.name, street.name_en].some((name) => name && name.toLowerCase().includes(wanted))) continue;
    const at = middle(street.line), known = best.get(street.name);
    if (!known || away(at) < away(known.at)) best.set(street.name, { label: named(street), at });
  }
  return [...best.values()].slice(0, FOUND);
}

/** Between a line's two middle points: not on a crossing, where it would be as much the other street's. */
function middle(line) {
  const i = Math.floor((line.length - 1) / 2), [a, b] = [line[i], line[Math.min(i + 1, line.length - 1)]];
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
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
