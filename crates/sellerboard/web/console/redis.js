// Redis' state, now and over time.

import { ago, moment } from "../lib/format.js";
import { html } from "../lib/ui.js";
import { clock } from "./figures.js";
import { Card } from "./live.js";

/** How each state is written, and how it is meant. */
export const STATES = {
  up: { label: "Up", kind: "good" },
  degraded: { label: "Degraded", kind: "warn" },
  down: { label: "Down", kind: "bad" },
  none: { label: "Not used", kind: "quiet" },
};

const CAUSES = {
  "access-denied": "it does not let us in",
  crowded: "it lets no further client in",
  garbled: "it sends what no Redis sends",
  "not-ready": "it is loading or busy",
  refusing: "it refuses what is asked",
  silent: "it does not answer",
  slow: "it answers too late",
  unfit: "a replica, or too old",
  unreachable: "it cannot be reached",
  "writes-refused": "it refuses to write",
};
const CHANGES_SHOWN = 6;

/** The cause in words; null for none. */
export function causeText(cause) {
  return cause ? (CAUSES[cause] ?? cause) : null;
}

/** A strip of states over the range that is shown, and the latest changes. */
export function RedisHistory({ course, rangeMs, metrics }) {
  const isReady = course.data !== null && metrics.data !== null;
  return html`<${Card} id="redis" title="Redis" note="its state as this node saw it" from=${[course, metrics]} lines=${3}>
    ${isReady &&
    (metrics.data.redis.state === "none"
      ? html`<p class="empty">No Redis is used: this node keeps everything itself.</p>`
      : html`<${Strip} course=${course.data} rangeMs=${rangeMs} />`)}
  <//>`;
}

function Strip({ course, rangeMs }) {
  const end = Date.now();
  const spans = spansOf(course.redis_changes, end - rangeMs, end);
  const changes = course.redis_changes.slice(-CHANGES_SHOWN).reverse();
  return html`<ol class="strip" aria-label="States over time, oldest first" data-testid="redis-strip">
      ${spans.map(
        ({ from, to, state, cause }) => html`<li key=${from} data-state=${state} style=${{ flexGrow: to - from }} title=${`${STATES[state].label}, ${clock(from)} to ${clock(to)}`}>
          <span class="sr-only">${STATES[state].label}${cause ? `, ${causeText(cause)}` : ""}, ${moment(from)} to ${moment(to)}</span>
        </li>`,
      )}
    </ol>
    <div class="strip-ends small quiet"><span>${moment(spans[0]?.from ?? end - rangeMs)}</span><span>now</span></div>
    <ul class="changes">
      ${changes.map(
        ({ at, state, cause }) => html`<li key=${at + state}>
          <span class="badge" data-kind=${STATES[state].kind}>${STATES[state].label}</span>
          <span>${causeText(cause) ?? "in use"}</span>
          <time class="quiet" datetime=${at} title=${clock(at)}>${ago(Math.max(0, (end - Date.parse(at)) / 1000))}</time>
        </li>`,
      )}
    </ul>`;
}

/** What state it was in from when to when, within the range. */
function spansOf(changes, start, end) {
  return changes
    .map((change, index) => ({
      ...change,
      from: Math.max(start, Date.parse(change.at)),
      to: index + 1 < changes.length ? Date.parse(changes[index + 1].at) : end,
    }))
    .filter(({ from, to }) => to > from);
}
