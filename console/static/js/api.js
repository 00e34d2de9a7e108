// The API: JSON in and out, the session's token on every change, problem documents as errors.
import { t } from "./i18n.js";

let csrf = "";
let onSignedOut = () => {};
let asOf = null; // while the database is away: from when the answers are

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
  }
}

export const whenSignedOut = (callback) => { onSignedOut = callback; };

async function call(method, path, body, more = {}) {
  const headers = { Accept: "application/json", ...more };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  const raw = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = raw ? body.type || "image/unknown" : "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, credentials: "same-origin", body: body === undefined || raw ? body : JSON.stringify(body) });
  } catch {
    throw new ApiError(0, { detail: t(method === "GET" ? "error.noanswer" : "error.unsure"), code: "no_answer" });
  }
  if (method === "GET") asOf = response.headers.get("X-As-Of");
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401 && path !== "/api/session") onSignedOut();
  throw new ApiError(response.status, answer);
}

export const lastKnownAt = () => asOf;
export const get = (path) => call("GET", path);
export const post = (path, body, headers) => call("POST", path, body, headers);
export const postBlob = (path, blob) => call("POST", path, blob);
export const remove = (path) => call("DELETE", path);

/** Who is signed in, or null. */
export async function session() {
  const me = await call("GET", "/api/session");
  return me && keep(me);
}
export const signIn = async (name, password) => keep(await call("POST", "/api/session", { name, password }));
export const signOut = () => call("DELETE", "/api/session");

function keep(me) {
  csrf = me.csrf ?? "";
  return me;
}
