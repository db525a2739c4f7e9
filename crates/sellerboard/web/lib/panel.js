// A panel: a card whose content comes from one read, with its states.

import { ApiError, get, lastAnswer, reachable } from "./api.js";
import { ago } from "./format.js";
import { html, useCallback, useEffect, useNow, useRef, useState } from "./ui.js";

/** After this long without an answer, a panel says that it waits. */
const SLOW_MS = 2500;
/** How soon a panel looks again after it was given a stale answer, which the cache is refreshing. */
const STALE_MS = 1500;
/** How often a panel looks by itself whether anything changed. */
const LOOK_MS = 60_000;

/** Who is told of changes: `{endpoint, look}`. */
const readers = new Set();

/** Has every reader of these endpoints look again; all readers if there is no list. */
export function refresh(endpoints = null) {
  for (const reader of [...readers]) {
    if (!endpoints || endpoints.includes(reader.endpoint)) reader.look();
  }
}

// What could not be read while nothing answered is read as soon as something does.
reachable.subscribe((isReachable) => isReachable && refresh());
addEventListener("online", () => refresh());
document.addEventListener("visibilitychange", () => !document.hidden && refresh());

/**
 * Reads `path` and goes on reading it: when its endpoint changes, once a minute, soon after a stale answer. Gives
 * `{answer, error, isSlow, isLoading, look}`; `answer` is the last one, of another path too while a new one is under way, as
 * `answer.path` tells. The path null reads nothing.
 */
export function useRead(path, endpoint) {
  const [state, setState] = useState(() => ({ answer: known(path), error: null, isLoading: true }));
  const [isSlow, setSlow] = useState(false);
  const under = useRef(null);
  const again = useRef(0);

  const look = useCallback(async () => {
    if (path === null) return;
    clearTimeout(again.current);
    under.current?.abort();
    const attempt = new AbortController();
    under.current = attempt;
    setState((before) => ({ ...before, answer: known(path) ?? before.answer, isLoading: true }));
    const slow = setTimeout(() => setSlow(true), SLOW_MS);
    try {
      const answer = { ...(await get(path, { signal: attempt.signal })), path };
      setState({ answer, error: null, isLoading: false });
      if (answer.cache?.ttl < 0) again.current = setTimeout(look, STALE_MS);
    } catch (error) {
      if (attempt.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      setState((before) => ({ ...before, error, isLoading: false }));
    } finally {
      clearTimeout(slow);
      if (under.current === attempt) setSlow(false);
    }
  }, [path]);

  useEffect(() => {
    const reader = { endpoint, look };
    readers.add(reader);
    look();
    const timer = setInterval(() => !document.hidden && look(), LOOK_MS);
    return () => {
      readers.delete(reader);
      clearInterval(timer);
      clearTimeout(again.current);
      under.current?.abort();
    };
  }, [look, endpoint]);
  return { ...state, isSlow, look };
}

function known(path) {
  const answer = path === null ? null : lastAnswer(path);
  return answer && { ...answer, path };
}

/**
 * A card named `title`, filled by `children(data, answer)` once `read` (of [useRead]) has an answer; until then by a skeleton
 * of `lines` lines. `tools` stand beside the title, `note` says what the panel is, `isEmpty(data)` and `empty` what stands
 * there if there is nothing to show.
 */
export function Panel({ id, title, note, tools, read, lines = 5, isEmpty, empty, children, area = id }) {
  const { answer, error, isSlow, isLoading, look } = read;
  const headingId = `${id}-title`;
  return html`<section
    class="panel"
    data-testid=${`panel-${id}`}
    data-area=${area}
    data-state=${error ? "failed" : answer ? "ready" : "loading"}
    aria-labelledby=${headingId}
    aria-busy=${isLoading && !answer}
  >
    <header class="panel-head">
      <div>
        <h2 id=${headingId}>${title}</h2>
        ${note && html`<p class="panel-note">${note}</p>`}
      </div>
      <div class="panel-tools">${tools}</div>
    </header>
    <div class="panel-body">
      ${answer
        ? isEmpty?.(answer.data)
          ? html`<div class="empty">${empty}</div>`
          : children(answer.data, answer)
        : error
          ? html`<${Failed} error=${error} look=${look} />`
          : html`<${Skeleton} lines=${lines} isSlow=${isSlow} />`}
    </div>
    <footer class="panel-foot">
      ${answer && html`<${Freshness} answer=${answer} error=${error} look=${look} isSlow=${isSlow} />`}
    </footer>
  </section>`;
}

/** Lines where text will be. A reader of the screen is told that the panel is loading. */
export function Skeleton({ lines, isSlow }) {
  return html`<div class="skeleton" role="status" aria-label="Loading">
    ${Array.from({ length: lines }, (_, line) => html`<i key=${line}></i>`)}
    ${isSlow && html`<p class="skeleton-note">Still loading: the marketplace takes its time.</p>`}
  </div>`;
}

function Failed({ error, look }) {
  return html`<div class="failed" role="alert">
    <p><b>This could not be loaded.</b> ${error.message}</p>
    ${error.requestId && html`<p class="quiet small">Request <code>${error.requestId}</code></p>`}
    <button class="button" onClick=${look}>Try again</button>
  </div>`;
}

const SOURCES = {
  local: "from memory",
  redis: "from the shared cache",
  origin: "from the marketplace",
  "redis-down": "from the marketplace",
  "origin-error": "kept, since the marketplace does not answer",
};

/** How old the numbers are and where they came from. */
function Freshness({ answer, error, look, isSlow }) {
  const now = useNow();
  const age = answer.ageSeconds + Math.max(0, (now - answer.receivedAt) / 1000);
  const source = SOURCES[answer.cache?.detail];
  const isOld = Boolean(error) || answer.cache?.detail === "origin-error";
  return html`<span class="freshness" data-testid="freshness" data-old=${isOld} title=${answer.cache?.text}>
      <i class="dot"></i>Updated ${ago(age)}${source && html`<span class="freshness-source">, ${source}</span>`}
    </span>
    ${error
      ? html`<span class="foot-problem">Could not be refreshed. <button class="link-button" onClick=${look}>Try again</button></span>`
      : isSlow && html`<span class="quiet">Refreshing…</span>`}`;
}
