// Filing a case: a draft is kept, sent once the net is there, and gone when its case, with its photo, is known to be there.
// Its id is made here: a complaint sent twice under one id is one report, and a photo sent twice is one photo.
import { get, post } from "./api.js";
import { draftsOf, drop, keep } from "./drafts.js";
import { sendPhoto } from "./photos.js";
import { load, on, set, state } from "./store.js";

const CHANNEL = "inspector";
const AGAIN_MS = 10000;
const LOOK_MS = 1000;
const LOOKS = 30;
const SAVE_MS = 300;
const OUTCOMES = 5;
/** `draft` is being written, `queue` waits to be sent or to be seen to, `outcomes` is what was filed since the page was opened. */
export const filing = { draft: null, queue: [], outcomes: [], sending: "" };
let again = false, saving = 0;

const said = () => set("drafts", filing);
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const fresh = () => ({ id: newId(), by: state.me.name, stage: "writing", kind: "", text: "", place: null, photo: null, begun_at: Date.now(), sent: false, filed: null, problem: null });

export async function startFiling() {
  const drafts = await draftsOf(state.me.name);
  filing.draft = drafts.find((one) => one.stage === "writing") ?? fresh();
  filing.queue = drafts.filter((one) => one.stage !== "writing");
  said();
  addEventListener("online", sendAll);
  on("linked", (linked) => { if (linked) sendAll(); });
  setInterval(sendAll, AGAIN_MS);
  sendAll();
}

/** Change the draft; written down a moment later, and at once when it has a photo or a place more. */
export function change(values, now = false) {
  Object.assign(filing.draft, values);
  clearTimeout(saving);
  const save = () => keep(filing.draft);
  if (now) return save();
  saving = setTimeout(save, SAVE_MS);
  return Promise.resolve();
}

export const isBegun = (draft) => Boolean(draft.kind || draft.text || draft.place || draft.photo);

export async function discard() {
  clearTimeout(saving);
  await drop(filing.draft.id);
  filing.draft = fresh();
  said();
}

/** Give the draft out of hand: from here on it is only sent, never changed. */
export async function submit() {
  clearTimeout(saving);
  const draft = filing.draft;
  draft.stage = "waiting";
  await keep(draft);
  filing.queue.push(draft);
  filing.draft = fresh();
  said();
  sendAll();
}

/** What was refused becomes the draft again, under a new id: the old one stands for what was said before. */
export async function correct(draft) {
  await drop(draft.id);
  filing.queue = filing.queue.filter((one) => one !== draft);
  if (isBegun(filing.draft)) { filing.queue.push({ ...filing.draft, stage: "put_off" }); await keep(filing.queue.at(-1)); }
  filing.draft = { ...fresh(), kind: draft.kind, text: draft.text, place: draft.place, photo: draft.photo };
  await keep(filing.draft);
  said();
}

export async function giveUp(draft) {
  await drop(draft.id);
  filing.queue = filing.queue.filter((one) => one !== draft);
  said();
}

/** Send what waits, one after the other, the oldest first. A call while one is under way is one more round after it. */
export async function sendAll() {
  if (filing.sending) { again = true; return; }
  for (const draft of filing.queue.filter((one) => one.stage === "waiting")) {
    filing.sending = draft.id;
    said();
    await sendOne(draft);
    filing.sending = "";
    said();
  }
  if (again) { again = false; sendAll(); }
}

async function sendOne(draft) {
  try {
    if (!draft.filed) await file(draft);
    if (draft.stage === "waiting" && draft.photo) await addPhoto(draft);
    draft.problem = draft.stage === "waiting" ? null : draft.problem;
  } catch (error) {
    draft.problem = problemOf(error);
    if (error.status === 404) Object.assign(draft, { sent: false, filed: null }); // the system has forgotten it: once more
    if (final(error)) draft.stage = draft.filed ? "photo" : "refused";
  }
  if (draft.stage === "waiting" && draft.filed && !draft.photo) {
    await drop(draft.id);
    filing.queue = filing.queue.filter((one) => one !== draft);
    filing.outcomes = [{ ...draft.filed, kind: draft.kind }, ...filing.outcomes].slice(0, OUTCOMES);
    load("cases");
  } else await keep(draft);
}

async function file(draft) {
  if (!draft.sent) {
    const { lon, lat } = draft.place;
    await post("/api/complaints", { kind: draft.kind, lon, lat, text: draft.text, channel: CHANNEL }, { "Idempotency-Key": draft.id });
    draft.sent = true;
    await keep(draft);
  }
  for (let look = 0; look < LOOKS; look += 1) {
    const found = await get(`/api/complaints/${draft.id}?channel=${CHANNEL}`);
    if (found.state === "filed") { draft.filed = found; await keep(draft); return; }
    if (found.state === "refused") { draft.stage = "refused"; draft.problem = { code: found.reason, text: found.reason }; return; }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw Object.assign(new Error("unread"), { status: 0, problem: { code: "unread" } });
}

async function addPhoto(draft) {
  await sendPhoto(draft.filed.case, new Blob([draft.photo.bytes], { type: draft.photo.type }), draft.filed.report);
  draft.photo = null;
}

/** A quarantined complaint has its reason in its receipt, anything else in the problem document. */
function problemOf(error) {
  const receipt = error.problem?.receipts?.[0];
  const code = receipt?.reason || (error.status === 401 ? "signed_out" : error.status >= 500 ? "unavailable" : error.problem?.code) || "unavailable";
  return { code, text: receipt?.text || error.message };
}

/** Sending the same again would change nothing: somebody has to see to it. */
const final = (error) => error.status >= 400 && error.status < 500 && ![401, 404, 408, 429].includes(error.status) && error.problem?.code !== "bad_csrf";
