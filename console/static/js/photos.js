// Photos of a case: small ones in its file, one at a time large, added from a file or a phone's camera, removed and brought back.
import { post, postBlob, remove } from "./api.js";
import { $, fill, h, toast } from "./dom.js";
import { t, when } from "./i18n.js";
import { now, state } from "./store.js";

const SIDE = 2048; // what is sent: the server keeps less, and a phone pays for what it sends
const QUALITY = 0.85;
const UNDO_MS = 30000;
export const BYTES_LIMIT = 16 * 1024 * 1024; // the server takes no more
export const KINDS = "image/jpeg,image/png,image/webp";
const view = { busy: "", said: null, timer: 0 };
let reread = async () => {};

/** The part of a case's file. `again(number)` reads the case anew. */
export function photoSection(c, photos, may, again) {
  reread = again;
  return h("section.photos", { "aria-label": t("photo.title") }, h("h3", {}, t("photo.title.n", { n: photos.length })),
    photos.length > 0 && h("ul.shots", {}, photos.map((photo, i) => h("li", {}, h("button", { type: "button", "data-key": `photo-${photo.id}`, onclick: () => enlarge(c, photos, i) },
      h("img", { src: `/api/photos/${photo.sha256}/small`, alt: altOf(photo, i), decoding: "async" }), h("span.num", {}, when(photo.at, now())))))),
    !photos.length && h("p.dim", {}, t("photo.none")),
    view.said?.number === c.number && h("p.notes.row", { role: "status" }, h("span", {}, view.said.text), h("button", { type: "button", "data-key": "photo-undo", onclick: view.said.back }, t("case.undo"))),
    may && picker("photo-add", t(view.busy === c.number ? "photo.sending" : "photo.add"), (file) => add(c.number, file), view.busy !== ""));
}

const altOf = (photo, i) => t("photo.alt", { n: i + 1, who: photo.by, t: when(photo.at, now()) });

/** A button that takes a picture with a phone's camera, or asks for a file where there is none. */
export function picker(key, text, onpick, disabled = false, camera = false) {
  const input = h("input.hidden", { type: "file", accept: KINDS, "data-key": key, disabled, onchange: () => { if (input.files[0]) onpick(input.files[0]); input.value = ""; } });
  if (camera) input.setAttribute("capture", "environment");
  return h("label.button", { "aria-disabled": disabled && "true" }, input, h("span", {}, text));
}

/** The picture smaller, upright; as it is where the browser cannot open it: the server then says what is wrong with it. */
export async function shrink(file) {
  try {
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const factor = Math.min(1, SIDE / Math.max(image.width, image.height));
    const canvas = h("canvas", {});
    canvas.width = Math.max(1, Math.round(image.width * factor));
    canvas.height = Math.max(1, Math.round(image.height * factor));
    const g = canvas.getContext("2d");
    g.fillStyle = "#ffffff";
    g.fillRect(0, 0, canvas.width, canvas.height);
    g.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    return await new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? file), "image/jpeg", QUALITY));
  } catch { return file; }
}

export const sendPhoto = (number, blob, report = "") => postBlob(`/api/cases/${encodeURIComponent(number)}/photos${report && `?report=${encodeURIComponent(report)}`}`, blob);

/** Why a photo was not taken, and what to do. */
export const whyNot = (error) => ({ not_a_photo: t("photo.bad.kind"), broken_photo: t("photo.bad.broken"), too_many_pixels: t("photo.bad.large"), too_large: t("photo.bad.large"), too_many_photos: t("photo.bad.many"), role_too_low: t("error.forbidden"), no_answer: t("error.away") })[error.problem?.code] ?? error.message;

async function add(number, file) {
  view.busy = number;
  await reread(number);
  try {
    const small = await shrink(file);
    if (small.size > BYTES_LIMIT) throw Object.assign(new Error("too large"), { problem: { code: "too_large" } });
    const photo = await sendPhoto(number, small);
    say(number, t("photo.added"), () => remove(`/api/photos/${photo.id}`));
  } catch (error) { toast(whyNot(error), true); }
  view.busy = "";
  await reread(number);
}

/** What was done, and for half a minute its way back. */
function say(number, text, undo) {
  clearTimeout(view.timer);
  const forget = () => { view.said = null; return reread(number); };
  view.said = { number, text, back: async () => {
    try { await undo(); toast(t("case.undone")); } catch (error) { toast(whyNot(error), true); }
    forget();
  } };
  view.timer = setTimeout(() => { if (state.caseFile?.case.number === number) forget(); else view.said = null; }, UNDO_MS);
}

function enlarge(c, photos, i) {
  const dialog = $("photo-dialog"), photo = photos[i], to = (by) => enlarge(c, photos, (i + by + photos.length) % photos.length);
  fill(dialog, h("h2", { id: "photo-title" }, altOf(photo, i)),
    h("img", { src: `/api/photos/${photo.sha256}/full`, alt: altOf(photo, i) }),
    h("div.row", {}, photos.length > 1 && [h("button", { type: "button", "data-key": "photo-before", onclick: () => to(-1) }, t("photo.before")), h("button", { type: "button", "data-key": "photo-next", onclick: () => to(1) }, t("photo.next"))],
      state.me?.role !== "viewer" && !state.past && h("button.danger", { type: "button", "data-key": "photo-remove", onclick: () => takeOut(c.number, photo) }, t("photo.remove")),
      h("button.primary", { type: "button", "data-key": "photo-close", onclick: () => dialog.close() }, t("close"))));
  dialog.setAttribute("aria-labelledby", "photo-title");
  if (!dialog.open) dialog.showModal();
}

async function takeOut(number, photo) {
  $("photo-dialog").close();
  try {
    await remove(`/api/photos/${photo.id}`);
    say(number, t("photo.removed"), () => post(`/api/photos/${photo.id}/restore`, {}));
  } catch (error) { toast(whyNot(error), true); }
  await reread(number);
}
