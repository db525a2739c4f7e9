// Invalidating by hand: what is to go, whose, and a question before it goes.

import { ApiError, change } from "../lib/api.js";
import { Choice } from "../lib/choice.js";
import { toast } from "../lib/toast.js";
import { html, useId, useLayoutEffect, useRef, useState } from "../lib/ui.js";
import { Card } from "./live.js";

/** Each kind of scope: what is asked for, an example, and what it covers in words. */
const KINDS = {
  key: {
    label: "Key",
    field: "Key, as Cache-Status names it",
    example: "products:tenant-001:limit:20",
    covers: (text) => html`the one answer <code>${text}</code>`,
  },
  endpoint: {
    label: "Endpoint",
    field: "Endpoint",
    example: "products",
    covers: (text) => html`every answer of the endpoint <code>${text}</code>`,
  },
  prefix: {
    label: "Prefix",
    field: "How the endpoints' names start",
    example: "dashboard",
    covers: (text) => html`every answer of each endpoint whose name starts with <code>${text}</code>`,
  },
  tag: {
    label: "Tag",
    field: "Tag",
    example: "product:101",
    covers: (text) => html`every answer that shows <code>${text}</code>`,
  },
  tenant: { label: "Tenant", covers: () => html`<b>everything</b> that is cached` },
};
const CHOICES = Object.entries(KINDS).map(([value, { label }]) => ({ value, label }));

/** The form. `tenants` and `endpoints` are offered; `onDone` is called when something was invalidated. */
export function Invalidate({ tenants, endpoints, onDone }) {
  const [kind, setKind] = useState("endpoint");
  const [text, setText] = useState("");
  const [tenant, setTenant] = useState("");
  const [isAsking, setAsking] = useState(false);
  const [result, setResult] = useState(null);
  const ids = { tenant: useId(), text: useId(), tenants: useId(), endpoints: useId() };
  const needsText = kind !== "tenant";
  // A key names its tenant.
  const ofKey = kind === "key" ? (text.split(":")[1] ?? "") : null;
  const whose = ofKey ?? tenant.trim();
  const isComplete = whose !== "" && (!needsText || text.trim() !== "");

  const submit = (event) => {
    event.preventDefault();
    setResult(null);
    setAsking(true);
  };
  const invalidate = async () => {
    setAsking(false);
    const query = new URLSearchParams({ tenant: whose });
    if (needsText) query.set(kind, text.trim());
    try {
      const answer = await change("DELETE", `/cache?${query}`);
      setResult({ ...answer, kind, whose });
      toast(answer.status === "queued" ? "Invalidated here, and queued for Redis." : "Invalidated.", "good");
      onDone();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setResult({ error });
    }
  };

  return html`<${Card} id="invalidate" title="Invalidate" note="what is covered is loaded anew when it is next asked for">
    <form class="form" onSubmit=${submit} data-testid="invalidate-form">
      <${Choice} label="What" options=${CHOICES} value=${kind} onChange=${(next) => (setKind(next), setText(""), setResult(null))} />
      ${needsText &&
      html`<div class="form-field">
        <label for=${ids.text}>${KINDS[kind].field}</label>
        <input
          id=${ids.text}
          class="field"
          value=${text}
          placeholder=${KINDS[kind].example}
          list=${kind === "endpoint" ? ids.endpoints : undefined}
          autocomplete="off"
          spellcheck=${false}
          maxlength="512"
          onInput=${(event) => setText(event.currentTarget.value)}
          data-testid="invalidate-text"
        />
      </div>`}
      ${ofKey === null &&
      html`<div class="form-field">
        <label for=${ids.tenant}>Tenant</label>
        <input
          id=${ids.tenant}
          class="field"
          value=${tenant}
          placeholder="tenant-001"
          list=${ids.tenants}
          autocomplete="off"
          spellcheck=${false}
          maxlength="128"
          onInput=${(event) => setTenant(event.currentTarget.value)}
          data-testid="invalidate-tenant"
        />
      </div>`}
      <datalist id=${ids.tenants}>${tenants.map((id) => html`<option key=${id} value=${id} />`)}</datalist>
      <datalist id=${ids.endpoints}>${endpoints.map((name) => html`<option key=${name} value=${name} />`)}</datalist>
      <button class="button danger" type="submit" disabled=${!isComplete} data-testid="invalidate-button">Invalidate…</button>
      <div role="status" aria-live="polite" data-testid="invalidate-result">${result && html`<${Result} result=${result} />`}</div>
    </form>
    ${isAsking && html`<${Question} covers=${KINDS[kind].covers(text.trim())} tenant=${whose} onYes=${invalidate} onNo=${() => setAsking(false)} />`}
  <//>`;
}

function Result({ result: { error, status, generation, whose } }) {
  if (error) {
    return html`<p class="notice bad-notice"><b>Nothing was done.</b> ${error.message}${error.requestId && html` <span class="small">Request <code>${error.requestId}</code></span>`}</p>`;
  }
  if (status === "queued") {
    return html`<p class="notice"><b>Queued for ${whose}.</b> It holds on this node now. Redis has not confirmed it; it is on disk, and is sent until Redis does.</p>`;
  }
  return html`<p class="notice good-notice"><b>Applied to ${whose}, generation ${generation}.</b> This node serves nothing older any more; the other nodes neither, within the coherence bound.</p>`;
}

/** Asks before anything is done. The browser keeps the focus inside, and Escape says no. */
function Question({ covers, tenant, onYes, onNo }) {
  const dialog = useRef(null);
  const headingId = useId();
  useLayoutEffect(() => dialog.current.showModal(), []);
  return html`<dialog class="question" ref=${dialog} onClose=${onNo} aria-labelledby=${headingId} data-testid="confirm">
    <h2 id=${headingId}>Invalidate for ${tenant}?</h2>
    <p>This covers ${covers} for <b>${tenant}</b>, in this process, in Redis and on every node, and what is being loaded right now. Nothing is lost: what is asked for next is loaded from the origin.</p>
    <div class="question-buttons">
      <button class="button" onClick=${() => dialog.current.close()} data-testid="confirm-no">Cancel</button>
      <button class="button danger-solid" onClick=${onYes} data-testid="confirm-yes">Invalidate</button>
    </div>
  </dialog>`;
}
