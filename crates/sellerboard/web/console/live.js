// Figures that are asked for again and again while somebody looks.

import { ApiError, reachable, send } from "../lib/api.js";
import { Failed, Skeleton } from "../lib/panel.js";
import { streamState } from "../lib/stream.js";
import { html, useCallback, useEffect, useRef, useState } from "../lib/ui.js";

/** After a failure, the next look waits so much longer than the last, up to the greatest wait. */
const WAIT_GROWTH = 1.6;
const WAIT_MS_MAX = 10_000;

/**
 * Looks at `path` every `everyMs` while the page is visible, less often while nothing answers. `join(before, now)` makes one
 * of the last answer and the new one; `pathOf(before)` gives another path once there is an answer. Gives `{data, at, error, look}`:
 * `at` is when the last answer came, in ms.
 */
export function useLive(path, everyMs, { join = keepNew, pathOf = () => path } = {}) {
  const [state, setState] = useState({ data: null, at: null, error: null });
  const latest = useRef(null);
  const wake = useRef(() => {});

  useEffect(() => {
    const stop = new AbortController();
    let timer = 0;
    let wait = everyMs;
    let isUnderWay = false;
    latest.current = null;
    setState((before) => ({ ...before, data: null, error: null }));
    const look = async () => {
      clearTimeout(timer);
      if (isUnderWay || document.hidden) return;
      isUnderWay = true;
      try {
        const data = await read(pathOf(latest.current), stop.signal);
        latest.current = join(latest.current, data);
        wait = everyMs;
        setState({ data: latest.current, at: Date.now(), error: null });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof ApiError)) throw error;
        wait = Math.min(wait * WAIT_GROWTH, WAIT_MS_MAX);
        setState((before) => ({ ...before, error }));
      } finally {
        isUnderWay = false;
        if (!stop.signal.aborted) timer = setTimeout(look, wait);
      }
    };
    const lookIfSeen = () => !document.hidden && look();
    wake.current = look;
    look();
    document.addEventListener("visibilitychange", lookIfSeen);
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", lookIfSeen);
    };
  }, [path, everyMs]);
  return { ...state, look: useCallback(() => wake.current(), []) };
}

/** Reads a document once. Unlike the panels' reads it is not kept: the next one is another. */
export async function read(path, signal) {
  const response = await send(path, { signal });
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "Cut off", "The answer broke off.", response.headers.get("X-Request-Id"));
  }
}

function keepNew(_before, now) {
  return now;
}

/** Tells the bar on top whether figures arrive. */
export function useLiveBadge() {
  useEffect(() => {
    const show = (isReachable) => streamState.set(isReachable ? "live" : "connecting");
    show(reachable.get());
    const end = reachable.subscribe(show);
    return () => {
      end();
      streamState.set("off");
    };
  }, []);
}

/**
 * A card of the console, drawn from the live figures `from`. Until it is `isReady`, lines stand where its content will be, or why
 * some of the figures never came. Later failures leave what is there.
 */
export function Card({ id, title, note, tools, from = [], isReady = from.every(({ data }) => data !== null), lines = 4, children }) {
  const headingId = `${id}-title`;
  const failed = isReady ? [] : from.filter(({ data, error }) => data === null && error !== null);
  const isLoading = !isReady && failed.length === 0;
  return html`<section
    class="panel"
    data-testid=${`console-${id}`}
    data-area=${id}
    data-state=${isReady ? "ready" : isLoading ? "loading" : "failed"}
    aria-labelledby=${headingId}
    aria-busy=${isLoading}
  >
    <header class="panel-head">
      <div>
        <h2 id=${headingId}>${title}</h2>
        ${note && html`<p class="panel-note">${note}</p>`}
      </div>
      ${tools && html`<div class="panel-tools">${tools}</div>`}
    </header>
    <div class="panel-body">
      ${isReady
        ? children
        : isLoading
          ? html`<${Skeleton} lines=${lines} />`
          : html`<${Failed} error=${failed[0].error} look=${() => failed.forEach(({ look }) => look())} />`}
    </div>
  </section>`;
}
