// Following one vehicle: the map keeps it in sight until somebody moves the map, presses Esc or follows another.
import { $, fill, h, toast } from "./dom.js";
import { span, t } from "./i18n.js";
import { condition, holdInSight } from "./mapview.js";
import { on, seenAt, set, state } from "./store.js";

export function startFollow() {
  on("follow", () => { kept = ""; keep(); draw(); });
  on("vehicles", () => { if (state.follow) { keep(); draw(); } });
  on("moved", (ids) => { if (ids.includes(state.follow)) keep(); });
  on("mapDragged", end);
  draw();
}

export const end = () => { if (state.follow) set("follow", null); };

/** The key: follow the vehicle that is looked at, or follow no longer. */
export function toggle() {
  const id = state.see?.kind === "vehicles" ? state.see.id : null;
  if (state.follow && (!id || id === state.follow)) return end();
  if (!id) return toast(t("follow.none"), true);
  return set("follow", id);
}

const followed = () => state.vehicles?.find((one) => one.id === state.follow);

let kept = ""; // the place the map was last moved to: moving it there again would draw it all again

function keep() {
  const vehicle = followed(), place = `${vehicle?.lon},${vehicle?.lat}`;
  if (!vehicle || vehicle.lon === null || place === kept) return;
  kept = place;
  holdInSight(vehicle.lon, vehicle.lat);
}

export function draw() {
  const vehicle = followed();
  $("follow").hidden = !state.follow;
  if (!state.follow) return;
  const lost = !vehicle || vehicle.lon === null, stale = !lost && condition(vehicle) === "stale";
  fill($("follow"), h("span", {}, t("follow.on", { who: vehicle?.plate ?? state.follow })),
    (lost || stale) && h("span.chip.warn", {}, lost ? t("vehicle.nofix") : t("vehicle.stale", { t: span((seenAt() - Date.parse(vehicle.observed_at)) / 1000) })),
    h("button", { type: "button", "data-key": "follow-end", onclick: end }, t("follow.end")));
}
