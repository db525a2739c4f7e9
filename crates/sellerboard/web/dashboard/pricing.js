// The price of a product against those of competitors.

import { Chart } from "../lib/chart.js";
import { change, day, dayToMs, money } from "../lib/format.js";
import { Panel } from "../lib/panel.js";
import { useRead } from "../lib/reading.js";
import { html, useMemo } from "../lib/ui.js";

const DAY_MS = 86_400_000;
const DAYS = 90;
const GAPS_MAX = 5;
const COLOURS = ["chart-2", "chart-3", "chart-4", "chart-5"];
const RANKS = {
  cheapest: { text: "You are the cheapest", kind: "good" },
  middle: { text: "Somebody is cheaper", kind: "warn" },
  dearest: { text: "Everybody is cheaper", kind: "bad" },
};

export function Pricing({ selected, onSelect }) {
  const read = useRead(`/pricing/trends?days=${DAYS}`, "pricing_trends");
  const items = read.answer?.data.items ?? [];
  const compared = items.filter(({ competitors }) => competitors.length > 0);
  // Where the seller chose nothing, the product that is furthest above the cheapest.
  const item = items.find(({ product_id }) => product_id === selected) ?? compared.toSorted(byGap)[0];
  const tools = html`<select
    class="field product-choice"
    aria-label="Product"
    value=${item?.product_id}
    onChange=${(event) => onSelect(event.currentTarget.value)}
    data-testid="pricing-product"
  >
    ${items.map(({ product_id: id, name }) => html`<option key=${id} value=${id} selected=${id === item?.product_id}>${name}</option>`)}
  </select>`;
  return html`<${Panel}
    id="pricing"
    title="Price against competitors"
    note=${compared.length > 0 ? standing(compared) : undefined}
    tools=${items.length > 0 && tools}
    read=${read}
    skeleton="chart"
    isEmpty=${(pricing) => pricing.items.length === 0}
    empty="No prices have been seen yet."
  >
    ${({ as_of: asOf, currency }) => html`<${PriceChart} item=${item ?? items[0]} asOf=${asOf} currency=${currency} />
      <${Gaps} compared=${compared} currency=${currency} shown=${item?.product_id} onSelect=${onSelect} />`}
  <//>`;
}

function PriceChart({ item, asOf, currency }) {
  const end = dayToMs(asOf);
  const x = useMemo(() => Array.from({ length: DAYS }, (_, index) => end - (DAYS - 1 - index) * DAY_MS), [end]);
  const series = useMemo(
    () => [
      { label: "Your price", colour: "chart-1", kind: "step", values: held(item.own, x) },
      ...item.competitors.map(({ name, points }, index) => ({
        label: name,
        colour: COLOURS[index % COLOURS.length],
        kind: "step",
        isDashed: true,
        values: held(points, x),
      })),
    ],
    [item, x],
  );
  const { position } = item;
  const rank = position && RANKS[position.rank];
  return html`<p class="headline">
      <b>${money(item.own.at(-1).price, currency)}</b>
      ${rank
        ? html`<span class="badge" data-kind=${rank.kind}>${rank.text}</span>
            ${position.percent_to_cheapest !== null &&
            html`<span class="quiet">${change(position.percent_to_cheapest)} to the cheapest of ${position.of - 1}</span>`}`
        : html`<span class="quiet">nobody to compare with</span>`}
    </p>
    <${Chart}
      label=${`Prices of ${item.name}, ${DAYS} days`}
      x=${x}
      series=${series}
      isDays
      height=${220}
      range=${around}
      formatX=${(ms) => day(ms, "long")}
      format=${(value) => money(value, currency)}
    />`;
}

/** Where competitors are cheaper by most. */
function Gaps({ compared, currency, shown, onSelect }) {
  const dearer = compared.filter(({ position }) => position?.percent_to_cheapest > 0).toSorted(byGap);
  if (dearer.length === 0) return html`<p class="gaps-none"><span class="good">Nobody undercuts you.</span></p>`;
  return html`<table class="table gaps">
    <caption>Undercut most</caption>
    <thead class="sr-only">
      <tr>
        <th scope="col">Product</th>
        <th scope="col">Your price</th>
        <th scope="col">Above the cheapest</th>
      </tr>
    </thead>
    <tbody>
      ${dearer.slice(0, GAPS_MAX).map(
        ({ product_id: id, name, own, position }) => html`<tr key=${id} data-selected=${id === shown}>
          <th scope="row"><button class="row-button" onClick=${() => onSelect(id)}>${name}</button></th>
          <td class="number">${money(own.at(-1).price, currency)}</td>
          <td class="number bad">${change(position.percent_to_cheapest)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** On each day the price that holds: that of the last point up to it. */
function held(points, x) {
  const changes = points.map(({ date, price }) => [dayToMs(date), Number(price)]);
  return x.map((at) => changes.findLast(([from]) => from <= at)?.[1] ?? null);
}

/** Prices lie close together: the axis shows their surroundings, not zero. */
function around(_, low, high) {
  if (low === null) return [0, 1];
  const room = Math.max((high - low) * 0.25, high * 0.02);
  return [Math.max(0, low - room), high + room];
}

function byGap(one, other) {
  return (other.position?.percent_to_cheapest ?? -Infinity) - (one.position?.percent_to_cheapest ?? -Infinity);
}

function standing(compared) {
  const cheapest = compared.filter(({ position }) => position?.rank === "cheapest").length;
  return `cheapest for ${cheapest} of ${compared.length} products`;
}
