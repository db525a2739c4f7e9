// The page of who is not signed in.

import { endReason, signIn } from "./session.js";
import { html, useEffect, useId, useState, useStore } from "./ui.js";

const REASONS = {
  expired: "Your session has ended, as every session does after its time. Sign in again to go on.",
  refused: "The service no longer accepts this session. Sign in again, with a new token.",
};

/** Asks for a token; in the demo, one click does. `wantsOperator` has the demo offer the operator's token first. */
export function SignIn({ wantsOperator = false }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState(null);
  const reason = useStore(endReason);
  const fieldId = useId();
  const demoUrl = document.querySelector('meta[name="demo-sign-in"]')?.content;

  const submit = (event) => {
    event.preventDefault();
    setProblem(signIn(token));
  };
  return html`<main class="sign-in" data-testid="sign-in">
    <div class="sign-in-card">
      <h1>${wantsOperator ? "Sign in" : "Sign in to your shop"}</h1>
      ${reason && html`<p class="notice" role="alert" data-testid="sign-in-reason">${REASONS[reason]}</p>`}
      ${demoUrl && html`<${DemoShops} url=${demoUrl} wantsOperator=${wantsOperator} />`}
      <form onSubmit=${submit} novalidate>
        <label for=${fieldId}>${demoUrl ? "Or with an access token" : "Access token"}</label>
        <textarea
          id=${fieldId}
          class="field token-field"
          rows="4"
          spellcheck=${false}
          autocomplete="off"
          autocapitalize="off"
          aria-invalid=${problem !== null}
          aria-describedby=${`${fieldId}-help`}
          value=${token}
          onInput=${(event) => setToken(event.currentTarget.value)}
          onKeyDown=${(event) => event.key === "Enter" && submit(event)}
          data-testid="token"
        ></textarea>
        <p class="small ${problem ? "bad" : "quiet"}" id=${`${fieldId}-help`} role=${problem ? "alert" : undefined}>
          ${problem ?? "It stays in this tab, and is forgotten when the tab closes."}
        </p>
        <button class="button primary" type="submit" data-testid="sign-in-button">Sign in</button>
      </form>
    </div>
  </main>`;
}

function DemoShops({ url, wantsOperator }) {
  const [tokens, setTokens] = useState(null);
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    const load = async () => {
      const response = await fetch(url, { cache: "no-store", credentials: "omit" });
      if (!response.ok) throw new Error(response.statusText);
      setTokens(await response.json());
    };
    load().catch(() => setFailed(true));
  }, [url]);
  if (hasFailed) return null;
  const shops = tokens?.shops ?? [{}, {}, {}];
  const operator = html`<button
    class="shop"
    key="operator"
    disabled=${!tokens}
    onClick=${() => signIn(tokens.operator.token)}
    data-testid="demo-operator"
  >
    <b>Operator</b><span class="quiet">sees the cache of every shop</span>
  </button>`;
  return html`<div class="shops" role="group" aria-label="The demo's shops">
    ${wantsOperator && operator}
    ${shops.map(
      ({ tenant, trade, token }, index) => html`<button
        class="shop"
        key=${index}
        disabled=${!tokens}
        onClick=${() => signIn(token)}
        data-testid=${tenant && `demo-${tenant}`}
      >
        <b>${trade ?? "…"}</b><span class="quiet">${tenant ?? "…"}</span>
      </button>`,
    )}
  </div>`;
}
