// What the seller of a shop sees that has nothing in it yet.

import { session } from "../lib/session.js";
import { html } from "../lib/ui.js";

const COMING = [
  ["Orders", "show as revenue and demand, by the day, from the first one on."],
  ["Products", "show with stock and price, and beside what competitors ask."],
  ["Reviews", "show as the mood of customers, with the sentences behind it."],
];

export function EmptyShop() {
  return html`<main class="page empty-shop" data-testid="empty-shop">
    <div class="empty-card">
      <h1>${session.get()?.tenant} is ready, and empty so far</h1>
      <p class="quiet">
        The marketplace has sent neither a product nor an order of this shop. As soon as it does, the numbers appear here; there is no
        need to reload.
      </p>
      <ul>
        ${COMING.map(([what, how]) => html`<li key=${what}><b>${what}</b> ${how}</li>`)}
      </ul>
      <p class="quiet small">Sales of the past can be brought in from a file: see <code>sellerboard import</code>.</p>
    </div>
  </main>`;
}
