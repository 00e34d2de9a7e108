// A deed of the audit in words: when, who, what, of what.
import { h } from "./dom.js";
import { has, t, when, word } from "./i18n.js";
import { now, state } from "./store.js";

const SAID = ["reason", "text", "how"]; // what of a row's detail is told

/** Who did it: a person by name, or that nobody did. */
export const actorOf = (actor) => (actor.startsWith("system:") ? t("deed.system") : actor.startsWith("policy:") ? t("deed.policy") : actor);

export const deed = (row) => h("li", {}, h("span.num.dim", {}, when(row.at, now())), h("span.who", {}, actorOf(row.actor)),
  h("span.what", {}, word("deed", row.action), " ", subject(row), detail(row) && h("span.dim", {}, ` · ${detail(row)}`)));

/** What it was done to, with a link where there is a page of it. */
function subject({ subject: text, detail: { plan, kind, case_kind } }) {
  const [family, ...rest] = text.split(":"), id = rest.join(":");
  const link = (href, name = id) => h("a", { href }, name);
  if (family === "plan" || family === "route") return link(`#/plans/${family === "plan" && !id.includes("@") ? newest(id) : id}`, id);
  if (family === "case") return [case_kind && `${word("casekind", case_kind)} `, link(`#/cases/${id}`)];
  if (family === "alarm") return [word("alarm", rest[0]), " ", /^[0-9a-f-]{30,}$/.test(rest.slice(1).join(":")) ? "" : plate(rest.slice(1).join(":"))];
  if (["vehicle", "crew", "facility"].includes(family)) return link("#/resources", family === "vehicle" ? plate(id) : id);
  if (family === "street") return link(`#/resources?see=street:${id}`, id);
  if (family === "stage") return word("stage", kind ?? "");
  if (family === "sheet") return link("#/tell");
  if (family === "work") return plan ? link(`#/plans/${newest(plan)}`, `${plan} · ${id}`) : id;
  if (family === "station") return state.stations?.stations.find((one) => one.id === id)?.name ?? id;
  return ["note", "alert", "response", "shift", "self_start"].includes(family) ? "" : id;
}

const plate = (id) => state.vehicles?.find((one) => one.id === id)?.plate ?? id;
const newest = (code) => state.plans?.find((plan) => plan.code === code)?.versions[0]?.id ?? `${code}@1`;

function detail(row) {
  const said = SAID.map((key) => row.detail[key]).find((value) => typeof value === "string" && value !== "");
  if (row.action === "case.priority") return word("casepriority", row.detail.priority);
  if (row.action === "shift.taken_over") return row.detail.given_by ? t("deed.from", { who: row.detail.given_by }) : "";
  return said && has(`how.${said}`) ? t(`how.${said}`) : said && has(`reason.${said}`) ? t(`reason.${said}`) : said;
}
