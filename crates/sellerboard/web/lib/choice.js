// A choice of a few: buttons of which one is pressed.

import { html } from "./ui.js";

/** `options` are `{value, label}`; `label` says what is chosen. */
export function Choice({ label, options, value, onChange }) {
  return html`<div class="choice" role="group" aria-label=${label}>
    ${options.map(
      (option) => html`<button
        key=${option.value}
        aria-pressed=${option.value === value}
        onClick=${() => onChange(option.value)}
      >
        ${option.label}
      </button>`,
    )}
  </div>`;
}
