// Telling apart the pieces of a street that run between the same two streets, and so are called the same.
import { language, named } from "./i18n.js";
import { crossings } from "./streets.js";

let known = { streets: null, language: "", groups: new Map() }; // what a piece is called by -> the pieces called so
const calledBy = (streets, street) => [named(street), ...crossings(streets, street).map((one) => (one ? named(one) : "")).sort()].join("\n");
const middle = ({ line }) => [0, 1].map((i) => (line[0][i] + line.at(-1)[i]) / 2);

function groupsOf(streets) {
  if (known.streets === streets && known.language === language()) return known.groups;
  const groups = new Map();
  for (const street of streets.list) {
    const key = calledBy(streets, street);
    if (groups.has(key)) groups.get(key).push(street); else groups.set(key, [street]);
  }
  known = { streets, language: language(), groups };
  return groups;
}

/** Where a piece stands among those of the same name between the same streets: `n` of `of`, counted from the side (north or
 * west) from which they lie one after the other. */
export function amongAlike(streets, street) {
  const alike = groupsOf(streets).get(calledBy(streets, street));
  const at = new Map(alike.map((one) => [one, middle(one)]));
  const spread = (i) => Math.max(...[...at.values()].map((p) => p[i])) - Math.min(...[...at.values()].map((p) => p[i]));
  const side = spread(1) >= spread(0) * Math.cos((middle(street)[1] * Math.PI) / 180) ? "north" : "west";
  const along = (one) => (side === "north" ? -at.get(one)[1] : at.get(one)[0]);
  const inOrder = [...alike].sort((a, b) => along(a) - along(b) || (a.id < b.id ? -1 : 1));
  return { n: inOrder.indexOf(street) + 1, of: alike.length, side };
}
