// Picking one street by typing its name: for who has no mouse, and since nobody knows the ids of segments.
import { amongAlike } from "./alike.js";
import { fill, h } from "./dom.js";
import { named, number, t } from "./i18n.js";
import { state } from "./store.js";
import { crossings } from "./streets.js";

const SHOWN = 12;
const typed = new Map(); // what stands in each box, through redraws of its panel

/** A segment as people say it: the street, what it runs between, and which one where several are called so. */
export function streetName(id) {
  const street = state.streets.list[state.streets.byId.get(id)];
  if (!street) return id;
  const [a, b] = crossings(state.streets, street).map((other) => (other ? named(other) : t("street.end")));
  const { n, of, side } = amongAlike(state.streets, street);
  const which = of > 1 ? t(`street.alike.${side}`, { n, of, m: number(street.lengthM) }) : "";
  return t("street.between", { name: named(street) || t("street.unnamed"), a, b, which });
}

function find(text) {
  const wanted = text.trim().toLowerCase();
  return wanted ? state.streets.list.filter((s) => [s.name, s.name_en, s.id].some((word) => word?.toLowerCase().includes(wanted))).map((s) => s.id) : [];
}

/** A box and what it finds; `offered` are ids shown while nothing is typed. Enter takes the first, the arrow down goes to the list. */
export function streetPick({ key, label, offered = [], pick }) {
  const list = h("ul.found-streets", { "aria-label": label });
  const chosen = (id) => { typed.delete(key); pick(id); };
  const draw = () => {
    const ids = box.value.trim() ? find(box.value) : offered;
    fill(list, ids.slice(0, SHOWN).map((id) => h("li", {}, h("button.quiet", { type: "button", "data-key": `${key}-${id}`, onclick: () => chosen(id) }, streetName(id)))),
      ids.length > SHOWN && h("li.dim", {}, t("street.more", { n: number(ids.length - SHOWN) })), !ids.length && box.value.trim() && h("li.dim", {}, t("search.nothing")));
  };
  const box = h("input", { type: "search", value: typed.get(key) ?? "", "data-key": key, autocomplete: "off", placeholder: t("street.search"),
    oninput: () => { typed.set(key, box.value); draw(); },
    onkeydown: (event) => {
      if (event.key === "ArrowDown") { event.preventDefault(); list.querySelector("button")?.focus(); }
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault(); // not the form around it
      list.querySelector("button")?.click();
    } });
  draw();
  return h("div.street-pick", {}, h("label", {}, `${label} `, box), list);
}
