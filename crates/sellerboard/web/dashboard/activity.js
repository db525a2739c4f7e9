// What happened lately.

import { money, moment } from "../lib/format.js";
import { Icon } from "../lib/icons.js";
import { Panel } from "../lib/panel.js";
import { useRead } from "../lib/reading.js";
import { html, useState } from "../lib/ui.js";

const ICONS = { order: "cart", refund: "refund", review: "star", price: "tag", product: "tag" };
const LIMIT = 12;
const LIMIT_MORE = 50;

export function Activity() {
  const [limit, setLimit] = useState(LIMIT);
  const read = useRead(`/dashboard/activity?limit=${limit}`, "dashboard_activity");
  const isMore = limit === LIMIT_MORE;
  const tools = html`<button class="link-button" aria-pressed=${isMore} onClick=${() => setLimit(isMore ? LIMIT : LIMIT_MORE)}>
    ${isMore ? "Fewer" : "More"}
  </button>`;
  return html`<${Panel}
    id="activity"
    title="Activity"
    tools=${tools}
    read=${read}
    lines=${12}
    isEmpty=${(activity) => activity.items.length === 0}
    empty="Nothing has happened yet. Orders, reviews and prices will appear here as they come."
  >
    ${({ items, currency, timezone }) => html`<ol class="activity scroll" tabindex="0" aria-label="Activity, newest first">
      ${items.map(
        (item) => html`<li key=${item.id} data-kind=${item.kind} data-testid="activity-item">
          <${Icon} name=${ICONS[item.kind] ?? "info"} />
          <p>${sentence(item)}</p>
          ${item.amount && html`<b class="amount">${money(item.amount, currency)}</b>`}
          <time datetime=${item.at}>${moment(item.at, timezone)}</time>
        </li>`,
      )}
    </ol>`}
  <//>`;
}

/** The sentence without the amount at its end, which stands in a column of its own. */
function sentence({ text, amount }) {
  return amount && text.endsWith(`, ${amount}`) ? text.slice(0, -amount.length - 2) : text;
}
