// Observations in plain sentences, the most telling first.

import { Icon } from "../lib/icons.js";
import { Panel, useRead } from "../lib/panel.js";
import { html } from "../lib/ui.js";

const SHOWN_MAX = 6;
/** What a sentence says in figures: amounts, shares, counts, with sign and unit. */
const FIGURE = /([+−-]?\d[\d,]*(?:\.\d+)?(?:\s?%)?)/;

export function Insights() {
  const read = useRead("/dashboard/insights", "dashboard_insights");
  return html`<${Panel}
    id="insights"
    title="What stands out"
    read=${read}
    lines=${8}
    isEmpty=${(insights) => insights.items.length === 0}
    empty="Not enough trade yet to say anything about it."
  >
    ${({ items }) => html`<ul class="insights">
      ${items.slice(0, SHOWN_MAX).map(
        ({ id, text }) => html`<li key=${id} data-testid="insight">
          <${Icon} name="spark" />
          <p>${text.split(FIGURE).map((part, index) => (index % 2 === 1 ? html`<b>${part}</b>` : part))}</p>
        </li>`,
      )}
    </ul>`}
  <//>`;
}
