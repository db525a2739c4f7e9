// Who asks, and for what: by endpoint, by tenant.

import { Choice } from "../lib/choice.js";
import { bytes, count, percent } from "../lib/format.js";
import { html, useState } from "../lib/ui.js";
import { share, took } from "./figures.js";
import { Card, useLive } from "./live.js";

const TENANTS_SHOWN = 10;
const TENANTS_MS = 2000;
const ORDERS = [
  { value: "requests", label: "By reads" },
  { value: "bytes", label: "By memory" },
];
const COLUMNS = [
  { name: "reads", label: "Reads", of: ({ hits, misses }) => hits + misses, text: count },
  { name: "hitRate", label: "Hit rate", of: ({ hits, misses }) => share(hits, misses), text: (value) => (value === null ? "–" : percent(value)) },
  { name: "local", label: "Memory hits", of: ({ hits_local }) => hits_local, text: count },
  { name: "redis", label: "Redis hits", of: ({ hits_redis }) => hits_redis, text: count },
  { name: "stale", label: "Stale", of: ({ stale_hits }) => stale_hits, text: count },
  { name: "misses", label: "Misses", of: ({ misses }) => misses, text: count },
  { name: "loads", label: "Loads", of: ({ origin_loads }) => origin_loads, text: count },
  { name: "failed", label: "Failed", of: ({ origin_loads_failed }) => origin_loads_failed, text: count, isBad: true },
  { name: "p50", label: "p50", of: ({ latency }) => latency.p50_ms, text: took },
  { name: "p99", label: "p99", of: ({ latency }) => latency.p99_ms, text: took },
];

/** A row an endpoint, ordered by a column. */
export function Endpoints({ metrics }) {
  const [order, setOrder] = useState({ name: "reads", isUp: false });
  const column = COLUMNS.find(({ name }) => name === order.name);
  const rows = Object.entries(metrics.data?.endpoints ?? {}).sort(([oneName, one], [otherName, other]) => {
    const difference = (column.of(one) ?? -1) - (column.of(other) ?? -1);
    return (order.isUp ? difference : -difference) || oneName.localeCompare(otherName);
  });
  const choose = (name) => setOrder({ name, isUp: order.name === name && !order.isUp });
  return html`<${Card} id="endpoints" title="Endpoints" note="counts since the start, latency of the last minute" from=${[metrics]} lines=${10}>
    ${metrics.data &&
    (rows.length === 0
      ? html`<p class="empty">Nothing was read yet.</p>`
      : html`<div class="table-scroll" tabindex="0" role="region" aria-label="Table of endpoints">
          <table class="table" data-testid="endpoints">
            <caption class="sr-only">Endpoints</caption>
            <thead>
              <tr>
                <th scope="col">Endpoint</th>
                ${COLUMNS.map(
                  ({ name, label }) => html`<th key=${name} scope="col" class="number" aria-sort=${name === order.name ? (order.isUp ? "ascending" : "descending") : "none"}>
                    <button class="sort-button" onClick=${() => choose(name)}>${label}<span aria-hidden="true">${name === order.name ? (order.isUp ? " ↑" : " ↓") : ""}</span></button>
                  </th>`,
                )}
              </tr>
            </thead>
            <tbody>
              ${rows.map(
                ([name, counts]) => html`<tr key=${name} data-testid=${`endpoint-${name}`}>
                  <th scope="row"><code>${name}</code></th>
                  ${COLUMNS.map(({ name: column, of, text, isBad }) => html`<td key=${column} class="number ${isBad && of(counts) > 0 ? "bad" : ""}">${text(of(counts))}</td>`)}
                </tr>`,
              )}
            </tbody>
          </table>
        </div>`)}
  <//>`;
}

/** The tenants that ask most, or take most of the tier in the process. `onSelect` is told whose entries to look at. */
export function Tenants({ onSelect }) {
  const [order, setOrder] = useState("requests");
  const top = useLive(`/cache/tenants?limit=${TENANTS_SHOWN}&order=${order}`, TENANTS_MS);
  const tools = html`<${Choice} label="Order" options=${ORDERS} value=${order} onChange=${setOrder} />`;
  return html`<${Card} id="tenants" title="Top tenants" note="on this node, since it saw them first; exact" tools=${tools} from=${[top]} lines=${10}>
    ${top.data &&
    (top.data.items.length === 0
      ? html`<p class="empty">No tenant was seen yet.</p>`
      : html`<div class="table-scroll" tabindex="0" role="region" aria-label="Table of tenants">
          <table class="table" data-testid="tenants">
            <caption class="sr-only">Top tenants</caption>
            <thead>
              <tr>
                <th scope="col">Tenant</th>
                <th scope="col" class="number">Reads</th>
                <th scope="col" class="number">Hit rate</th>
                <th scope="col" class="number">Entries</th>
                <th scope="col" class="number">Memory</th>
              </tr>
            </thead>
            <tbody>
              ${top.data.items.map(
                (tenant) => html`<tr key=${tenant.id}>
                  <th scope="row"><button class="row-button" onClick=${() => onSelect(tenant.id)} title="Look at its entries">${tenant.id}</button></th>
                  <td class="number">${count(tenant.total_requests)}</td>
                  <td class="number">${tenant.total_requests > 0 ? percent(share(tenant.hits, tenant.misses)) : "–"}</td>
                  <td class="number">${count(tenant.local_entries)}</td>
                  <td class="number">${bytes(tenant.local_bytes)}</td>
                </tr>`,
              )}
            </tbody>
          </table>
        </div>`)}
  <//>`;
}
