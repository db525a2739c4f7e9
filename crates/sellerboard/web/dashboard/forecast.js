// Demand to expect, with how sure that is.

import { Chart } from "../lib/chart.js";
import { Choice } from "../lib/choice.js";
import { count, countShort, day, dayToMs, decimal } from "../lib/format.js";
import { Panel } from "../lib/panel.js";
import { useRead } from "../lib/reading.js";
import { html, useMemo, useState } from "../lib/ui.js";

const HORIZONS = [
  { value: 14, label: "14 days" },
  { value: 30, label: "30 days" },
  { value: 90, label: "90 days" },
];
const MODELS = {
  combination: "the average of the best methods",
  mean: "the average, for want of history",
};
const NOTES = {
  intermittent: "sold on few days: right in sum, not day by day",
  "level-shift": "from what came after a jump",
  "short-history": "a guess, from two weeks at most",
};

export function Forecast({ selected, onSelect }) {
  const [horizon, setHorizon] = useState(30);
  const query = new URLSearchParams({ horizon });
  if (selected) query.set("product_id", selected);
  const read = useRead(`/forecast/demand?${query}`, "forecast_demand");
  const product = useRead(selected && `/products/${encodeURIComponent(selected)}`, "products");
  const name = product.answer?.data.id === selected ? product.answer.data.name : "one product";
  const note = selected
    ? html`units a day of ${name} <button class="link-button" onClick=${() => onSelect(null)}>All products</button>`
    : "units a day, all products";
  return html`<${Panel}
    id="forecast"
    title="Demand to expect"
    note=${note}
    tools=${html`<${Choice} label="Horizon" options=${HORIZONS} value=${horizon} onChange=${setHorizon} />`}
    read=${read}
    skeleton="chart"
    isEmpty=${({ points, model }) => points.length === 0 || model === "none"}
    empty="There is not enough history to foresee anything."
  >
    ${(forecast) => html`<${Fan} forecast=${forecast} />`}
  <//>`;
}

function Fan({ forecast: { points, model, methods, notes, backtest } }) {
  const x = useMemo(() => points.map(({ date }) => dayToMs(date)), [points]);
  const series = useMemo(() => {
    const column = (name) => points.map((point) => point[name]);
    return [
      {
        label: "Expected",
        colour: "chart-1",
        values: column("mean"),
        intervals: [
          { label: "19 days of 20", low: column("lower95"), high: column("upper95") },
          { label: "4 days of 5", low: column("lower80"), high: column("upper80") },
        ],
      },
    ];
  }, [points]);
  const total = points.reduce((sum, { mean }) => sum + mean, 0);
  return html`<p class="headline">
      <b>${count(total)} units</b>
      <span class="quiet">in ${points.length} days, by <span title=${methods.join(", ")}>${MODELS[model] ?? model}</span></span>
      ${notes.map((note) => NOTES[note] && html`<span class="quiet" key=${note}>${NOTES[note]}</span>`)}
      ${backtest && html`<span class="quiet" title="Symmetric mean absolute percentage error">off by ${decimal(backtest.smape, 0)} % a day when tried on the last days</span>`}
    </p>
    <${Chart}
      label=${`Demand expected by day, ${points.length} days`}
      x=${x}
      series=${series}
      isDays
      height=${220}
      formatX=${(ms) => day(ms, "long")}
      format=${count}
      formatAxis=${countShort}
    />`;
}
