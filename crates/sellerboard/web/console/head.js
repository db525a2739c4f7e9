// The head: what an operator looks at first.

import { ago, percent } from "../lib/format.js";
import { Icon } from "../lib/icons.js";
import { Sparkline } from "../lib/sparkline.js";
import { html, useNow } from "../lib/ui.js";
import { rate, share, took, tookBoth } from "./figures.js";
import { STATES, causeText } from "./redis.js";

/** The figures of now, each with its last hour. */
export function Head({ metrics, lately, columns }) {
  const { latency, origin } = metrics;
  const everHit = share(metrics.hits, metrics.misses);
  return html`<dl class="figures" data-testid="console-head">
    <${Figure}
      id="hit-rate"
      label="Hit rate"
      value=${lately.hitRate === null ? "–" : percent(lately.hitRate)}
      note=${everHit === null ? "no reads yet" : `${percent(everHit)} since the start`}
      course=${columns?.hitRate}
    />
    <${Figure}
      id="reads"
      label="Reads a second"
      value=${rate(lately.reads)}
      note=${`${latency.all.count.toLocaleString(navigator.language)} in the last minute`}
      course=${columns?.reads}
    />
    <${Figure}
      id="latency"
      label="Latency p50 · p99"
      value=${tookBoth(latency.all)}
      note=${`hits ${took(latency.outcomes.hit_local.p50_ms)}, misses ${took(latency.outcomes.miss.p50_ms)}`}
      course=${columns?.p99}
    />
    <${Figure}
      id="loads"
      label="Origin calls a second"
      value=${rate(lately.loads)}
      note=${origin.breaker === "closed"
        ? `${origin.under_way} under way, ${origin.waiting} waiting`
        : html`<span class="bad"><${Icon} name="alert" /> not asked: it fails</span>`}
      course=${columns?.loads}
    />
    <${RedisFigure} redis=${metrics.redis} coherence=${metrics.coherence} />
  </dl>`;
}

function Figure({ id, label, value, note, course }) {
  return html`<div class="figure" data-testid=${`figure-${id}`}>
    <dt>${label}</dt>
    <dd>
      <span class="figure-value">${value}</span>
      <span class="figure-note">${note}</span>
      <${Sparkline} values=${(course ?? []).filter((one) => one !== null)} />
    </dd>
  </div>`;
}

function RedisFigure({ redis, coherence }) {
  const now = useNow();
  const { label, kind } = STATES[redis.state];
  const since = redis.since && `for ${ago(Math.max(0, (now - Date.parse(redis.since)) / 1000)).replace(" ago", "")}`;
  const pending = redis.pending_invalidations;
  const tells = coherence.notified ? "Redis tells of changes" : "Changes are looked for";
  return html`<div class="figure figure-redis" data-testid="figure-redis" data-state=${redis.state}>
    <dt>Redis</dt>
    <dd>
      <span class="figure-value ${kind}"><i class="dot ${kind}"></i>${label}</span>
      <span class="figure-note">${redis.state === "none" ? "one node, all in this process" : [causeText(redis.cause), since].filter(Boolean).join(", ")}</span>
      ${redis.state !== "none" &&
      html`<span class="figure-note ${pending > 0 ? "warn" : ""}">
        ${pending > 0 ? `${pending} ${pending === 1 ? "invalidation waits" : "invalidations wait"} for it` : tells}
      </span>`}
    </dd>
  </div>`;
}
