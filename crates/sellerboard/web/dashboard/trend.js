// Revenue and orders by day.

import { Chart } from "../lib/chart.js";
import { Choice } from "../lib/choice.js";
import { change, count, countShort, day, dayToMs, money, moneyShort } from "../lib/format.js";
import { Panel } from "../lib/panel.js";
import { useRead } from "../lib/reading.js";
import { html, useMemo, useState } from "../lib/ui.js";

const RANGES = [
  { value: 7, label: "7 days" },
  { value: 30, label: "30 days" },
  { value: 90, label: "90 days" },
  { value: 365, label: "1 year" },
];
/** From so many days on, a week's average is drawn over them. */
const SMOOTHED_MIN = 60;
const MEASURES = [
  { value: "revenue", label: "Revenue" },
  { value: "orders", label: "Orders" },
];

export function Trend() {
  const [days, setDays] = useState(30);
  const [measure, setMeasure] = useState("revenue");
  const read = useRead(`/dashboard/trends?days=${days}`, "dashboard_trends");
  const tools = html`<${Choice} label="What is shown" options=${MEASURES} value=${measure} onChange=${setMeasure} />
    <${Choice} label="Range" options=${RANGES} value=${days} onChange=${setDays} />`;
  return html`<${Panel}
    id="trend"
    title=${measure === "revenue" ? "Revenue" : "Orders"}
    note="by day; the last one is not over"
    tools=${tools}
    read=${read}
    skeleton="chart"
    isEmpty=${({ points }) => points.every(({ orders }) => orders === 0)}
    empty="No trade in these days."
  >
    ${(trends) => html`<${TrendChart} trends=${trends} measure=${measure} />`}
  <//>`;
}

function TrendChart({ trends: { points, currency }, measure }) {
  const isRevenue = measure === "revenue";
  const series = useMemo(() => {
    const column = (name) => points.map((point) => Number(point[name]));
    const main = isRevenue
      ? { label: "Net revenue", colour: "chart-1", kind: "area", values: column("net_revenue") }
      : { label: "Orders", colour: "chart-2", kind: "bars", values: column("orders") };
    const more = isRevenue ? [{ label: "Refunds", colour: "chart-3", values: column("refunds") }] : [];
    if (points.length < SMOOTHED_MIN) return [main, ...more];
    // Of many days, single ones say little: the course is that of a week.
    return [
      { ...main, colour: "chart-quiet", kind: "line", width: 1 },
      { ...main, label: `${main.label}, average of 7 days`, kind: "area", values: weekly(main.values) },
      ...more,
    ];
  }, [points, isRevenue]);
  const x = useMemo(() => points.map(({ date }) => dayToMs(date)), [points]);
  const total = series[0].values.reduce((sum, value) => sum + value, 0);
  return html`<p class="headline">
      <b>${isRevenue ? money(total, currency) : count(total)}</b>
      <span class="quiet">in ${points.length} days, ${day(points[0].date, "dated")} to ${day(points.at(-1).date, "dated")}</span>
      <${HalfChange} values=${series[0].values} />
    </p>
    <${Chart}
      label=${`${series[0].label} by day, ${points.length} days`}
      x=${x}
      series=${series}
      isDays
      height=${252}
      formatX=${(ms) => day(ms, "long")}
      format=${(value) => (isRevenue ? money(value, currency) : count(value))}
      formatAxis=${(value) => (isRevenue ? moneyShort(value, currency) : countShort(value))}
    />`;
}

/** The mean of each day and the six before it. The last day is not over: it keeps the mean of the day before. */
function weekly(values) {
  const means = values.map((_, index) => {
    const week = values.slice(Math.max(0, index - 6), index + 1);
    return week.reduce((sum, value) => sum + value, 0) / week.length;
  });
  means[means.length - 1] = means.at(-2);
  return means;
}

/** The second half of the whole days beside the first: whether it goes up or down within what is shown. */
function HalfChange({ values }) {
  const half = Math.floor((values.length - 1) / 2);
  if (half < 3) return null;
  const sum = (from) => values.slice(from, from + half).reduce((total, value) => total + value, 0);
  const [before, after] = [sum(values.length - 1 - 2 * half), sum(values.length - 1 - half)];
  if (before === 0) return null;
  const percent = ((after - before) / before) * 100;
  return html`<span class=${percent < 0 ? "bad" : "good"}>${change(percent)}<span class="quiet"> second half against first</span></span>`;
}
