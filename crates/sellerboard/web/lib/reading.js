// Reads that stay up to date. Whoever shows the same path shares one reading.

import { ApiError, get, lastAnswer, reachable } from "./api.js";
import { session } from "./session.js";
import { store, useEffect, useRef, useState } from "./ui.js";

/** After this long without an answer, a reading says that it waits. */
const SLOW_MS = 2500;
/** How soon a stale answer is asked for again: the cache is refreshing it. */
const STALE_MS = 1500;
/** How soon a reading that failed looks again, if the service did not say. */
const FAILED_MS = 10_000;
/** How often a reading looks by itself whether anything changed. */
const LOOK_MS = 60_000;

/** The readings in use, by path. */
const readings = new Map();
session.subscribe(() => readings.clear());

/** Has every reading of these endpoints look again; all of them if there is no list. */
export function refresh(endpoints = null) {
  for (const reading of [...readings.values()]) {
    if (!endpoints || endpoints.includes(reading.endpoint)) reading.look();
  }
}

// What could not be read while nothing answered is read as soon as something does.
reachable.subscribe((isReachable) => isReachable && refresh());
addEventListener("online", () => refresh());
document.addEventListener("visibilitychange", () => !document.hidden && refresh());

/**
 * Reads `path` and goes on reading it: when `endpoint` changes, once a minute, soon after a stale answer or a failure. Gives
 * `{answer, error, isLoading, isSlow, isOther, look}`. While another path is read for the first time, the answer is that of the
 * path before, and `isOther` is true. The path null reads nothing.
 */
export function useRead(path, endpoint) {
  const [state, setState] = useState(() => stateOf(path));
  const shown = useRef(null);
  const reading = useRef(null);
  useEffect(() => {
    if (path === null) return undefined;
    const current = acquire(path, endpoint);
    reading.current = current;
    setState(current.state.get());
    const end = current.state.subscribe((next) => setState(next));
    return () => {
      end();
      release(current);
    };
  }, [path, endpoint]);
  const current = state.path === path ? state : stateOf(path);
  if (current.answer) shown.current = current.answer;
  const isOther = shown.current !== null && shown.current.path !== path;
  // The numbers of another path say nothing once this one has failed.
  const hasNone = path === null || (isOther && current.error);
  return {
    ...current,
    answer: hasNone ? null : shown.current,
    isOther: isOther && !hasNone,
    look: () => reading.current?.look(),
  };
}

function stateOf(path) {
  const known = path === null ? null : lastAnswer(path);
  return { path, answer: known && { ...known, path }, error: null, isLoading: true, isSlow: false };
}

function acquire(path, endpoint) {
  let reading = readings.get(path);
  if (!reading) {
    reading = begin(path, endpoint);
    readings.set(path, reading);
    reading.look();
  }
  reading.users += 1;
  return reading;
}

function release(reading) {
  reading.users -= 1;
  if (reading.users > 0) return;
  reading.end();
  if (readings.get(reading.path) === reading) readings.delete(reading.path);
}

function begin(path, endpoint) {
  const state = store(stateOf(path));
  const patch = (part) => state.set({ ...state.get(), ...part });
  let attempt = null;
  let again = null;

  const look = async () => {
    clearTimeout(again);
    attempt?.abort();
    const current = new AbortController();
    attempt = current;
    patch({ isLoading: true });
    const slow = setTimeout(() => patch({ isSlow: true }), SLOW_MS);
    try {
      const answer = { ...(await get(path, { signal: current.signal })), path };
      patch({ answer, error: null, isLoading: false, isSlow: false });
      if (answer.cache?.ttl < 0) again = setTimeout(look, STALE_MS);
    } catch (error) {
      if (current.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      patch({ error, isLoading: false, isSlow: false });
      const wait = error.retryAfterSeconds ? error.retryAfterSeconds * 1000 : FAILED_MS;
      again = setTimeout(look, Math.min(wait, LOOK_MS));
    } finally {
      clearTimeout(slow);
    }
  };
  const timer = setInterval(() => !document.hidden && look(), LOOK_MS);
  const end = () => {
    clearInterval(timer);
    clearTimeout(again);
    attempt?.abort();
  };
  return { path, endpoint, state, users: 0, look, end };
}
