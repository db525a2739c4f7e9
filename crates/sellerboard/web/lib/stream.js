// Server-sent events by `fetch`: an EventSource cannot send a token in a header.

import { send } from "./api.js";
import { store } from "./ui.js";

const WAIT_MS_MIN = 500;
const WAIT_MS_MAX = 15_000;
/** The service sends something at least every 15 s; after this long the connection is dead. */
const SILENCE_MS_MAX = 40_000;

/** `live`, `connecting` or `off`. */
export const streamState = store("off");

/**
 * Follows `path` until the result is called. `onEvent({event, data, id})` is told of each event, `data` read as JSON;
 * `onReturn()` when the stream is there again after a break, in which anything may have been missed. A page that nobody sees
 * follows nothing: a browser has few connections for one host, and all its tabs share them.
 */
export function follow(path, onEvent, onReturn) {
  const stop = new AbortController();
  let lastId = null;
  let wait = WAIT_MS_MIN;
  let wasLive = false;

  const live = () => {
    streamState.set("live");
    wait = WAIT_MS_MIN;
    if (wasLive) onReturn();
    wasLive = true;
  };
  const told = (event) => {
    lastId = event.id ?? lastId;
    onEvent(event);
  };

  (async () => {
    while (!stop.signal.aborted) {
      streamState.set("connecting");
      if (document.hidden) await once(document, "visibilitychange", stop.signal);
      try {
        await listen(path, lastId, stop.signal, live, told);
      } catch (error) {
        if (stop.signal.aborted || error.status === 401) break;
      }
      if (stop.signal.aborted) break;
      if (document.hidden) continue;
      streamState.set("connecting");
      await pause(wait * (0.75 + Math.random() / 2), stop.signal);
      wait = Math.min(wait * 2, WAIT_MS_MAX);
    }
    streamState.set("off");
  })();
  return () => stop.abort();
}

/** Reads one connection to its end. */
async function listen(path, lastId, signal, live, told) {
  const attempt = new AbortController();
  const abort = () => attempt.abort();
  signal.addEventListener("abort", abort);
  document.addEventListener("visibilitychange", abort);
  addEventListener("offline", abort);
  let silence = setTimeout(abort, SILENCE_MS_MAX);
  try {
    const headers = { Accept: "text/event-stream" };
    if (lastId !== null) headers["Last-Event-ID"] = lastId;
    const response = await send(path, { headers, signal: attempt.signal });
    live();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const parse = parser(told);
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(silence);
      silence = setTimeout(abort, SILENCE_MS_MAX);
      parse(value);
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", abort);
    document.removeEventListener("visibilitychange", abort);
    removeEventListener("offline", abort);
  }
}

/** Cuts text into events, as the HTML standard describes; comments keep the connection alive and tell nothing. */
function parser(told) {
  let rest = "";
  let fields = { event: "message", data: [], id: null };
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (fields.data.length > 0) told({ ...fields, data: json(fields.data.join("\n")) });
        fields = { event: "message", data: [], id: null };
        continue;
      }
      const colon = line.indexOf(":");
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "data") fields.data.push(value);
      else if (name === "event" || name === "id") fields[name] = value;
    }
  };
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Waits, at most until the browser says that it is online again. */
async function pause(ms, signal) {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), ms);
  await once(window, "online", AbortSignal.any([signal, over.signal]));
  clearTimeout(timer);
}

/** The next event of that name, or the end of `signal`. */
function once(target, name, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    target.addEventListener(name, resolve, { once: true, signal });
    signal.addEventListener("abort", resolve, { once: true });
  });
}
