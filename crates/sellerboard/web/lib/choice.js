// A choice of a few: buttons of which one is pressed. In a form they send nothing.

import { html } from "./ui.js";

/** `options` are `{value, label}`; `label` says what is chosen. */
export function Choice({ label, options, value, onChange }) {
  return html`<div class="choice" role="group" aria-label=${label}>
    ${options.map(
      (option) => html`<button
        key=${option.value}
        type="button"
        aria-pressed=${option.value === value}
        onClick=${() => onChange(option.value)}
      >
        ${option.label}
      </button>`,
    )}
  </div>`;
}
