// Where entries are kept, how full that is, and how nodes agree.

import { bytes, count, percent } from "../lib/format.js";
import { html } from "../lib/ui.js";
import { tookBoth } from "./figures.js";
import { Card } from "./live.js";

const MIB = 1_048_576;
/** From so much of its limit on, a tier is about to evict. */
const FULL_PERCENT = 90;

/** Memory against its limit, and what left for want of it. */
export function Tiers({ metrics }) {
  const { local, redis } = metrics.data?.tiers ?? {};
  return html`<${Card} id="tiers" title="Tiers" note="memory against its limit" from=${[metrics]} lines=${4}>
    ${metrics.data &&
    html`<div class="tiers">
      <${Tier} id="local" name="This process" tier=${local}>
        ${count(local.entries)} entries, ${count(local.evictions)} evicted, ${count(local.rejections)} too large
      <//>
      ${redis && html`<${Tier} id="redis" name="Redis" tier=${redis}>${count(redis.evicted_keys)} keys evicted since it started<//>`}
    </div>`}
  <//>`;
}

function Tier({ id, name, tier: { used_memory_mb: used, max_memory_mb: max }, children }) {
  const filled = max > 0 ? (used / max) * 100 : 0;
  const text = max > 0 ? `${bytes(used * MIB)} of ${bytes(max * MIB)}` : `${bytes(used * MIB)}, no limit`;
  return html`<div class="tier" data-testid=${`tier-${id}`}>
    <div class="tier-head"><b>${name}</b><span>${text}${max > 0 && html` <span class="quiet">${percent(filled)}</span>`}</span></div>
    <div class="meter" role="meter" aria-label=${`Memory of ${name}`} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${Math.round(filled)} aria-valuetext=${text}>
      <i data-kind=${filled >= FULL_PERCENT ? "warn" : "good"} style=${{ width: `${Math.min(100, Math.max(filled, used > 0 ? 0.5 : 0))}%` }}></i>
    </div>
    <p class="small quiet">${children}</p>
  </div>`;
}

/** Whether all nodes serve the same, and what was held back so that they do. */
export function Coherence({ metrics }) {
  return html`<${Card} id="coherence" title="Coherence" note="how soon an invalidation holds here, and what waits" from=${[metrics]} lines=${6}>
    ${metrics.data && html`<dl class="pairs">${pairs(metrics.data).map(([label, value, kind, hint]) => html`<${Pair} key=${label} label=${label} value=${value} kind=${kind} hint=${hint} />`)}</dl>`}
  <//>`;
}

function pairs({ coherence, origin, redis }) {
  const { lag, notified } = coherence;
  const pending = redis.pending_invalidations;
  return [
    ["Lag p50 · p99", tookBoth(lag), "", "until it holds here, last minute"],
    ["Told by Redis", notified === null ? "no Redis" : notified ? "yes" : "no", notified === false ? "warn" : "", "else looked for within the bound"],
    ["Waiting for Redis", pending === 0 ? "none" : `${count(pending)}, the oldest ${count(coherence.pending_age)} s`, pending > 0 ? "warn" : "", "on disk until Redis confirms"],
    ["Late fills refused", count(coherence.fills_refused), "", "invalidated during the load"],
    ["Promotions refused", count(coherence.promotions_refused), "", "invalidated entries in Redis"],
    ["Redis commands failed", count(coherence.redis_errors), coherence.redis_errors > 0 ? "warn" : "", "while it was up"],
    ["Loads not begun", count(origin.loads_shed), origin.loads_shed > 0 ? "warn" : "", "too many were under way"],
    ["Load p50 · p99", tookBoth(origin.duration), "", "of the origin, last minute"],
  ];
}

function Pair({ label, value, kind, hint }) {
  return html`<div class="pair">
    <dt>${label}<span class="small quiet">${hint}</span></dt>
    <dd class=${kind}>${value}</dd>
  </div>`;
}
