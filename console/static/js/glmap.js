// The map with WebGL: MapLibre over the page's own GeoJSON, nothing from anywhere else.
import * as maplibre from "/static/vendor/maplibre/maplibre-gl.mjs";
import { images } from "./icons.js";
import { here, label, land, lanes, outline, quiet, select } from "./palette.js";
import { createVehicleLayer } from "./vehiclelayer.js";

const FONT = "'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";
const EMPTY = { type: "FeatureCollection", features: [] };
const POINTS = ["facilities", "stations", "cases"];

const byClass = (main, secondary, lane) => ["match", ["get", "c"], "main", main, "secondary", secondary, lane];
const widths = (factor) => ["interpolate", ["exponential", 1.5], ["zoom"],
  10, ["*", factor, byClass(1.7, 1.2, 0.5)], 13, ["*", factor, byClass(3.2, 2.4, 1.2)], 17, ["*", factor, byClass(14, 11, 7)]];
const painted = ["number", ["feature-state", "w"], 1];
const streetColour = () => ["to-color", ["feature-state", "k"], byClass(quiet(), quiet(), lanes())];
const streetOpacity = ["number", ["feature-state", "o"], 1];

function layers(lang) {
  const text = (size) => ({ "text-field": ["get", lang], "text-font": ["Noto Sans SC"], "text-size": size });
  const halo = { "text-color": label(), "text-halo-color": outline(), "text-halo-width": 1.6 };
  return [
    { id: "land", type: "background", paint: { "background-color": land() } },
    { id: "streets", type: "line", source: "streets", layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": streetColour(), "line-width": widths(painted), "line-opacity": streetOpacity } },
    { id: "drive", type: "line", source: "drive", layout: { "line-cap": "round" },
      paint: { "line-color": select(), "line-width": 1.4, "line-dasharray": [2, 2.5], "line-opacity": 0.75 } },
    { id: "pick", type: "line", source: "pick", layout: { "line-cap": "round" },
      paint: { "line-color": select(), "line-width": ["interpolate", ["linear"], ["zoom"], 10, 4, 16, 12], "line-opacity": 0.5 } },
    { id: "names", type: "symbol", source: "streets", minzoom: 14, layout: { "symbol-placement": "line", "symbol-spacing": 320, ...text(12) }, paint: halo },
    { id: "facilities", type: "symbol", source: "facilities", filter: ["any", [">=", ["zoom"], 13.5], ["!=", ["get", "kind"], "hydrant"]], layout: { "icon-image": ["get", "icon"], "icon-size": 0.42, "icon-allow-overlap": true } },
    { id: "stations", type: "circle", source: "stations",
      layout: { "circle-sort-key": ["get", "size"] },
      paint: { "circle-color": ["get", "colour"], "circle-stroke-color": outline(), "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 11, 0.5, 14, 1.5],
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, ["*", 1.9, ["get", "size"]], 16, ["*", 7, ["get", "size"]]] } },
    { id: "cases", type: "symbol", source: "cases", layout: { "icon-image": ["get", "icon"], "icon-size": 0.48, "icon-allow-overlap": true } },
    { id: "stops", type: "symbol", source: "stops", minzoom: 12.5, layout: { "text-field": ["get", "n"], "text-font": ["Noto Sans SC"], "text-size": 11 }, paint: halo },
    { id: "ring", type: "line", source: "here", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": select(), "line-width": 1.5, "line-dasharray": [3, 2] } },
    { id: "here", type: "circle", source: "here", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": here(), "circle-radius": 8, "circle-stroke-color": outline(), "circle-stroke-width": 3 } },
  ];
}

/** Raises when the browser has no WebGL. `onPick(kind, id, [lon, lat])` on a click, unless `onTap([lon, lat])` took it. */
export function createGlMap(container, { bounds, attribution, streets, lang, onPick, onTap, onMove, onDrag, onClosed }) {
  const source = (data) => ({ type: "geojson", data });
  const sources = { streets: { ...source(streets), tolerance: 0.3, buffer: 16 }, drive: source(EMPTY), pick: source(EMPTY), stops: source(EMPTY), here: source(EMPTY) };
  for (const name of POINTS) sources[name] = { ...source(EMPTY), promoteId: "ref" };
  const map = new maplibre.Map({
    container, style: { version: 8, sources, layers: layers(lang) }, bounds, fitBoundsOptions: { padding: 40 }, attributionControl: false,
    localIdeographFontFamily: FONT, dragRotate: false, maxPitch: 0, fadeDuration: 0, minZoom: 8, maxZoom: 19, renderWorldCopies: false,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibre.ScaleControl(), "bottom-right");
  map.addControl(new maplibre.AttributionControl({ compact: false, customAttribution: attribution || undefined }), "bottom-right");
  const held = { points: new Map(), painted: new Map(), under: new Set() };
  const vehicles = createVehicleLayer(map);
  const popup = new maplibre.Popup({ maxWidth: "280px", focusAfterOpen: false });
  const ready = new Promise((resolve) => map.once("style.load", () => { addImages(map); resolve(); }));

  popup.on("close", onClosed);
  map.on("moveend", onMove);
  map.on("dragstart", onDrag);
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow")) onDrag();
    if (event.key === "Enter") ask({ point: map.project(map.getCenter()), lngLat: map.getCenter() }); // of what is in the middle
  });
  const ask = (event) => { if (!onTap(event.lngLat.toArray())) onPick(...picked(map, vehicles, event)); };
  map.on("click", ask);
  const under = (layer, there) => {
    held.under[there ? "add" : "delete"](layer);
    map.getCanvas().style.cursor = held.under.size ? "pointer" : "";
  };
  map.on("mousemove", (event) => under("vehicles", Boolean(vehicles.under(event.point))));
  for (const layer of ["cases", "stations", "facilities", "streets"]) {
    map.on("mouseenter", layer, () => under(layer, true));
    map.on("mouseleave", layer, () => under(layer, false));
  }
  const put = (name, data) => ready.then(() => map.getSource(name).setData(data));
  return {
    map, vehicles, ready, kind: "webgl",
    paintStreets: (paints) => ready.then(() => paint(map, held, paints)),
    setPoints: (name, features) => (name === "vehicles" ? vehicles.set(features) : ready.then(() => putPoints(map, held, name, features))),
    setStops: (features) => put("stops", { type: "FeatureCollection", features }),
    setHere: (features) => put("here", { type: "FeatureCollection", features }),
    setDrive: (lines) => put("drive", { type: "MultiLineString", coordinates: lines }),
    setPick: (lines) => put("pick", { type: "MultiLineString", coordinates: lines }),
    show: (name, visible) => (name === "vehicles" ? vehicles.show(visible) : ready.then(() => map.setLayoutProperty(name, "visibility", visible ? "visible" : "none"))),
    restyle: (language) => ready.then(() => { restyle(map, language); vehicles.restyle(); }),
    fit: (box) => map.fitBounds(box, { padding: 60, maxZoom: 15.5, duration: 400 }),
    fly: (lon, lat) => map.easeTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), 15), duration: 400 }),
    hold: (lon, lat) => map.easeTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), 14), duration: 400 }),
    where: () => [map.getZoom().toFixed(1), ...map.getCenter().toArray().map((degrees) => degrees.toFixed(4))],
    look: (zoom, lon, lat) => map.jumpTo({ center: [lon, lat], zoom }),
    popup: (at, node) => { popup.setLngLat(at).setDOMContent(node); if (!popup.isOpen()) popup.addTo(map); },
    closePopup: () => popup.remove(),
    resize: () => map.resize(),
  };
}

function addImages(map) {
  for (const [name, image] of Object.entries(images())) {
    if (map.hasImage(name)) map.updateImage(name, image);
    else map.addImage(name, image, { pixelRatio: 1 });
  }
}

function restyle(map, lang) {
  addImages(map);
  for (const layer of layers(lang)) {
    for (const [key, value] of Object.entries(layer.paint ?? {})) map.setPaintProperty(layer.id, key, value);
    if (layer.layout?.["text-field"]) map.setLayoutProperty(layer.id, "text-field", layer.layout["text-field"]);
  }
}

/** `paints`: street index → {k colour, w width factor, o opacity}. Only what differs from last time is touched. */
function paint(map, held, paints) {
  const ref = (id) => ({ source: "streets", id });
  for (const index of held.painted.keys()) if (!paints.has(index)) map.removeFeatureState(ref(index));
  for (const [index, value] of paints) {
    const before = held.painted.get(index);
    if (!before || before.k !== value.k || before.w !== value.w || before.o !== value.o) map.setFeatureState(ref(index), value);
  }
  held.painted = paints;
}

/** Points by their `ref`. Only what differs from last time is sent on and drawn. */
function putPoints(map, held, name, features) {
  const before = held.points.get(name) ?? new Map();
  const now = new Map(features.map((f) => [f.properties.ref, JSON.stringify([f.geometry.coordinates, f.properties])]));
  const add = features.filter((f) => before.get(f.properties.ref) !== now.get(f.properties.ref));
  const remove = [...before.keys()].filter((ref) => !now.has(ref));
  held.points.set(name, now);
  if (add.length || remove.length) map.getSource(name).updateData({ add, remove });
}

function picked(map, vehicles, event) {
  const { x, y } = event.point;
  const box = (r) => [[x - r, y - r], [x + r, y + r]];
  const vehicle = vehicles.under(event.point);
  if (vehicle) return ["vehicles", vehicle.properties.ref, vehicle.geometry.coordinates];
  for (const layer of ["cases", "stations", "facilities"]) {
    const [feature] = map.queryRenderedFeatures(box(6), { layers: [layer] });
    if (feature) return [layer, feature.properties.ref, feature.geometry.coordinates];
  }
  const [street] = map.queryRenderedFeatures(box(5), { layers: ["streets"] });
  return street ? ["street", street.id, [event.lngLat.lng, event.lngLat.lat]] : [null, null, null];
}
