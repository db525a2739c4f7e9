// The seller's dashboard: its panels, and what they share.

import { refresh, useRead } from "../lib/reading.js";
import { follow } from "../lib/stream.js";
import { html, useLayoutEffect, useState } from "../lib/ui.js";
import { Activity } from "./activity.js";
import { Alerts } from "./alerts.js";
import { EmptyShop } from "./empty.js";
import { Forecast } from "./forecast.js";
import { Insights } from "./insights.js";
import { Kpis } from "./kpis.js";
import { Pricing } from "./pricing.js";
import { Products } from "./products.js";
import { Sentiment } from "./sentiment.js";
import { Summary } from "./summary.js";
import { Trend } from "./trend.js";

/** All panels of the shop, which follow its changes. */
export function Dashboard() {
  // The product whose prices and forecast are shown; null is all of them.
  const [selected, setSelected] = useState(null);
  const kpis = useRead("/dashboard/kpis", "dashboard_kpis");
  const alerts = useRead("/dashboard/alerts", "dashboard_alerts");
  // Two months without trade are either a pause or a new shop: only then the whole is asked for.
  const isQuiet = kpis.answer?.data.orders.value === 0 && kpis.answer.data.orders.previous === 0;
  const stats = useRead(isQuiet ? "/dashboard/stats" : null, "dashboard_stats");
  const whole = stats.answer?.data;
  const isEmpty = isQuiet && whole?.products === 0 && whole.periods["365"].orders === 0;

  // Before the readings begin: they may be slow, and would leave it no connection.
  useLayoutEffect(() => {
    const onEvent = ({ event, data }) => event === "change" && refresh(data?.endpoints);
    return follow("/events/stream", onEvent, () => refresh());
  }, []);
  const open = (product, panel) => {
    setSelected(product);
    document.querySelector(`[data-area="${panel}"]`).scrollIntoView({ block: "center" });
  };
  if (isEmpty) return html`<${EmptyShop} />`;
  return html`<main class="page dashboard">
    <${Summary} kpis=${kpis} alerts=${alerts} />
    <${Kpis} read=${kpis} />
    <${Trend} />
    <${Alerts} read=${alerts} onOpen=${open} />
    <${Insights} />
    <${Forecast} selected=${selected} onSelect=${setSelected} />
    <${Products} selected=${selected} onSelect=${setSelected} />
    <${Activity} />
    <${Pricing} selected=${selected} onSelect=${setSelected} />
    <${Sentiment} />
  </main>`;
}
