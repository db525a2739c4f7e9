// What is computed from the node's counts, and how it is written.

import { decimal, duration } from "../lib/format.js";

const CLOCK = new Intl.DateTimeFormat(navigator.language, { timeStyle: "medium", hourCycle: "h23" });
const NOW_MS = 10_000;
const MINUTE_MS = 60_000;

/** Adds the counts of `metrics` to those of the last minute, oldest first; all anew if the node was started anew. */
export function remember(counted, metrics) {
  const now = {
    at: Date.parse(metrics.at),
    startedAt: metrics.started_at,
    hits: metrics.hits,
    misses: metrics.misses,
    loads: metrics.origin.loads,
    loadsFailed: metrics.origin.loads_failed,
  };
  const before = counted.filter((one) => one.startedAt === now.startedAt && one.at >= now.at - MINUTE_MS && one.at < now.at);
  return [...before, now];
}

/** Samples of the course as counts of the last minute, to begin with. */
export function fromCourse(samples, metrics) {
  const now = Date.parse(metrics.at);
  return samples
    .map((sample) => ({
      at: Date.parse(sample.at),
      startedAt: metrics.started_at,
      hits: sample.hits,
      misses: sample.misses,
      loads: sample.origin_loads,
      loadsFailed: sample.origin_loads_failed,
    }))
    .filter(({ at }) => at >= now - MINUTE_MS && at < now && at >= Date.parse(metrics.started_at));
}

/** What came in the last seconds and in the last minute. */
export function lately(counted) {
  const now = counted.at(-1);
  const first = counted[0];
  const recent = counted.find(({ at }) => at >= now.at - NOW_MS) ?? first;
  const seconds = (now.at - recent.at) / 1000;
  const each = (name) => (seconds > 0 ? (now[name] - recent[name]) / seconds : null);
  const reads = each("hits") === null ? null : each("hits") + each("misses");
  return {
    reads,
    loads: each("loads"),
    loadsFailed: each("loadsFailed"),
    hitRate: share(now.hits - first.hits, now.misses - first.misses),
  };
}

/** Hits in a hundred reads; null without reads. */
export function share(hits, misses) {
  const reads = hits + misses;
  return reads > 0 ? (hits / reads) * 100 : null;
}

/** `3.2 µs` of milliseconds, a dash where nothing was observed. */
export function took(ms) {
  return ms === null || ms === undefined ? "–" : duration(ms / 1000);
}

/** `3.2 µs · 12 ms`: half took at most the one, all but one in a hundred at most the other. */
export function tookBoth({ p50_ms: half, p99_ms: most }) {
  return half === null ? "–" : `${took(half)} · ${took(most)}`;
}

/** `12.4` a second; small rates with more digits. */
export function rate(value) {
  if (value === null || value === undefined) return "–";
  return decimal(value, value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** A moment to the second. */
export function clock(at) {
  return CLOCK.format(typeof at === "number" ? at : Date.parse(at));
}
