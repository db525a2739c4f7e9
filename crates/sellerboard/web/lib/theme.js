// Light, dark, or as the system has it. Which of them is no secret, and outlives the session.

import { store } from "./ui.js";

const THEME = "sellerboard.theme";
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

/** `system`, `light` or `dark`: what was chosen. */
export const theme = store(localStorage.getItem(THEME) ?? "system");

/** `light` or `dark`: what is shown. Charts draw their colours anew when it changes. */
export const shownTheme = store(shown());

theme.subscribe((chosen) => {
  localStorage.setItem(THEME, chosen);
  apply();
});
systemIsDark.addEventListener("change", apply);
apply();

function shown() {
  const chosen = theme.get();
  if (chosen === "light" || chosen === "dark") return chosen;
  return systemIsDark.matches ? "dark" : "light";
}

function apply() {
  const now = shown();
  document.documentElement.dataset.theme = now;
  shownTheme.set(now);
}
