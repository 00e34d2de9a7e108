// The map without WebGL: the same calls on a plain canvas. Slower, no labels; drag, wheel, click and the keys (arrows, + and -, Enter for what is in the middle) work.
import { bitmaps } from "./icons.js";
import { here, land, lanes, outline, quiet, select } from "./palette.js";

const WIDTHS = { main: 2.4, secondary: 1.7, lane: 0.8 };
const PAN_PX = 100; // an arrow key, as MapLibre does
const ORDER = ["facilities", "stations", "cases", "vehicles"];

export function createFlatMap(container, { bounds, attribution, streets, onPick, onTap, onMove, onDrag, onClosed }) {
  const canvas = document.createElement("canvas");
  canvas.style.width = canvas.style.height = "100%";
  canvas.tabIndex = 0;
  canvas.className = "maplibregl-canvas";
  const credit = document.createElement("p");
  credit.textContent = attribution;
  Object.assign(credit.style, { position: "absolute", right: "4px", bottom: "0", fontSize: "12px" });
  const note = document.createElement("div");
  Object.assign(note.style, { position: "absolute", zIndex: 5, display: "none", padding: "8px 12px", background: "var(--surface)", borderRadius: "8px" });
  container.replaceChildren(canvas, credit, note);
  const g = canvas.getContext("2d");
  const below = document.createElement("canvas"), streetsOn = below.getContext("2d"); // the streets: vehicles move over them far more often than they change
  const stretch = Math.cos(((bounds[1] + bounds[3]) / 2) * Math.PI / 180);
  const view = { lon: (bounds[0] + bounds[2]) / 2, lat: (bounds[1] + bounds[3]) / 2, scale: 1 };
  const data = { paints: new Map(), points: new Map(), hidden: new Set(), drive: [], pick: [], here: [], icons: bitmaps() };
  let asked = false, changed = true;

  const xy = ([lon, lat]) => [canvas.width / 2 + (lon - view.lon) * stretch * view.scale, canvas.height / 2 - (lat - view.lat) * view.scale];
  const at = (x, y) => [view.lon + (x - canvas.width / 2) / view.scale / stretch, view.lat - (y - canvas.height / 2) / view.scale];
  const fit = (box) => {
    view.lon = (box[0] + box[2]) / 2; view.lat = (box[1] + box[3]) / 2;
    view.scale = 0.9 * Math.min(canvas.width / Math.max(1e-4, (box[2] - box[0]) * stretch), canvas.height / Math.max(1e-4, box[3] - box[1]));
    redraw();
  };
  function redraw() {
    changed = true;
    redrawPoints();
  }
  function redrawPoints() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; const all = changed; drawAll(); if (all) onMove(); });
  }
  function line(points, colour, width, alpha = 1, on = g) {
    on.beginPath();
    points.forEach((p, i) => { const [x, y] = xy(p); if (i) on.lineTo(x, y); else on.moveTo(x, y); });
    on.strokeStyle = colour; on.lineWidth = width; on.globalAlpha = alpha; on.stroke(); on.globalAlpha = 1;
  }
  function drawStreets() {
    below.width = canvas.width; below.height = canvas.height;
    streetsOn.fillStyle = land(); streetsOn.fillRect(0, 0, below.width, below.height);
    const wide = Math.min(4, Math.max(1, view.scale / 9000));
    for (const f of streets.features) {
      const p = data.paints.get(f.id);
      line(f.geometry.coordinates, p?.k ?? (f.properties.c === "lane" ? lanes() : quiet()), WIDTHS[f.properties.c] * wide * (p?.w ?? 1), p?.o ?? 1, streetsOn);
    }
    changed = false;
  }
  function drawAll() {
    if (!canvas.width || !canvas.height) return;
    if (changed) drawStreets();
    g.drawImage(below, 0, 0);
    for (const drive of data.drive) line(drive, select(), 1.2, 0.6);
    for (const pick of data.pick) line(pick, select(), 6, 0.5);
    for (const name of ORDER) if (!data.hidden.has(name)) for (const f of data.points.get(name) ?? []) point(f);
    for (const f of data.here) if (f.geometry.type === "Point") point({ geometry: f.geometry, properties: { colour: here(), size: 2 } }); else line(f.geometry.coordinates, select(), 1.5);
  }
  function point(f) {
    const [x, y] = xy(f.geometry.coordinates);
    const icon = data.icons[f.properties.icon];
    if (!icon) {
      g.beginPath(); g.arc(x, y, 4 * (f.properties.size ?? 1), 0, 7); g.fillStyle = f.properties.colour; g.fill(); g.strokeStyle = outline(); g.lineWidth = 1; g.stroke();
      return;
    }
    g.save(); g.translate(x, y); g.rotate((f.properties.heading ?? 0) * Math.PI / 180); g.drawImage(icon, -11, -11, 22, 22); g.restore();
  }
  function size() {
    const fresh = canvas.width !== container.clientWidth || canvas.height !== container.clientHeight;
    if (!fresh) return;
    canvas.width = container.clientWidth; canvas.height = container.clientHeight;
    redraw();
  }
  handle(canvas, view, { at, redraw, stretch, onDrag, onClick: (x, y) => { if (!onTap(at(x, y))) onPick(...pickedAt(x, y)); } });
  function pickedAt(x, y) {
    const near = (p, r) => { const [px, py] = xy(p); return Math.hypot(px - x, py - y) <= r; };
    for (const name of [...ORDER].reverse()) {
      const f = data.hidden.has(name) ? null : (data.points.get(name) ?? []).find((f) => near(f.geometry.coordinates, 9));
      if (f) return [name, f.properties.ref, f.geometry.coordinates];
    }
    const street = streets.features.find((f) => f.geometry.coordinates.some((p) => near(p, 8)));
    return street ? ["street", street.id, at(x, y)] : [null, null, null];
  }
  new ResizeObserver(size).observe(container);
  size();
  fit(bounds);
  return {
    ready: Promise.resolve(), kind: "canvas",
    paintStreets: (paints) => { data.paints = paints; redraw(); },
    setPoints: (name, features) => { data.points.set(name, features); redrawPoints(); },
    setStops: () => {},
    setHere: (features) => { data.here = features; redraw(); },
    setDrive: (lines) => { data.drive = lines; redraw(); },
    setPick: (lines) => { data.pick = lines; redraw(); },
    show: (name, visible) => { if (visible) data.hidden.delete(name); else data.hidden.add(name); redraw(); },
    restyle: () => { data.icons = bitmaps(); redraw(); },
    fit, fly: (lon, lat) => { view.lon = lon; view.lat = lat; view.scale = Math.max(view.scale, 40000); redraw(); },
    hold: (lon, lat) => { Object.assign(view, { lon, lat, scale: Math.max(view.scale, 20000) }); redraw(); },
    popup: (place, node) => { const [x, y] = xy(place); note.replaceChildren(node); Object.assign(note.style, { display: "block", left: `${x}px`, top: `${y}px` }); },
    closePopup: () => { if (note.style.display !== "none") { note.style.display = "none"; onClosed(); } },
    // The zoom levels are MapLibre's, so that an address means the same on both maps.
    where: () => [Math.log2(view.scale * stretch * 360 / 512).toFixed(1), view.lon.toFixed(4), view.lat.toFixed(4)],
    look: (zoom, lon, lat) => { Object.assign(view, { lon, lat, scale: 2 ** zoom * 512 / 360 / stretch }); redraw(); },
    resize: size,
  };
}

function handle(canvas, view, { redraw, stretch, onDrag, onClick }) {
  let from = null, moved = false;
  canvas.addEventListener("pointerdown", (e) => { from = [e.clientX, e.clientY]; moved = false; canvas.setPointerCapture(e.pointerId); });
  canvas.addEventListener("pointermove", (e) => {
    if (!from) return;
    const [dx, dy] = [e.clientX - from[0], e.clientY - from[1]];
    if (!moved && Math.hypot(dx, dy) < 4) return;
    if (!moved) onDrag();
    moved = true; from = [e.clientX, e.clientY];
    view.lon -= dx / view.scale / stretch; view.lat += dy / view.scale;
    redraw();
  });
  canvas.addEventListener("pointerup", (e) => { if (from && !moved) onClick(e.offsetX, e.offsetY); from = null; });
  const zoom = (factor) => { view.scale = Math.min(5e5, Math.max(500, view.scale * factor)); redraw(); };
  canvas.addEventListener("wheel", (e) => { e.preventDefault(); zoom(e.deltaY < 0 ? 1.2 : 1 / 1.2); }, { passive: false });
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  canvas.addEventListener("keydown", (e) => {
    if (e.key === "+" || e.key === "=") zoom(1.3);
    if (e.key === "-") zoom(1 / 1.3);
    if (e.key === "Enter") onClick(canvas.width / 2, canvas.height / 2);
    if (!ways[e.key]) return;
    e.preventDefault();
    onDrag();
    view.lon += ways[e.key][0] * PAN_PX / view.scale / stretch; view.lat += ways[e.key][1] * PAN_PX / view.scale;
    redraw();
  });
}
