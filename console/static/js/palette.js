// Colours by theme. Routes: twelve hues apart from each other on both grounds; the rest: quiet unless something is wrong.
export const theme = () => document.documentElement.dataset.theme;
const pick = (day, night) => (theme() === "night" ? night : day);

const ROUTES_DAY = ["#0067b1", "#d1530a", "#00875f", "#b3368f", "#7a4fc0", "#9a6b00", "#0093b8", "#8a3b2e", "#d0243f", "#4a7d12", "#3b53b5", "#c2487a"];
const ROUTES_NIGHT = ["#5db2ff", "#ff9150", "#3fd6a4", "#f08bd2", "#bb9bff", "#e6b84a", "#55d4f2", "#e39482", "#ff7385", "#a3d667", "#92a7ff", "#ff9fc4"];
export const routeColour = (index) => pick(ROUTES_DAY, ROUTES_NIGHT)[index % ROUTES_DAY.length];

export const quiet = () => pick("#a7afb8", "#48535e");
export const lanes = () => pick("#c3c9cf", "#343e48");
export const land = () => pick("#e9ebee", "#161c22");
export const label = () => pick("#27313b", "#cdd6df");
export const outline = () => pick("#ffffff", "#0c1116");

// Age of treatment: fresh is strong, old is pale; never treated is warm, since it asks for work.
export const AGE_LIMITS_S = [3600, 7200, 14400, 28800];
export const ageColours = () => pick(["#00441b", "#1b7a3d", "#4aa564", "#8cb99a", "#a3abb3"], ["#7dffb0", "#43d17f", "#2f9e60", "#3f7459", "#5a6670"]);
export const neverColour = () => pick("#c25a00", "#e88a3a");

export const classColours = () => pick({ main: "#b3321f", secondary: "#a87400", lane: "#8b949d", bridge: "#5b3fb0" },
  { main: "#ff8a70", secondary: "#e8bf50", lane: "#5f6b76", bridge: "#b9a1ff" });

export const toolColours = () => pick({ s: "#0067b1", p: "#00875f", l: "#9a6b00", b: "#7a4fc0", none: "#4d5862", stale: "#9aa3ab", out: "#a5121f" },
  { s: "#5db2ff", p: "#3fd6a4", l: "#e6b84a", b: "#bb9bff", none: "#c5ced6", stale: "#6b7680", out: "#ff7385" });

export function levelColour(station) {
  if (station.day_state === "cleared") return pick("#17693a", "#4fc47d");
  const level = station.level_pct;
  if (level === null || level === undefined) return quiet();
  if (level >= 100) return pick("#a5121f", "#ff6675");
  if (level >= 85) return pick("#d1530a", "#ff9150");
  if (level >= 60) return pick("#b98700", "#e6b84a");
  return pick("#7b8894", "#8796a3");
}
export const caseColours = () => pick({ open: "#8b1fa8", late: "#a5121f", closed: "#7b8894" }, { open: "#e29bff", late: "#ff6675", closed: "#74808b" });
// What became of a stop between two versions.
export const changeColours = () => pick({ moved: "#d1530a", reordered: "#7a4fc0", added: "#17693a", dropped: "#a5121f" },
  { moved: "#ff9150", reordered: "#bb9bff", added: "#4fc47d", dropped: "#ff6675" });
export const CHANGE_OF = { moved: "moved", reordered: "reordered", turned: "reordered", added: "added", newly_served: "added", dropped: "dropped" };
export const here = () => pick("#d1005b", "#ff6aa8");
export const select = () => pick("#000000", "#ffffff");
