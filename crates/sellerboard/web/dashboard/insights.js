// Observations in plain sentences, the most telling first.

import { Icon } from "../lib/icons.js";
import { Panel } from "../lib/panel.js";
import { useRead } from "../lib/reading.js";
import { html } from "../lib/ui.js";
import { sentence } from "./sentence.js";

const SHOWN_MAX = 6;

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
    ${({ items, currency }) => html`<ul class="insights">
      ${items.slice(0, SHOWN_MAX).map(
        ({ id, text, figures }) => html`<li key=${id} data-testid="insight">
          <${Icon} name="spark" />
          <p>${sentence(text, figures, currency)}</p>
        </li>`,
      )}
    </ul>`}
  <//>`;
}
