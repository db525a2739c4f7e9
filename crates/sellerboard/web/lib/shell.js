// What every page has around its content: the bar on top, sign-in, the banner when nothing answers, toasts.

import { reachable } from "./api.js";
import { Icon } from "./icons.js";
import { session, signOut } from "./session.js";
import { SignIn } from "./sign-in.js";
import { streamState } from "./stream.js";
import { theme } from "./theme.js";
import { Toasts } from "./toast.js";
import { html, render, useEffect, useState, useStore } from "./ui.js";

const ADMIN = "cache:admin";

/**
 * Draws the page: `content()` for who is signed in, anew for each session, the sign-in page for others. `page` is `dashboard`
 * or `console`, `subtitle()` what stands beside the name.
 */
export function mount({ page, content, subtitle = null }) {
  render(html`<${Shell} page=${page} content=${content} subtitle=${subtitle} />`, document.getElementById("app"));
}

function Shell({ page, content: Content, subtitle: Subtitle }) {
  const current = useStore(session);
  return html`
    <a class="skip-link" href="#content">Skip to the content</a>
    <header class="top-bar">
      <a class="brand" href=${page === "console" ? "/console" : "/"}><${Mark} />sellerboard</a>
      ${current &&
      html`<nav class="top-nav" aria-label="Pages">
        <a href="/" aria-current=${page === "dashboard" ? "page" : undefined}>Dashboard</a>
        ${current.scopes.includes(ADMIN) &&
        html`<a href="/console" aria-current=${page === "console" ? "page" : undefined}>Console</a>`}
      </nav>`}
      <div class="top-end">
        ${current && Subtitle && html`<${Subtitle} key=${current.token} />`}
        ${current && html`<${Live} />`}
        <${ThemeButton} />
        ${current &&
        html`<button class="icon-button" onClick=${() => signOut()} aria-label="Sign out" title=${`Sign out ${current.email}`} data-testid="sign-out">
          <${Icon} name="out" />
        </button>`}
      </div>
    </header>
    ${current && html`<${Banner} />`}
    <div id="content" tabindex="-1">
      ${current ? html`<${Content} key=${current.token} session=${current} />` : html`<${SignIn} wantsOperator=${page === "console"} />`}
    </div>
    <footer class="page-foot">
      <a href="/docs">The API</a><a href="/openapi.json">OpenAPI</a><a href="/healthz">Health</a>
    </footer>
    <${Toasts} />
  `;
}

function Mark() {
  return html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
    <rect x="3" y="12" width="4.5" height="9" rx="1.5" />
    <rect x="9.75" y="7.5" width="4.5" height="13.5" rx="1.5" />
    <rect x="16.5" y="3" width="4.5" height="18" rx="1.5" />
  </svg>`;
}

const LIVE = { live: "Live", connecting: "Connecting…", off: "" };

/** Whether changes arrive by themselves; nothing on a page that follows none. */
function Live() {
  const state = useStore(streamState);
  if (state === "off") return null;
  return html`<span class="live" data-state=${state} role="status" data-testid="live"><i class="dot"></i>${LIVE[state]}</span>`;
}

/** Says that the browser is offline, or that the service does not answer. */
function Banner() {
  const isReachable = useStore(reachable);
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  if (isOnline && isReachable) return null;
  return html`<div class="banner" role="alert" data-testid="offline-banner">
    <${Icon} name="alert" />
    <span>
      <b>${isOnline ? "The service does not answer." : "You are offline."}</b> What you see are the last numbers; each says how old
      it is. They refresh by themselves as soon as there is a connection.
    </span>
  </div>`;
}

const THEMES = { system: ["light", "system", "As the system"], light: ["dark", "sun", "Light"], dark: ["system", "moon", "Dark"] };

function ThemeButton() {
  const chosen = useStore(theme);
  const [next, icon, name] = THEMES[chosen] ?? THEMES.system;
  return html`<button
    class="icon-button"
    onClick=${() => theme.set(next)}
    aria-label=${`Colours: ${name}. Change`}
    title=${`Colours: ${name}`}
    data-testid="theme"
  >
    <${Icon} name=${icon} />
  </button>`;
}
