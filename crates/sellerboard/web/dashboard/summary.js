// The shop in one sentence.

import { day, percent } from "../lib/format.js";
import { session } from "../lib/session.js";
import { html } from "../lib/ui.js";

/** A change below this is none. */
const STEADY_PERCENT = 1;

/** What `kpis` and `alerts` (readings) come to; its room is kept until they are there. */
export function Summary({ kpis, alerts }) {
  const figures = kpis.answer?.data;
  const items = alerts.answer?.data.items;
  return html`<header class="summary" data-testid="summary">
    <h1>
      <span class="sr-only">${session.get().tenant}: </span>
      ${figures ? revenue(figures) : html`<span class="summary-wait" aria-label="Loading"></span>`}${figures && items && html`, and ${attention(items)}`}${figures && "."}
    </h1>
    <p class="quiet">${figures && `30 days to ${day(figures.as_of, "long")}, beside the 30 before`}</p>
  </header>`;
}

function revenue({ net_revenue: { value, change_percent: change } }) {
  if (change === null) return Number(value) > 0 ? "First revenue has come in" : "No revenue in 30 days";
  if (Math.abs(change) < STEADY_PERCENT) return "Net revenue is steady";
  const kind = change > 0 ? "good" : "bad";
  return html`Net revenue is ${change > 0 ? "up" : "down"} <span class=${kind}>${percent(Math.abs(change))}</span>`;
}

function attention(items) {
  const urgent = items.filter(({ severity }) => severity === "critical").length;
  const other = items.length - urgent;
  if (urgent > 0) return html`<span class="bad">${things(urgent, "needs", "need")} you now</span>`;
  return other > 0 ? `${things(other, "is", "are")} worth a look` : "nothing needs you";
}

function things(number, ofOne, ofMany) {
  return number === 1 ? `one thing ${ofOne}` : `${number} things ${ofMany}`;
}
