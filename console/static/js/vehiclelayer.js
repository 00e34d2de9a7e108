// Vehicles, on a canvas of their own over the map with WebGL: they move all the time, and what lies beneath need not be drawn anew for it.
import { bitmaps } from "./icons.js";
import { label, outline } from "./palette.js";

const ICON = { from: [11, 18.5], to: [15, 27] }; // zoom, width in pixels; between the two it grows evenly
const PLATES_FROM_ZOOM = 13.5;
const PLATE = { font: "11px 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif", below: 12, high: 14, halo: 3 };
const NEAR_PX = 3; // so far beside a vehicle it is still meant

/** Over a MapLibre map that is neither turned nor tilted. */
export function createVehicleLayer(map) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas.style, { position: "absolute", left: "0", top: "0", width: "100%", height: "100%", pointerEvents: "none" });
  canvas.setAttribute("aria-hidden", "true");
  map.getCanvasContainer().append(canvas);
  const g = canvas.getContext("2d");
  let icons = bitmaps(), features = [], visible = true, asked = false, drawn = [];

  const size = () => {
    const { from: [z0, small], to: [z1, large] } = ICON;
    return small + (large - small) * Math.min(1, Math.max(0, (map.getZoom() - z0) / (z1 - z0)));
  };

  function draw() {
    const base = map.getCanvas(), ratio = devicePixelRatio, wide = base.clientWidth, high = base.clientHeight;
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(high * ratio);
    }
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, wide, high);
    const px = size();
    drawn = visible ? features.map((f) => ({ f, at: map.project(f.geometry.coordinates) }))
      .filter(({ at }) => at.x > -px && at.y > -px && at.x < wide + px && at.y < high + px) : [];
    for (const { f, at } of drawn) {
      const turn = f.properties.heading * Math.PI / 180, [cos, sin] = [ratio * Math.cos(turn), ratio * Math.sin(turn)];
      g.setTransform(cos, sin, -sin, cos, at.x * ratio, at.y * ratio);
      g.drawImage(icons[f.properties.icon], -px / 2, -px / 2, px, px);
    }
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (map.getZoom() >= PLATES_FROM_ZOOM) drawPlates();
  }

  /** Those that are not over one another; the vehicles on top have theirs first. */
  function drawPlates() {
    const taken = [];
    Object.assign(g, { font: PLATE.font, textAlign: "center", textBaseline: "top", lineJoin: "round", lineWidth: PLATE.halo, strokeStyle: outline(), fillStyle: label() });
    for (const { f, at } of [...drawn].reverse()) {
      const text = f.properties.label, half = g.measureText(text).width / 2, top = at.y + PLATE.below;
      if (taken.some((box) => Math.abs(box.x - at.x) < box.half + half && Math.abs(box.top - top) < PLATE.high)) continue;
      taken.push({ x: at.x, half, top });
      g.strokeText(text, at.x, top);
      g.fillText(text, at.x, top);
    }
  }

  function redraw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; draw(); });
  }

  map.on("render", draw);
  return {
    /** Those with a higher `order` lie on top. */
    set: (all) => { features = [...all].sort((a, b) => a.properties.order - b.properties.order); redraw(); },
    show: (on) => { visible = on; redraw(); },
    restyle: () => { icons = bitmaps(); redraw(); },
    /** Where each vehicle in sight was last drawn, in pixels of the map. */
    drawn: () => new Map(drawn.map(({ f, at }) => [f.properties.ref, [at.x, at.y]])),
    /** The vehicle on top there, in pixels of the map; undefined: none. */
    under: (point) => drawn.findLast(({ at }) => Math.hypot(at.x - point.x, at.y - point.y) <= size() / 2 + NEAR_PX)?.f,
  };
}
