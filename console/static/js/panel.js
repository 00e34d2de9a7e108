// The panel: tabs and the list or detail below them.
import { $, fill, h } from "./dom.js";
import { alarmsList, isNew, listed } from "./alarms.js";
import { casesFoot, casesTab } from "./cases.js";
import { stationsTab } from "./collection.js";
import { vehiclesList } from "./lists.js";
import { t } from "./i18n.js";
import { planPage } from "./planpage.js";
import { planDetail, planFoot, plansList } from "./plans.js";
import { outOfService, resourcesFoot, resourcesTab } from "./resources.js";
import { shiftPage } from "./shift.js";
import { responses, snowRoom } from "./snow.js";
import { on, set, state } from "./store.js";
import { anyLate, tellList, untold } from "./tell.js";

export const TABS = {
  plans: { needs: ["plans", "selected", "detail", "route", "compare", "versions", "difference", "page", "explained", "pins", "whatIf"], draw: () => (state.selected ? (state.page ? planPage() : planDetail()) : plansList()), foot: () => (state.selected ? planFoot() : null), wide: () => Boolean(state.selected) && state.page, count: () => waiting(), bad: () => waiting() > 0 },
  alarms: { needs: ["alarms", "alarmLoad"], draw: alarmsList, count: () => listed().length, bad: () => listed().some((a) => isNew(a) && a.priority <= 2) },
  snow: { needs: ["snow", "status", "alerts"], draw: snowRoom, count: responses, wide: () => true },
  tell: { needs: ["tellings", "sheets"], draw: tellList, count: () => untold().length, bad: () => anyLate() },
  cases: { needs: ["cases", "caseFile", "board"], draw: casesTab, foot: casesFoot, wide: () => state.board, count: () => state.cases?.filter((c) => !c.closed_at).length },
  stations: { needs: ["stations", "collection", "dayShown"], draw: stationsTab, wide: () => state.dayShown, count: () => (state.stations ? state.stations.total - state.stations.cleared : 0) },
  vehicles: { needs: ["vehicles"], draw: vehiclesList, count: () => state.vehicles?.length },
  resources: { needs: ["resources", "see"], draw: resourcesTab, foot: resourcesFoot, count: () => outOfService().length },
  shift: { needs: ["shift", "shiftLog", "shiftChanges"], draw: shiftPage, wide: () => true, count: () => 0 },
};

const waiting = () => state.plans?.filter((plan) => plan.versions[0]?.state === "proposed").length ?? 0;

export function startPanel() {
  on("tab", () => { draw(); $("panel-body").scrollTop = 0; inSight(); });
  on("selected caseFile", () => { $("panel-body").scrollTop = 0; });
  for (const [name, tab] of Object.entries(TABS)) {
    on(tab.needs.join(" "), () => { if (state.tab === name) draw(); else drawTabs(); });
  }
  draw();
}

/** On a phone the row of tabs is longer than the screen. */
const inSight = () => $(`tab-${state.tab}`).scrollIntoView({ block: "nearest", inline: "nearest" });

/** All of it anew, as in another language. */
export function redraw() {
  draw();
  inSight();
}

function drawTabs() {
  const left = $("tabs").scrollLeft;
  fill($("tabs"), Object.entries(TABS).map(([name, tab]) => {
    const count = tab.count() ?? 0;
    const chosen = state.tab === name;
    return h("button", {
      type: "button", role: "tab", id: `tab-${name}`, "data-key": `tab-${name}`, "aria-selected": String(chosen), "aria-controls": "panel-body",
      tabIndex: chosen ? 0 : -1, onclick: () => set("tab", name), onkeydown: move,
    }, t(`tab.${name}`), count > 0 && h(tab.bad?.() ? "span.count.bad" : "span.count", {}, String(count)));
  }));
  $("tabs").scrollLeft = left;
}

export function draw() {
  drawTabs();
  $("panel-body").setAttribute("aria-labelledby", `tab-${state.tab}`);
  fill($("panel-body"), TABS[state.tab].draw());
  document.querySelector(".work").classList.toggle("paged", Boolean(TABS[state.tab].wide?.()));
  const foot = TABS[state.tab].foot?.() ?? null;
  $("panel-foot").hidden = !foot;
  fill($("panel-foot"), foot ?? []);
}

function move(event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by) step(by);
}

/** To a tab, with the focus on it: Tab goes on into its list. */
export function goTo(name) {
  set("tab", name);
  $(`tab-${name}`).focus();
}

/** To the tab beside the one shown. */
export function step(by) {
  const names = Object.keys(TABS);
  goTo(names[(names.indexOf(state.tab) + by + names.length) % names.length]);
}
