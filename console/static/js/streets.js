// The street network as sent (see /api/map/segments) unpacked once into lines in degrees.
const BRIDGE = 1, RAMP = 2;
export const M_PER_DEGREE = 111195;

export function unpack(packed) {
  const byId = new Map();
  const list = packed.segments.map((row, index) => {
    const [name, cls, flags, oneWay, lengthM, district] = row;
    const line = [];
    for (let i = 6, x = 0, y = 0; i < row.length; i += 2) {
      x += row[i]; y += row[i + 1];
      line.push([x / packed.scale, y / packed.scale]);
    }
    const id = packed.ids[index];
    byId.set(id, index);
    return {
      id, index, line, lengthM, oneWay, name: packed.names[name][0], name_en: packed.names[name][1] || packed.names[name][0],
      cls: packed.classes[cls], bridge: Boolean(flags & BRIDGE), ramp: Boolean(flags & RAMP), district: packed.districts[district],
    };
  });
  return { list, byId, hash: packed.network_hash };
}

export const isPriority = (street) => street.cls !== "lane" || street.bridge || street.ramp;

export function asGeoJson(streets) {
  return {
    type: "FeatureCollection",
    features: streets.list.map((s) => ({
      type: "Feature", id: s.index, geometry: { type: "LineString", coordinates: s.line },
      properties: { c: s.cls, b: s.bridge || s.ramp ? 1 : 0, zh: s.name, en: s.name_en },
    })),
  };
}

export const midpoint = (street) => street.line[Math.floor((street.line.length - 1) / 2)];

/** The street nearest to a place, and how far off it is; null in a city without streets. */
export function nearest(streets, lon, lat) {
  const east = Math.cos(lat * Math.PI / 180);
  let best = null;
  for (const street of streets.list) {
    for (let i = 1; i < street.line.length; i += 1) {
      const [ax, ay] = [(street.line[i - 1][0] - lon) * east, street.line[i - 1][1] - lat];
      const [dx, dy] = [(street.line[i][0] - lon) * east - ax, street.line[i][1] - lat - ay];
      const along = Math.min(1, Math.max(0, -(ax * dx + ay * dy) / (dx * dx + dy * dy || 1)));
      const away = Math.hypot(ax + along * dx, ay + along * dy);
      if (!best || away < best.away) best = { street, away };
    }
  }
  return best && { street: best.street, distance_m: best.away * M_PER_DEGREE };
}

export function boundsOf(points) {
  const box = [180, 90, -180, -90];
  for (const [lon, lat] of points) {
    box[0] = Math.min(box[0], lon); box[1] = Math.min(box[1], lat);
    box[2] = Math.max(box[2], lon); box[3] = Math.max(box[3], lat);
  }
  return box;
}

const ends = new WeakMap(); // of each network: place -> streets that begin or end there
const endKey = ([lon, lat]) => `${lon.toFixed(5)},${lat.toFixed(5)}`;

/** For both ends of a street the first one of another name that meets it there; undefined at a dead end. */
export function crossings(streets, street) {
  if (!ends.has(streets)) {
    const at = new Map();
    for (const s of streets.list) for (const end of [s.line[0], s.line.at(-1)]) at.set(endKey(end), [...(at.get(endKey(end)) ?? []), s]);
    ends.set(streets, at);
  }
  return [street.line[0], street.line.at(-1)].map((end) => ends.get(streets).get(endKey(end)).find((s) => s.name && s.name !== street.name));
}
