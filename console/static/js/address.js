// The address says what is shown: #/TAB/PLAN@VERSION/ROUTE (or #/cases/NUMBER)?page=1&file=1&with=VERSION&see=KIND:ID&follow=VEHICLE&past=TIME&colour=MODE&map=ZOOM,LON,LAT. It can be kept, sent on,
// and gone back to. A new thing to look at is a new step in the browser's history; other colours and a moved map are not.
import { openCase } from "./cases.js";
import { compareWith } from "./difference.js";
import { mayFile } from "./filepage.js";
import { MODES, lookAt, setMode, show, whereIs } from "./mapview.js";
import { TABS } from "./panel.js";
import { enter, leave } from "./past.js";
import { select } from "./plans.js";
import { on, set, state } from "./store.js";

const SEEN = ["vehicles", "stations", "cases", "facilities", "street"];
const SETTLE_MS = 250;
let applying = false;
const asked = { step: 0, map: 0 };

/** An address taken apart. What is not known is left out, so an old or mangled one still opens the page. */
export function read(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [tab, selected, seq] = path.split("/").map(part);
  const values = new URLSearchParams(query);
  const [kind, ...id] = (values.get("see") ?? "").split(":");
  const map = (values.get("map") ?? "").split(",").map(Number);
  return {
    tab: tab in TABS ? tab : "plans",
    selected: tab === "plans" && selected ? selected : null,
    route: tab === "plans" && selected && /^\d+$/.test(seq ?? "") ? `${selected}/${seq}` : null,
    caseFile: tab === "cases" && selected ? selected : null,
    page: tab === "plans" && values.get("page") === "1",
    dayShown: tab === "stations" && values.get("page") === "1",
    filing: values.get("file") === "1",
    board: tab === "cases" && values.get("page") === "1",
    compare: tab === "plans" && selected && /^[1-9]\d{0,8}$/.test(values.get("with") ?? "") ? Number(values.get("with")) : null,
    see: SEEN.includes(kind) && id.length ? { kind, id: id.join(":") } : null,
    follow: values.get("follow") || null,
    past: Number.isNaN(Date.parse(values.get("past") ?? "")) ? null : Date.parse(values.get("past")),
    mode: MODES.includes(values.get("colour")) ? values.get("colour") : "plan",
    map: map.length === 3 && map.every(Number.isFinite) ? map : null,
  };
}

function part(text) {
  try { return decodeURIComponent(text); } catch { return ""; }
}

/** The address of what is shown now: the step in the history it is, and all of it. */
function written() {
  const plan = state.tab === "plans" && state.selected;
  const file = state.tab === "cases" && !state.board && state.caseFile?.case.number;
  const path = [state.tab, plan && state.selected, file, plan && state.route && state.route.split("/")[1]].filter(Boolean).map(safe).join("/");
  const see = state.see && `see=${safe(`${state.see.kind}:${state.see.id}`)}`;
  const page = (plan ? state.page : state.tab === "cases" ? state.board : state.tab === "stations" && state.dayShown) && "page=1";
  const other = plan && state.compare !== null && `with=${state.compare}`;
  const follow = state.follow && `follow=${safe(state.follow)}`;
  const form = state.filing && "file=1";
  const past = state.past && `past=${new Date(Math.floor(state.past.at / 60000) * 60000).toISOString().slice(0, 16)}Z`;
  const place = whereIs();
  return { step: stepOf(`#/${path}?${[page, form, other, see, follow].filter(Boolean).join("&")}`), all: `#/${path}?${[page, form, other, see, follow, past, state.mode !== "plan" && `colour=${state.mode}`, place && `map=${place.join(",")}`].filter(Boolean).join("&")}` };
}

const safe = (text) => encodeURIComponent(text).replaceAll("%40", "@").replaceAll("%3A", ":");
const stepOf = (hash) => hash.replace(/(?<=[?&])(map|colour|past)=[^&]*&?/g, "").replace(/[?&]$/, "");

/** Write the address once whatever is changing has changed; a map on the move is written when it has come to rest. */
function write(name, after) {
  clearTimeout(asked[name]);
  asked[name] = setTimeout(() => {
    if (applying) return;
    const { step, all } = written();
    if (all === location.hash) return;
    history[location.hash === "" || stepOf(location.hash) === step ? "replaceState" : "pushState"](null, "", all);
  }, after);
}

async function apply() {
  clearTimeout(asked.step);
  clearTimeout(asked.map);
  applying = true;
  const to = read(location.hash);
  try {
    setMode(to.mode);
    if (to.tab !== state.tab) set("tab", to.tab);
    if (to.selected !== state.selected) await select(to.selected, { fit: !to.map, mode: to.mode });
    if (to.page !== state.page) set("page", to.page);
    if (to.compare !== state.compare && state.selected) await compareWith(to.compare);
    if (to.dayShown !== state.dayShown) set("dayShown", to.dayShown);
    if (to.filing !== state.filing) set("filing", to.filing && mayFile());
    if (to.board !== state.board) set("board", to.board);
    if (to.caseFile !== (state.caseFile?.case.number ?? null)) await openCase(to.caseFile);
    if (to.route !== state.route && state.selected) set("route", to.route);
    if (to.past === null) leave();
    else if (Math.abs((state.past?.at ?? 0) - to.past) >= 60000) await enter(to.past);
    show(to.see, !to.map);
    if (to.map) lookAt(to.map);
    if (to.follow !== state.follow) set("follow", to.follow);
  } finally {
    applying = false;
  }
}

/** Go where the address says, then keep it true. */
export async function startAddress() {
  if (location.hash) await apply();
  addEventListener("popstate", apply);
  on("tab selected route page compare caseFile board dayShown filing see mode follow", () => write("step", 0));
  on("past", () => write("map", SETTLE_MS));
  on("mapMoved", () => write("map", SETTLE_MS));
  write("step", 0);
}
