// The key figures of 30 days beside those of the 30 days before.

import { change, count, money } from "../lib/format.js";
import { Panel, useRead } from "../lib/panel.js";
import { Sparkline } from "../lib/sparkline.js";
import { html } from "../lib/ui.js";

const asMoney = (value, { currency }) => money(value, currency);

/** `isCost`: less is better. `daily` is the course of the figure, of a day of the trend. */
const FIGURES = [
  { name: "net_revenue", label: "Net revenue", text: asMoney, daily: (day) => Number(day.net_revenue) },
  { name: "orders", label: "Orders", text: count, daily: (day) => day.orders },
  { name: "average_order_value", label: "Average order", text: asMoney, daily: averageOrder },
  { name: "units", label: "Units sold", text: count, daily: (day) => day.units },
  { name: "customers", label: "Customers", text: count },
  { name: "refunds", label: "Refunds", text: asMoney, isCost: true, daily: (day) => Number(day.refunds) },
];

export function Kpis() {
  const read = useRead("/dashboard/kpis", "dashboard_kpis");
  const trend = useRead("/dashboard/trends?days=30", "dashboard_trends");
  const points = trend.answer?.data.points ?? [];
  return html`<${Panel} id="kpis" title="Last 30 days" note="beside the 30 days before" read=${read} lines=${4}>
    ${(kpis) => html`<dl class="kpis">
      ${FIGURES.map(
        (figure) => html`<${Figure} key=${figure.name} figure=${figure} shop=${kpis} value=${kpis[figure.name]} points=${points} />`,
      )}
    </dl>`}
  <//>`;
}

function Figure({ figure, shop, value, points }) {
  const { label, text, isCost = false, daily } = figure;
  // The last day is not over: it would look like a fall.
  const course = daily ? points.slice(0, -1).map(daily) : [];
  return html`<div class="kpi" data-testid=${`kpi-${figure.name}`}>
    <dt>${label}</dt>
    <dd>
      <span class="kpi-value">${text(value.value, shop)}</span>
      <${Change} percent=${value.change_percent} isCost=${isCost} before=${text(value.previous, shop)} />
      ${daily && html`<${Sparkline} values=${course} />`}
    </dd>
  </div>`;
}

function Change({ percent, isCost, before }) {
  if (percent === null) return html`<span class="kpi-change quiet">nothing to compare with</span>`;
  const isBetter = isCost ? percent < 0 : percent > 0;
  const kind = percent === 0 ? "quiet" : isBetter ? "good" : "bad";
  const arrow = percent === 0 ? "→" : percent > 0 ? "↑" : "↓";
  return html`<span class="kpi-change ${kind}" title=${`${before} in the 30 days before`}>
    <span aria-hidden="true">${arrow}</span> ${change(percent)} <span class="sr-only">against ${before} before</span>
  </span>`;
}

function averageOrder(day) {
  return day.orders === 0 ? 0 : Number(day.gross_revenue) / day.orders;
}
