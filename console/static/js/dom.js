// Elements made from values. Text goes in as text only: nothing a sender wrote can become markup.

/** h("p.dim", {title}, child, ...): children are elements, strings, numbers; null and false are left out. */
export function h(tag, properties, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name || "div");
  if (classes.length) element.classList.add(...classes);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "colour") element.style.backgroundColor = value;
    else if (["width", "height", "left"].includes(key) && typeof value === "string") element.style[key] = value;
    else if (key in element && !key.startsWith("aria")) element[key] = value;
    else element.setAttribute(key, value === true ? "true" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const $ = (id) => document.getElementById(id);

/** What has the focus in an element, so that it can be found again among new children: by `data-key`, else by what it is and says. */
function focusIn(element) {
  const held = element.contains(document.activeElement) && document.activeElement !== element ? document.activeElement : null;
  if (!held) return null;
  const same = (e) => e.tagName === held.tagName && e.getAttribute("href") === held.getAttribute("href") && e.textContent === held.textContent;
  return held.dataset.key ? () => element.querySelector(`[data-key="${CSS.escape(held.dataset.key)}"]`) : () => [...element.querySelectorAll(held.tagName)].find(same);
}

/** Rows of a list that is drawn again and again: `rows(items, key, says, make)`. One that says the same as before is the same
 * element, which `fill` leaves as it is. `says` gives all that its row is made of. */
export function keptRows() {
  let held = new Map();
  return (items, key, says, make) => {
    held = new Map(items.map((item) => {
      const name = key(item), said = JSON.stringify(says(item)), old = held.get(name);
      return [name, old?.said === said ? old : { said, row: make(item) }];
    }));
    return [...held.values()].map(({ row }) => row);
  };
}

/** Put these children in place of the old. Where only some are others than before, only those are touched: a long list is not
 * laid out anew for the few rows that have changed. Whether it was so. */
function exchange(element, fresh) {
  const old = [...element.childNodes];
  const few = old.length === fresh.length && fresh.every((child, i) => child === old[i] || (child instanceof Node && child.parentNode !== element));
  if (few) fresh.forEach((child, i) => child !== old[i] && old[i].replaceWith(child));
  else element.replaceChildren(...fresh);
  return few && fresh.some((child, i) => child === old[i]);
}

/** Put new children in place of the old, keeping scroll positions (`data-keep`), what is unfolded (`data-open`) and the focus;
 * where what had it has gone, the element itself has it (if it can), so that Tab goes on from here and not from the page's top. */
export function fill(element, ...children) {
  const top = element.scrollTop;
  const tops = new Map([...element.querySelectorAll("[data-keep]")].map((e) => [e.dataset.keep, e.scrollTop]));
  const again = focusIn(element);
  const open = new Set([...element.querySelectorAll("details[data-open][open]")].map((e) => e.dataset.open));
  if (!exchange(element, children.flat(Infinity).filter(Boolean))) element.scrollTop = top;
  for (const e of element.querySelectorAll("[data-keep]")) e.scrollTop = tops.get(e.dataset.keep) ?? 0;
  for (const e of element.querySelectorAll("details[data-open]")) if (open.has(e.dataset.open)) e.open = true;
  if (again) (again() ?? element).focus({ preventScroll: true });
}

let toastTimer = 0;
export function toast(text, bad = false) {
  const box = $("toast");
  box.textContent = text;
  box.classList.toggle("bad", bad);
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, bad ? 8000 : 4000);
}

/** After a dialog the browser gives the focus back to what had it, unless that was drawn anew meanwhile. */
function returned(key) {
  if (document.activeElement === document.body) (key && document.querySelector(`[data-key="${CSS.escape(key)}"]`) || $("panel-body")).focus({ preventScroll: true });
}

/** Ask for values in fields, below a text where one is given: {name, label, options?, value?, required?, maxLength?, pattern?, rows?}. Resolves to them by name, or null. */
export function form({ title, text = "", fields, yes, no }) {
  const dialog = $("confirm-dialog"), opener = document.activeElement?.dataset.key;
  return new Promise((resolve) => {
    const close = (answer) => { dialog.onclose = null; dialog.close(); returned(opener); resolve(answer); };
    const control = ({ name, options, value = "", required = false, maxLength = 200, pattern, rows }, i) => (options
      ? h("select", { name }, options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)))
      : rows ? h("textarea", { name, value, required, maxLength, rows, autofocus: i === 0 })
      : h("input", { name, value, required, maxLength, pattern, autofocus: i === 0, autocomplete: "off" }));
    dialog.replaceChildren(h("form.fields", { method: "dialog", onsubmit: (event) => { event.preventDefault(); close(Object.fromEntries(new FormData(event.target))); } },
      h("h2", { id: "confirm-title" }, title), text && h("p", {}, text), fields.map((field, i) => h("label", {}, field.label, control(field, i))),
      h("div.row", {}, h("button", { type: "button", onclick: () => close(null) }, no), h("button.primary", { type: "submit" }, yes))));
    dialog.setAttribute("aria-labelledby", "confirm-title");
    dialog.onclose = () => { returned(opener); resolve(null); };
    dialog.showModal();
  });
}

/** Ask; resolves true when the answer is yes. */
export function ask({ title, text, yes, no, danger = false }) {
  const dialog = $("confirm-dialog"), opener = document.activeElement?.dataset.key;
  return new Promise((resolve) => {
    const close = (answer) => { dialog.onclose = null; dialog.close(); returned(opener); resolve(answer); };
    dialog.replaceChildren(
      h("h2", { id: "confirm-title" }, title), h("p", {}, text),
      h("div.row", {}, h("button", { type: "button", onclick: () => close(false) }, no),
        h(danger ? "button.danger" : "button.primary", { type: "button", autofocus: true, onclick: () => close(true) }, yes)));
    dialog.setAttribute("aria-labelledby", "confirm-title");
    dialog.onclose = () => { returned(opener); resolve(false); };
    dialog.showModal();
  });
}
