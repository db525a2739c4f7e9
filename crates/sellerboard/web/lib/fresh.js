// A text that shows for a moment that it has changed.

import { html, useRef } from "./ui.js";

/** `text`, marked while it is new; what stands there at first is not. */
export function Fresh({ text, class: name = "" }) {
  const first = useRef(text);
  if (first.current !== text) first.current = null;
  return html`<span key=${text} class=${first.current === null ? `${name} fresh` : name}>${text}</span>`;
}
