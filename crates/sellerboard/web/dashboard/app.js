// The seller's dashboard: its panels, and what they share.

import { refresh } from "../lib/panel.js";
import { session } from "../lib/session.js";
import { follow } from "../lib/stream.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { Activity } from "./activity.js";
import { Alerts } from "./alerts.js";
import { Forecast } from "./forecast.js";
import { Insights } from "./insights.js";
import { Kpis } from "./kpis.js";
import { Pricing } from "./pricing.js";
import { Products } from "./products.js";
import { Sentiment } from "./sentiment.js";
import { Trend } from "./trend.js";

/** All panels of the shop, which follow its changes. */
export function Dashboard() {
  // The product whose prices and forecast are shown; null is all of them.
  const [selected, setSelected] = useState(null);
  useEffect(() => {
    const onEvent = ({ event, data }) => event === "change" && refresh(data?.endpoints);
    return follow("/events/stream", onEvent, () => refresh());
  }, []);
  return html`<main class="page dashboard">
    <h1 class="sr-only">Dashboard of ${session.get().tenant}</h1>
    <${Kpis} />
    <${Trend} />
    <${Alerts} />
    <${Insights} />
    <${Forecast} selected=${selected} onSelect=${setSelected} />
    <${Products} selected=${selected} onSelect=${setSelected} />
    <${Activity} />
    <${Pricing} selected=${selected} onSelect=${setSelected} />
    <${Sentiment} />
  </main>`;
}
