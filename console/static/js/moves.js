// Where vehicles are, as the stream says it between two readings of them all.
const CATCH_UP_MS = 10000; // a reading begun so long after a place was pushed knows of it, or knows better

const FIELDS = ["lon", "lat", "observed_at", "speed_kmh", "heading_deg", "tools"];
const pushed = new Map(); // vehicle → its last place from the stream, and when it came

/** The vehicles with the places of a message, `[id, ...FIELDS]` each. A vehicle that is not known waits for the reading. */
export function moved(vehicles, rows, came = Date.now()) {
  for (const [id, ...values] of rows) pushed.set(id, { place: Object.fromEntries(FIELDS.map((name, i) => [name, values[i]])), came });
  const named = new Set(rows.map(([id]) => id));
  return vehicles.map((one) => (named.has(one.id) ? later(one) : one));
}

/** Vehicles as they were read, moved on where the database could not know yet what the stream has said. */
export function caughtUp(vehicles, began) {
  for (const [id, { came }] of pushed) if (began - came > CATCH_UP_MS) pushed.delete(id);
  return vehicles.map(later);
}

/** A vehicle never goes back in time. */
function later(vehicle) {
  const place = pushed.get(vehicle.id)?.place;
  return place && (!vehicle.observed_at || Date.parse(place.observed_at) > Date.parse(vehicle.observed_at)) ? { ...vehicle, ...place } : vehicle;
}
