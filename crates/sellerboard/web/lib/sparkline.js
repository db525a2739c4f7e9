// A line without axes, for a card. What it says stands beside it in words, so it is hidden from screen readers.

import { html } from "./ui.js";

const WIDTH = 120;
const HEIGHT = 32;
const EDGE = 2;

/** Draws `values`, oldest first, over the whole width; nothing for fewer than two. */
export function Sparkline({ values }) {
  if (values.length < 2) return html`<svg class="sparkline" aria-hidden="true"></svg>`;
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const points = values.map((value, index) => {
    const x = (index / (values.length - 1)) * WIDTH;
    const y = HEIGHT - EDGE - ((value - low) / span) * (HEIGHT - 2 * EDGE);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return html`<svg class="sparkline" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
    <polygon points=${`0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}`} />
    <polyline points=${points.join(" ")} />
  </svg>`;
}
