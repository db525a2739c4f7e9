// Sentences of the service, with their figures marked and their amounts as money.

import { money } from "../lib/format.js";
import { html } from "../lib/ui.js";

const NUMBER = /([+−-]?\d+(?:\.\d+)?(?:\s%)?)/;
const AMOUNT = /^-?\d+\.\d\d$/;

/** `text` with those numbers marked that are among `figures`; amounts among them are written in `currency`. */
export function sentence(text, figures, currency) {
  const known = new Map(Object.values(figures).flatMap(spellings));
  return text.split(NUMBER).map((part, index) => {
    if (index % 2 === 0 || !known.has(part)) return part;
    const isAmount = known.get(part) && AMOUNT.test(part);
    return html`<b>${isAmount ? money(part, currency) : part}</b>`;
  });
}

/** How a figure may stand in a sentence; whether it is an amount. Amounts arrive as text, all else as numbers. */
function spellings(figure) {
  if (typeof figure === "string") return AMOUNT.test(figure) ? [[figure, true]] : [];
  if (typeof figure !== "number") return [];
  const size = Math.abs(figure);
  const numbers = [`${size}`, size.toFixed(1), size.toFixed(2)];
  const signed = numbers.flatMap((number) => [number, `+${number}`, `−${number}`, `-${number}`]);
  return signed.flatMap((number) => [[number, false], [`${number} %`, false]]);
}
