// One case: what was said of it, what was done with it by whom, and what may be done now.
import { act, chip, mayAct, openCase, prioritise, priorityChip, readCase, splitOff } from "./cases.js";
import { h } from "./dom.js";
import { span, t, when, word } from "./i18n.js";
import { showAt } from "./mapview.js";
import { photoSection } from "./photos.js";
import { now } from "./store.js";

const OPEN = ["reported", "dispatched", "in_progress"];

export function caseDetail({ case: c, reports, photos, history, work }) {
  const open = OPEN.includes(c.state);
  return h("article.detail", { "data-file": c.number },
    h("header", {}, h("button.back", { type: "button", "data-key": "case-back", onclick: () => openCase(null) }, `‹ ${t("cases.back")}`),
      h("div.title", {}, h("h2", {}, word("casekind", c.kind)), h("span", {}, priorityChip(c), chip(c))),
      h("p.sub", {}, h("span.mono", {}, c.number), ` · ${c.district}`)),
    h("dl.grid", {}, figure("case.opened", when(c.opened_at, now())), figure("case.due.at", when(c.deadline, now()), open && Date.parse(c.deadline) < now()), figure("case.work", work ? word("work", work) : t("none"))),
    c.merged_into && h("p.notes", {}, t("case.into", { n: c.merged_into }), " ", h("button", { type: "button", "data-key": "case-into", onclick: () => openCase(c.merged_into) }, t("case.into.open"))),
    c.answer && h("section", {}, h("h3", {}, t("case.answer")), h("p.words", {}, c.answer)),
    h("div.row", {}, mayAct() && buttons(c, open), h("button", { type: "button", "data-key": "case-map", onclick: () => showAt("cases", c.number, c.lon, c.lat) }, t("case.map"))),
    h("section", {}, h("h3", {}, t("case.reports", { n: reports.length })), reports.length ? h("ul.said", {}, reports.map((one) => report(one, c, open && reports.length > 1))) : h("p.dim", {}, t("case.noreports"))),
    photoSection(c, photos, mayAct() && c.state !== "merged", readCase),
    h("section", {}, h("h3", {}, t("case.history")), h("ol.said", {}, history.map(deed))));
}

const figure = (key, value, bad = false) => h("div", {}, h("dt", {}, t(key)), h(bad ? "dd.bad" : "dd", {}, value));

function buttons(c, open) {
  const names = open ? [c.state === "in_progress" ? "release" : "accept", "priority", "close", "cancel"] : ["reopen"];
  return names.map((name) => h(name === "close" ? "button.primary" : "button", { type: "button", "data-key": `case-${name}`, onclick: () => (name === "priority" ? prioritise([c]) : act(name, [c])) }, t(`case.act.${name}`)));
}

function report(one, c, several) {
  return h("li", {}, h("p.sub", {}, h("span.num", {}, when(one.at, now())), ` · ${one.channel}`), one.text ? h("p.words", {}, one.text) : h("p.dim", {}, t("case.notext")),
    several && mayAct() && h("button", { type: "button", "data-key": `split-${one.id}`, onclick: () => splitOff(one.id, c.number) }, t("case.split")));
}

function deed(one) {
  const { answer, into, by, split_from: from, case: other, priority } = one.detail;
  const more = [answer, one.action === "case.priority" && word("casepriority", priority), by && word("deedby", by), (into ?? from ?? other) && (into ?? from ?? other)].filter(Boolean).join(" · ");
  return h("li", {}, h("p", {}, h("span.num.dim", {}, when(one.at, now())), ` ${word("deed", one.action)}`, h("span.dim", {}, ` · ${actor(one.actor)}`)), more && h("p.words.dim", {}, more));
}

const actor = (name) => (name.startsWith("system:") || name.startsWith("policy:") ? t("deed.system") : name);
