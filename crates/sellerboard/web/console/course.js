// The course of the figures over an hour or a day.

import { Chart } from "../lib/chart.js";
import { Choice } from "../lib/choice.js";
import { bytes, count, percent } from "../lib/format.js";
import { html, useMemo } from "../lib/ui.js";
import { clock, rate, share, took } from "./figures.js";
import { Card, useLive } from "./live.js";

export const RANGES = [
  { value: "hour", label: "1 hour", ms: 3_600_000 },
  { value: "day", label: "1 day", ms: 86_400_000 },
];
const HEIGHT = 168;

/** The samples of the range, asked for whole once, and then only what is new. */
export function useCourse(range) {
  const path = `/cache/history?range=${range}`;
  const join = (before, now) => {
    if (!before) return now;
    const earliest = Date.now() - RANGES.find(({ value }) => value === range).ms;
    const items = [...before.items, ...now.items].filter(({ at }) => Date.parse(at) >= earliest);
    return { ...now, items };
  };
  const pathOf = (before) => {
    const last = before?.items.at(-1)?.at;
    return last ? `${path}&since=${encodeURIComponent(last)}` : path;
  };
  return useLive(path, 5000, { join, pathOf });
}

/** Columns for charts: the differences of counts between samples, and the rest as it is. */
export function useColumns(course) {
  return useMemo(() => (course ? columnsOf(course.items) : null), [course]);
}

function columnsOf(items) {
  const pairs = items.slice(1).map((now, index) => [now, items[index]]);
  const each = (of) => pairs.map(([now, before]) => of(now, before, (Date.parse(now.at) - Date.parse(before.at)) / 1000));
  const delta = (name) => each((now, before, seconds) => Math.max(0, now[name] - before[name]) / seconds);
  return {
    x: each((now) => Date.parse(now.at)),
    hitRate: each((now, before) => share(now.hits - before.hits, now.misses - before.misses)),
    reads: each((now, before, seconds) => Math.max(0, now.hits + now.misses - before.hits - before.misses) / seconds),
    hits: delta("hits"),
    misses: delta("misses"),
    p50: each(({ p50_ms }) => p50_ms),
    p99: each(({ p99_ms }) => p99_ms),
    loads: delta("origin_loads"),
    failed: delta("origin_loads_failed"),
    local: each(({ local_bytes }) => local_bytes),
    redis: each(({ redis_bytes }) => redis_bytes),
    evictions: each((now, before, seconds) => Math.max(0, now.local_evictions + now.redis_evictions - before.local_evictions - before.redis_evictions) / seconds),
    pending: each(({ pending_invalidations }) => pending_invalidations),
    lag: each(({ lag_p99_ms }) => lag_p99_ms),
  };
}

/** Small charts, side by side: `columns` are those of `course`. */
export function Charts({ course, columns, range, onRange }) {
  const tools = html`<${Choice} label="Range" options=${RANGES} value=${range} onChange=${onRange} />`;
  const isShort = columns?.x.length < 2;
  return html`<${Card} id="course" title="Over time" note="of this node, kept in its memory" tools=${tools} from=${[course]} lines=${12}>
    ${isShort
      ? html`<p class="empty">The first points are there within half a minute of the node's start.</p>`
      : columns &&
        html`<div class="charts">
          <${One} title="Hit rate" columns=${columns} format=${(value) => percent(value)} ends=${[0, 100]} lines=${[["Hit rate", "chart-1", "hitRate", "area"]]} />
          <${One} title="Reads a second" columns=${columns} format=${rate} lines=${[["Hits", "chart-1", "hits", "area"], ["Misses", "chart-3", "misses"]]} />
          <${One} title="Latency" columns=${columns} format=${took} isLog lines=${[["p99", "chart-4", "p99"], ["p50", "chart-2", "p50"]]} />
          <${One} title="Origin calls a second" columns=${columns} format=${rate} lines=${[["Calls", "chart-2", "loads", "area"], ["Failed", "chart-5", "failed"]]} />
          <${One} title="Memory" columns=${columns} format=${bytes} lines=${[["This process", "chart-1", "local", "area"], ["Redis", "chart-3", "redis"]]} />
          <${One} title="Evictions a second" columns=${columns} format=${rate} lines=${[["Evictions", "chart-3", "evictions", "area"]]} />
          <${One} title="Coherence lag" columns=${columns} format=${took} lines=${[["p99", "chart-4", "lag", "dots"]]} />
          <${One} title="Invalidations that wait" columns=${columns} format=${count} formatAxis=${whole} lines=${[["Waiting", "chart-5", "pending", "step"]]} />
        </div>`}
  <//>`;
}

function One({ title, columns, format, lines, ends, isLog, formatAxis = format }) {
  const series = useMemo(
    () => lines.map(([label, colour, name, kind]) => ({ label, colour, kind, values: columns[name] })).filter(({ values }) => values.some((value) => value !== null)),
    [columns],
  );
  return html`<div class="one-chart">
    <h3>${title}</h3>
    ${series.length === 0
      ? html`<p class="empty">None in this time.</p>`
      : html`<${Chart}
          label=${title}
          x=${columns.x}
          series=${series}
          height=${HEIGHT}
          formatX=${clock}
          format=${format}
          formatAxis=${formatAxis}
          range=${ends && (() => ends)}
          isLog=${isLog}
        />`}
  </div>`;
}

/** A whole number; nothing for what lies between two. */
function whole(value) {
  return Number.isInteger(value) ? count(value) : "";
}
