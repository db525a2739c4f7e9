// Requests to the service, as whoever is signed in. What was answered is kept in memory, asked for conditionally, and
// forgotten with the session.

import { session, signOut } from "./session.js";
import { store } from "./ui.js";

const BASE = "/api/v1";

/** Whether the service can be reached, as the last request found. */
export const reachable = store(true);

/** Answers by path: `{data, etag, receivedAt, ageSeconds, cache}`. */
const known = new Map();
/** Ends what is read for the session. */
let end = new AbortController();
session.subscribe(() => {
  known.clear();
  end.abort(signedOut());
  end = new AbortController();
});

/** A request that failed: `status` is 0 if nothing answered. */
export class ApiError extends Error {
  constructor(status, title, detail, requestId, retryAfterSeconds = null) {
    super(detail || title);
    this.name = "ApiError";
    this.status = status;
    this.title = title;
    this.requestId = requestId;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The last answer to this path, if there was one. */
export function lastAnswer(path) {
  return known.get(path) ?? null;
}

/**
 * Reads `path` (below `/api/v1`). Gives `{data, receivedAt, ageSeconds, cache, isSame}`: `data` is the payload, or the whole
 * document where there is none; `isSame` tells that nothing changed since the last read.
 */
export async function get(path, { signal } = {}) {
  const before = known.get(path);
  const headers = before?.etag ? { "If-None-Match": before.etag } : {};
  const response = await send(path, { headers, signal });
  const isSame = response.status === 304 && before !== undefined;
  const document = isSame ? null : await body(response);
  const answer = {
    data: isSame ? before.data : (document.payload ?? document),
    etag: response.headers.get("ETag"),
    receivedAt: Date.now(),
    ageSeconds: Number(response.headers.get("Age") ?? 0),
    cache: cacheStatus(response.headers.get("Cache-Status")),
    isSame,
  };
  known.set(path, answer);
  return answer;
}

/** Sends a change: `send("DELETE", "/cache?endpoint=products")`. Gives the document that answers, or null. */
export async function change(method, path, document) {
  const headers = document === undefined ? {} : { "Content-Type": "application/json" };
  const text = document === undefined ? undefined : JSON.stringify(document);
  const response = await send(path, { method, headers, body: text });
  return response.status === 204 ? null : body(response);
}

/**
 * One request with the session's token. Throws an [ApiError] unless it succeeds (304 included). What can be aborted by `signal`
 * is, when the session ends.
 */
export async function send(path, { headers = {}, signal, ...options } = {}) {
  const current = session.get();
  if (!current) throw signedOut();
  const ended = end.signal;
  let response;
  try {
    response = await fetch(BASE + path, {
      ...options,
      // Without one of its own, a request that the browser does not store would ask for a reload: `no-cache`.
      headers: { ...headers, Authorization: `Bearer ${current.token}`, "Cache-Control": "no-store" },
      signal: signal && AbortSignal.any([signal, ended]),
      // Nothing of a session stays in the browser's cache.
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  } catch (error) {
    if (signal) ended.throwIfAborted();
    if (error.name === "AbortError") throw error;
    reachable.set(false);
    throw new ApiError(0, "Not reachable", "The service cannot be reached.", null);
  }
  reachable.set(true);
  if (response.ok || response.status === 304) return response;
  // A request of a session that has ended since says nothing of the present one.
  if (response.status === 401 && session.get() === current) signOut(refusal(current));
  throw await problem(response);
}

function signedOut() {
  return new ApiError(401, "Signed out", "Sign in first.", null);
}

function refusal(current) {
  return current.endsAt <= Date.now() ? "expired" : "refused";
}

async function body(response) {
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "Cut off", "The answer broke off.", response.headers.get("X-Request-Id"));
  }
}

/** A problem document (RFC 9457) as an error. */
async function problem(response) {
  const document = await response.json().catch(() => ({}));
  const requestId = document.request_id ?? response.headers.get("X-Request-Id");
  const title = document.title ?? `Status ${response.status}`;
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  return new ApiError(response.status, title, document.detail, requestId, retryAfter);
}

/** What `Cache-Status` (RFC 9211) says: `{isHit, ttl, detail, key, text}`. */
function cacheStatus(text) {
  if (!text) return null;
  const [, ...parts] = text.split(";").map((part) => part.trim());
  const named = (name) => parts.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
  const ttl = named("ttl");
  return {
    isHit: parts.includes("hit"),
    ttl: ttl === undefined ? null : Number(ttl),
    detail: named("detail") ?? null,
    key: named("key")?.replaceAll('"', "") ?? null,
    text,
  };
}
