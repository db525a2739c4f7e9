// What needs the seller, most severe first.

import { Choice } from "../lib/choice.js";
import { day } from "../lib/format.js";
import { Icon } from "../lib/icons.js";
import { Panel } from "../lib/panel.js";
import { html, useState } from "../lib/ui.js";
import { sentence } from "./sentence.js";

const SEVERITIES = {
  critical: { icon: "stop", word: "Critical", kind: "bad" },
  warning: { icon: "alert", word: "Warning", kind: "warn" },
  info: { icon: "info", word: "For information", kind: "" },
};

/** Where more is to be seen of a product that an alert is about. */
const PANELS = { price_undercut: "pricing", low_stock: "forecast", stock_out: "forecast" };

/** `read` is the reading of the alerts; `onOpen(product, panel)` shows more of what one is about. */
export function Alerts({ read, onOpen }) {
  const [shown, setShown] = useState("all");
  const items = read.answer?.data.items ?? [];
  const options = [{ value: "all", label: `All ${items.length}` }];
  for (const [severity, { word }] of Object.entries(SEVERITIES)) {
    const number = items.filter((alert) => alert.severity === severity).length;
    if (number > 0) options.push({ value: severity, label: `${word} ${number}` });
  }
  const value = options.some((option) => option.value === shown) ? shown : "all";
  const tools = options.length > 2 && html`<${Choice} label="Severity" options=${options} value=${value} onChange=${setShown} />`;
  return html`<${Panel}
    id="alerts"
    title="Needs attention"
    tools=${tools}
    read=${read}
    lines=${9}
    isEmpty=${(alerts) => alerts.items.length === 0}
    empty=${html`<span class="good"><${Icon} name="check" /></span> Nothing needs your attention.`}
  >
    ${({ currency }) => html`<ul class="alerts scroll" tabindex="0" aria-label="Alerts">
      ${items
        .filter(({ severity }) => value === "all" || severity === value)
        .map((alert) => html`<${Alert} key=${alert.id} alert=${alert} currency=${currency} onOpen=${onOpen} />`)}
    </ul>`}
  <//>`;
}

function Alert({ alert, currency, onOpen }) {
  const { icon, word, kind } = SEVERITIES[alert.severity] ?? SEVERITIES.info;
  const panel = alert.product_id && PANELS[alert.kind];
  return html`<li class="alert" data-severity=${alert.severity} data-testid="alert">
    <span class="alert-icon ${kind}" title=${word}><${Icon} name=${icon} /></span>
    <div>
      <h3>
        <span class="sr-only">${word}: </span>
        ${panel
          ? html`<button class="row-button" onClick=${() => onOpen(alert.product_id, panel)}>${alert.title}</button>`
          : alert.title}
      </h3>
      <p>${sentence(alert.reason, alert.evidence, currency)}</p>
      <p class="alert-action">${alert.action} <span class="quiet">Since\u00a0${day(alert.since).replaceAll(" ", "\u00a0")}.</span></p>
    </div>
  </li>`;
}
