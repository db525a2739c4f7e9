// The catalogue, with search and pages.

import { count, fixed, money } from "../lib/format.js";
import { Fresh } from "../lib/fresh.js";
import { Icon } from "../lib/icons.js";
import { Panel } from "../lib/panel.js";
import { useRead } from "../lib/reading.js";
import { html, useEffect, useState } from "../lib/ui.js";

const PAGE = 10;
const TYPING_MS = 250;
/** Days that the stock lasts at the pace of the last 30, below which it is worth a mark. */
const LOW_DAYS = 14;

export function Products({ selected, onSelect }) {
  const [typed, setTyped] = useState("");
  const [search, setSearch] = useState("");
  // The cursors that lead to the page shown; the first page has none.
  const [trail, setTrail] = useState([]);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSearch(typed.trim());
      setTrail([]);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);

  const query = new URLSearchParams({ limit: PAGE });
  if (search) query.set("q", search);
  if (trail.length > 0) query.set("cursor", trail.at(-1));
  const read = useRead(`/products?${query}`, "products");
  const next = read.answer?.data.next_cursor ?? null;
  const tools = html`<label class="search">
    <${Icon} name="search" />
    <span class="sr-only">Search products</span>
    <input
      class="field"
      type="search"
      placeholder="Name or stock code"
      maxlength="100"
      value=${typed}
      onInput=${(event) => setTyped(event.currentTarget.value)}
      data-testid="product-search"
    />
  </label>`;
  return html`<${Panel}
    id="products"
    title="Products"
    note="units and revenue of 30 days"
    tools=${tools}
    read=${read}
    lines=${14}
    isEmpty=${({ items }) => items.length === 0}
    empty=${search ? `No product has “${search}” in its name or stock code.` : "The catalogue is empty."}
  >
    ${({ items, currency }) => html`<div class="table-scroll product-rows">
        <table class="table" data-testid="products">
          <caption class="sr-only">Products</caption>
          <thead>
            <tr>
              <th scope="col">Product</th>
              <th scope="col" class="number">Price</th>
              <th scope="col" class="number">Stock</th>
              <th scope="col" class="number wide-only">Units</th>
              <th scope="col" class="number wide-only">Revenue</th>
              <th scope="col" class="number wide-only">Rating</th>
            </tr>
          </thead>
          <tbody>
            ${items.map((item) => html`<${Row} key=${item.id} item=${item} currency=${currency} isSelected=${item.id === selected} onSelect=${onSelect} />`)}
          </tbody>
        </table>
      </div>
      <nav class="pager" aria-label="Pages of products">
        <span class="quiet small">Page ${trail.length + 1}</span>
        <button class="button" disabled=${trail.length === 0} onClick=${() => setTrail(trail.slice(0, -1))}>Previous</button>
        <button class="button" disabled=${next === null} onClick=${() => setTrail([...trail, next])} data-testid="next-page">Next</button>
      </nav>`}
  <//>`;
}

function Row({ item, currency, isSelected, onSelect }) {
  return html`<tr data-testid=${`product-${item.id}`} data-selected=${isSelected}>
    <th scope="row">
      <button class="row-button" onClick=${() => onSelect(item.id)} title="Show its prices and its forecast" aria-pressed=${isSelected}>
        ${item.name}
      </button>
      <span class="quiet small sku wide-only">${item.sku}</span>
    </th>
    <td class="number" data-testid="price"><${Fresh} text=${money(item.price, currency)} /></td>
    <td class="number"><${Stock} item=${item} /></td>
    <td class="number wide-only">${count(item.units_30d)}</td>
    <td class="number wide-only">${money(item.revenue_30d, currency)}</td>
    <td class="number wide-only">
      ${item.rating === null
        ? html`<span class="quiet">none</span>`
        : html`<span title=${`${item.reviews} reviews`}>${fixed(item.rating)} <span class="quiet">★</span></span>`}
    </td>
  </tr>`;
}

function Stock({ item: { stock, units_30d: units } }) {
  if (stock === null) return html`<span class="quiet">not told</span>`;
  if (stock === 0) return html`<span class="badge" data-kind="bad">none left</span>`;
  const days = units > 0 ? Math.floor((stock * 30) / units) : Infinity;
  if (days >= LOW_DAYS) return count(stock);
  return html`<span class="badge" data-kind="warn" title=${`enough for ${days} days`}>${count(stock)}, ${days} d</span>`;
}
