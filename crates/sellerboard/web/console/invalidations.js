// What was invalidated lately, and why.

import { ago } from "../lib/format.js";
import { html, useNow } from "../lib/ui.js";
import { clock } from "./figures.js";
import { Card } from "./live.js";

const KINDS = { applied: "good", queued: "warn", "applied-unreplicated": "warn" };

/** The latest invalidations made on this node. */
export function Invalidations({ log }) {
  const now = useNow();
  return html`<${Card} id="invalidations" title="Latest invalidations" note="made on this node" from=${[log]} lines=${10}>
    ${log.data &&
    (log.data.items.length === 0
      ? html`<p class="empty">Nothing was invalidated since this node started.</p>`
      : html`<div class="table-scroll long-rows" tabindex="0" role="region" aria-label="Table of invalidations">
          <table class="table" data-testid="invalidations">
            <caption class="sr-only">Latest invalidations, newest first</caption>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Tenant</th>
                <th scope="col">Scope</th>
                <th scope="col">Cause</th>
                <th scope="col">Outcome</th>
                <th scope="col" class="number">Generation</th>
              </tr>
            </thead>
            <tbody>
              ${log.data.items.map(
                (one, index) => html`<tr key=${`${one.at} ${one.tenant} ${one.scope} ${index}`}>
                  <td class="nowrap"><time datetime=${one.at} title=${clock(one.at)}>${ago(Math.max(0, (now - Date.parse(one.at)) / 1000))}</time></td>
                  <td class="nowrap">${one.tenant}</td>
                  <td><code>${one.scope}</code></td>
                  <td>${one.cause} <span class="quiet small">by ${one.by}</span></td>
                  <td><span class="badge" data-kind=${KINDS[one.status]}>${one.status}</span></td>
                  <td class="number">${one.generation ?? "–"}</td>
                </tr>`,
              )}
            </tbody>
          </table>
        </div>`)}
  <//>`;
}
