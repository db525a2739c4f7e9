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
    ${({ as_of: asOf, prices_as_of: last, currency }) => html`<${PriceChart} item=${item ?? items[0]} asOf=${last ?? asOf} currency=${currency} />
      <${Gaps} compared=${compared} currency=${currency} shown=${item?.product_id} onSelect=${onSelect} />`}
  <//>`;
}

function PriceChart({ item, asOf, currency }) {
  const end = dayToMs(asOf);
  const x = useMemo(() => Array.from({ length: DAYS }, (_, index) => end - (DAYS - 1 - index) * DAY_MS), [end]);
  const shown = useMemo(() => item.competitors.filter(({ is_comparable, points }) => is_comparable && points.length > 0), [item]);
  // Where packs differ only prices of the same amount can be compared.
  const unit = shown.some(({ pack }) => pack && item.pack && pack.amount !== item.pack.amount) ? item.pack.unit : null;
  const series = useMemo(
    () => [
      { label: "Your price", colour: "chart-1", kind: "step", values: held(item.own, x, unit, end) },
      ...shown.map(({ name, points }, index) => ({
        label: name,
        colour: COLOURS[index % COLOURS.length],
        kind: "step",
        isDashed: true,
        values: held(points, x, unit, end),
      })),
    ],
    [item, shown, unit, x, end],
  );
  const { position } = item;
  const own = item.own.at(-1);
  const rank = position && RANKS[position.rank];
  return html`<p class="headline">
      <b>${own ? money(own.price, currency) : "No price"}</b>
      ${item.pack && own?.unit_price && html`<span class="quiet">${money(own.unit_price, currency)} per ${item.pack.unit}</span>`}
      ${rank
        ? html`<span class="badge" data-kind=${rank.kind}>${rank.text}</span>
            ${position.percent_to_cheapest !== null &&
            html`<span class="quiet">${change(position.percent_to_cheapest)} to the cheapest of ${position.of - 1}</span>`}`
        : html`<span class="quiet">nobody to compare with</span>`}
    </p>
    <${Chart}
      label=${`Prices of ${item.name}${unit ? ` per ${unit}` : ""}, ${DAYS} days`}
      x=${x}
      series=${series}
      isDays
      height=${220}
      range=${around}
      formatX=${(ms) => day(ms, "long")}
      format=${(value) => money(value, currency)}
    />
    ${notes(item, asOf).map((note) => html`<p key=${note} class="quiet price-note">${note}</p>`)}`;
}

/** What the chart cannot show: who is missing in it and why, and who is cheap when. */
function notes(item, asOf) {
  const notes = [];
  for (const { name, points, is_comparable: isComparable, last_seen: seen } of item.competitors) {
    if (!isComparable) notes.push(`${name} sells another kind of pack, which is not compared.`);
    else if (seen && !isKnown(points, asOf)) notes.push(`${name} was last seen on ${day(seen)}: its price is not known now.`);
  }
  const sellers = [{ name: "You", cheapest: item.own_cheapest }, ...item.competitors];
  for (const { name, cheapest } of sellers) {
    if (cheapest?.weekdays.length > 0) notes.push(`${name}: cheapest on ${cheapest.weekdays.map(plural).join(", ")}.`);
  }
  if (item.own_cheapest && item.compared_days > 0) {
    const { leading_days: leading } = item.own_cheapest;
    const days = item.compared_days;
    notes.push(leading > 0 ? `On ${leading} of ${days} days nobody was cheaper than you.` : `Somebody was cheaper than you on each of ${days} days.`);
  }
  return notes;
}

const isKnown = (points, asOf) => points.length > 0 && (points.at(-1).until ?? asOf) >= asOf;

const plural = (weekday) => `${weekday[0].toUpperCase()}${weekday.slice(1)}s`;

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

/** On each day the price that holds, by the unit if there is one; a gap where none is known. */
function held(points, x, unit, end) {
  const spans = points.map(({ date, until, price, unit_price: unitPrice }, index) => [
    dayToMs(date),
    until ? dayToMs(until) : index + 1 < points.length ? dayToMs(points[index + 1].date) - DAY_MS : end,
    Number(unit ? unitPrice : price),
  ]);
  return x.map((at) => spans.find(([from, until]) => from <= at && at <= until)?.[2] ?? null);
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
