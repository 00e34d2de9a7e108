// Keys: single letters, never while somebody types or a dialog is open.
import { acknowledgeFocused } from "./alarms.js";
import { $, fill, h, toast } from "./dom.js";
import { t } from "./i18n.js";
import { mayFile } from "./filepage.js";
import { end, toggle as follow } from "./follow.js";
import { stop } from "./header.js";
import { setMode, show } from "./mapview.js";
import { moveFocused } from "./pins.js";
import { leave, play, toggle as replay } from "./past.js";
import { approve, select } from "./plans.js";
import { showReports } from "./reports.js";
import { writeNote } from "./shift.js";
import { switchSound } from "./sound.js";
import { goTo, step } from "./panel.js";
import { set, state } from "./store.js";
import { begin } from "./tour.js";

const HELP = ["/", "[ ]", "f", "v", "a", "k", "m", "x", "s", "c", "h", "w", "g", "t", "p", "1 2 3", "r", "l", "n", "Esc", "?"];

export function startKeys({ switchLanguage, switchTheme }) {
  const actions = {
    "/": () => $("search").focus(), "?": showHelp, f: () => state.selected && set("page", !state.page), v: moveFocused, a: approve, k: acknowledgeFocused, m: mute, "[": () => step(-1), "]": () => step(1), r: () => showReports(), l: switchLanguage, n: switchTheme, x: stop, s: () => goTo("snow"), c: () => { if (mayFile()) set("filing", !state.filing); }, h: () => goTo("shift"), w: writeNote, g: follow, t: replay, p: play,
    1: () => setMode("plan"), 2: () => setMode("age"), 3: () => setMode("class"), Escape: back,
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.matches?.("input:not([type=radio]):not([type=checkbox]):not([type=range]), textarea, select") || $("app").hidden) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  $("help").addEventListener("click", showHelp);
}

function mute() {
  toast(t(switchSound() ? "alarm.sound.on" : "alarm.sound.off"));
  set("alarms", state.alarms);
}

/** One thing at a time: the form, following, what is said on the map, the route, the plan, the past. */
function back() {
  if (state.filing) set("filing", false);
  else if (state.follow) end();
  else if (state.see) show(null);
  else if (state.page && state.selected) set("page", false);
  else if (state.route) set("route", null);
  else if (state.selected) select(null);
  else if (state.past) leave();
}

export function showHelp() {
  const dialog = $("help-dialog");
  const text = (key) => t(`help.${{ "1 2 3": "123", "[ ]": "tabs" }[key] ?? key}`);
  fill(dialog, h("h2", { id: "help-title" }, t("help.title")),
    h("div.keys", {}, HELP.flatMap((key) => [h("span", {}, key.split(" ").map((k) => h("kbd", {}, k.length === 1 ? k.toUpperCase() : k))), h("span", {}, text(key))])),
    h("div.row", {}, h("button", { type: "button", onclick: () => { dialog.close(); begin(); } }, t("tour.again")),
      h("button.primary", { type: "button", autofocus: true, onclick: () => dialog.close() }, t("close"))));
  dialog.setAttribute("aria-labelledby", "help-title");
  dialog.showModal();
}
