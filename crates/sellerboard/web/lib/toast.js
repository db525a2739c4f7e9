// Short messages at the edge of the page, which are read out too.

import { html, store, useStore } from "./ui.js";

const SHOWN_MS = 6000;
const toasts = store([]);
let nextId = 1;

/** Shows `text` for a while; `kind` is `info`, `good` or `bad`. */
export function toast(text, kind = "info") {
  const id = nextId++;
  toasts.set([...toasts.get(), { id, text, kind }].slice(-3));
  setTimeout(() => dismiss(id), SHOWN_MS);
}

function dismiss(id) {
  toasts.set(toasts.get().filter((shown) => shown.id !== id));
}

/** Where toasts appear; a page has one. */
export function Toasts() {
  const shown = useStore(toasts);
  return html`<div class="toasts" role="status" aria-live="polite" data-testid="toasts">
    ${shown.map(
      ({ id, text, kind }) => html`<div class="toast" data-kind=${kind} key=${id}>
        <span>${text}</span>
        <button class="icon-button" aria-label="Dismiss" onClick=${() => dismiss(id)}>×</button>
      </div>`,
    )}
  </div>`;
}
