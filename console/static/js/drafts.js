// Drafts of cases in the browser's own store, so that they outlive a reload and a dead net. Where there is none they last as long as the page.
const NAME = "sweepline", STORE = "drafts";
const OPEN_MS = 5000;
const memory = new Map();
let opening = null;
let kept = true;

/** Whether drafts outlive this page. */
export const areKept = () => kept;

function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
    setTimeout(() => reject(new Error("no answer")), OPEN_MS);
  });
  return opening;
}

/** One deed on the store; done when it is on the disk. */
async function run(mode, deed) {
  const base = await open();
  return new Promise((resolve, reject) => {
    const step = base.transaction(STORE, mode);
    const request = deed(step.objectStore(STORE));
    step.oncomplete = () => resolve(request.result);
    step.onerror = step.onabort = () => reject(step.error ?? request.error);
  });
}

async function kindly(mode, deed, otherwise) {
  try { return await run(mode, deed); } catch (error) {
    if (kept) console.info("this browser keeps no drafts:", String(error));
    kept = false;
    return otherwise();
  }
}

/** Somebody's drafts, the oldest first. */
export async function draftsOf(name) {
  const stored = await kindly("readonly", (store) => store.getAll(), () => []);
  const all = new Map([...stored.map((one) => [one.id, one]), ...memory]);
  return [...all.values()].filter((one) => one.by === name).sort((a, b) => a.begun_at - b.begun_at);
}

export const keep = (draft) => kindly("readwrite", (store) => store.put(draft), () => { memory.set(draft.id, draft); });

export async function drop(id) {
  memory.delete(id);
  await kindly("readwrite", (store) => store.delete(id), () => undefined);
}
