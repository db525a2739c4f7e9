// The key figures of 30 days beside those of the 30 days before.

import { change, count, decimal, money } from "../lib/format.js";
import { Fresh } from "../lib/fresh.js";
import { Panel } from "../lib/panel.js";
import { useRead } from "../lib/reading.js";
import { Sparkline } from "../lib/sparkline.js";
import { html } from "../lib/ui.js";

const asMoney = (value, { currency }) => money(value, currency);

/** `isCost`: less is better. `daily` gives the figure of a day of the trend; where there is none, `aside` says something. */
const FIGURES = [
  { name: "net_revenue", label: "Net revenue", text: asMoney, daily: (day) => Number(day.net_revenue) },
  { name: "orders", label: "Orders", text: count, daily: (day) => day.orders },
  { name: "average_order_value", label: "Average order", text: asMoney, daily: averageOrder },
  { name: "units", label: "Units sold", text: count, daily: (day) => day.units },
  { name: "customers", label: "Customers", text: count, aside: ordersEach },
  { name: "refunds", label: "Refunds", text: asMoney, isCost: true, daily: (day) => Number(day.refunds) },
];

/** `read` is the reading of the key figures. */
export function Kpis({ read }) {
  const trend = useRead("/dashboard/trends?days=30", "dashboard_trends");
  const points = trend.answer?.data.points ?? [];
  return html`<${Panel} id="kpis" title="Last 30 days" read=${read} skeleton="tiles">
    ${(kpis) => html`<dl class="figures kpis">
      ${FIGURES.map(
        (figure) => html`<${Figure} key=${figure.name} figure=${figure} shop=${kpis} value=${kpis[figure.name]} points=${points} />`,
      )}
    </dl>`}
  <//>`;
}

function Figure({ figure, shop, value, points }) {
  const { label, text, isCost = false, daily, aside } = figure;
  // The last day is not over: it would look like a fall.
  const course = daily ? points.slice(0, -1).map(daily) : [];
  return html`<div class="figure" data-testid=${`kpi-${figure.name}`}>
    <dt>${label}</dt>
    <dd>
      <${Fresh} class="figure-value" text=${text(value.value, shop)} />
      <${Change} percent=${value.change_percent} isCost=${isCost} before=${text(value.previous, shop)} />
      ${daily ? html`<${Sparkline} values=${course} />` : html`<span class="quiet small">${aside(shop)}</span>`}
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

function ordersEach({ orders, customers }) {
  return customers.value === 0 ? "" : `${decimal(orders.value / customers.value, 1)} orders each`;
}
