// Looking at entries: a tenant's keys, and one entry with its header decoded.

import { ApiError } from "../lib/api.js";
import { bytes, count } from "../lib/format.js";
import { html, useEffect, useId, useRef, useState } from "../lib/ui.js";
import { Card, read } from "./live.js";

const LISTED = 50;
/** A longer value is shown by its beginning. */
const VALUE_BYTES_MAX = 65_536;
const STATES = { fresh: "good", stale: "warn", expired: "bad", invalid: "bad" };

/** `tenant` is whose entries are listed, null for nobody's yet; `onTenant` is told of another. */
export function Entries({ tenant, ownTenant, onTenant, tenants }) {
  const [prefix, setPrefix] = useState("");
  const [name, setName] = useState(ownTenant);
  const [list, setList] = useState(null);
  const [key, setKey] = useState(null);
  const ids = { tenant: useId(), prefix: useId(), tenants: useId() };

  const look = async (cursor = null) => {
    const query = new URLSearchParams({ tenant, limit: LISTED });
    if (prefix.trim()) query.set("prefix", prefix.trim());
    if (cursor) query.set("cursor", cursor);
    try {
      const data = await read(`/cache/entries?${query}`);
      setList((before) => ({ items: cursor ? [...before.items, ...data.items] : data.items, next: data.next_cursor, error: null }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setList({ items: [], next: null, error });
    }
  };
  useEffect(() => {
    if (tenant === null) return;
    setName(tenant);
    setKey(null);
    setList(null);
    look();
  }, [tenant]);
  const submit = (event) => {
    event.preventDefault();
    setKey(null);
    if (name.trim() === tenant) look();
    else onTenant(name.trim());
  };

  return html`<${Card} id="entries" title="Entries" note="in this process, and filled lately in Redis">
    <form class="form form-row" onSubmit=${submit} data-testid="entries-form">
      <div class="form-field">
        <label for=${ids.tenant}>Tenant</label>
        <input id=${ids.tenant} class="field" value=${name} list=${ids.tenants} placeholder="tenant-001" autocomplete="off" spellcheck=${false} maxlength="128" onInput=${(event) => setName(event.currentTarget.value)} data-testid="entries-tenant" />
      </div>
      <div class="form-field">
        <label for=${ids.prefix}>Key starts with</label>
        <input id=${ids.prefix} class="field" value=${prefix} placeholder="dashboard" autocomplete="off" spellcheck=${false} maxlength="512" onInput=${(event) => setPrefix(event.currentTarget.value)} data-testid="entries-prefix" />
      </div>
      <datalist id=${ids.tenants}>${tenants.map((id) => html`<option key=${id} value=${id} />`)}</datalist>
      <button class="button primary" type="submit" disabled=${name.trim() === ""} data-testid="entries-button">List</button>
    </form>
    <div class="entries" role="region" aria-label="What was found" aria-live="polite">
      ${key !== null
        ? html`<${Entry} entryKey=${key} onBack=${() => setKey(null)} />`
        : list && html`<${List} list=${list} tenant=${tenant} onOpen=${setKey} onMore=${() => look(list.next)} />`}
    </div>
  <//>`;
}

function List({ list, tenant, onOpen, onMore }) {
  if (list.error) return html`<p class="notice bad-notice"><b>No list.</b> ${list.error.message}</p>`;
  if (list.items.length === 0) return html`<p class="empty">No tier has such an entry of ${tenant}.</p>`;
  return html`<div class="table-scroll long-rows" tabindex="0" role="region" aria-label="Keys">
      <table class="table" data-testid="entries">
        <caption class="sr-only">Entries of ${tenant}</caption>
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Tier</th>
            <th scope="col">State</th>
            <th scope="col" class="number">Age</th>
            <th scope="col" class="number">Fresh for</th>
            <th scope="col" class="number">Size</th>
          </tr>
        </thead>
        <tbody>
          ${list.items.map(
            (entry) => html`<tr key=${entry.key}>
              <th scope="row"><button class="row-button" onClick=${() => onOpen(entry.key)}><code>${entry.key}</code></button></th>
              <td>${entry.tier}</td>
              <td><span class="badge" data-kind=${STATES[entry.state]}>${entry.state}</span></td>
              <td class="number">${count(entry.age)} s</td>
              <td class="number">${count(entry.ttl)} s</td>
              <td class="number">${bytes(entry.bytes)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${list.next && html`<p class="more"><button class="button" onClick=${onMore}>More</button></p>`}`;
}

function Entry({ entryKey, onBack }) {
  const [state, setState] = useState({ entry: null, error: null });
  const back = useRef(null);
  useEffect(() => {
    const stop = new AbortController();
    const query = new URLSearchParams({ key: entryKey, value_bytes_max: VALUE_BYTES_MAX });
    read(`/cache/entry?${query}`, stop.signal)
      .then((entry) => setState({ entry, error: null }))
      .catch((error) => {
        if (stop.signal.aborted) return;
        if (!(error instanceof ApiError)) throw error;
        setState({ entry: null, error });
      });
    back.current?.focus();
    return () => stop.abort();
  }, [entryKey]);
  const { entry, error } = state;
  return html`<article class="entry" data-testid="entry" aria-label=${`Entry ${entryKey}`}>
    <header class="entry-head">
      <button class="button" ref=${back} onClick=${onBack} data-testid="entry-back">Back to the list</button>
      <code class="entry-key">${entryKey}</code>
    </header>
    ${error && html`<p class="notice bad-notice">${error.message}</p>`}
    ${entry &&
    html`<div class="entry-parts">
      <table class="table entry-header">
        <caption class="sr-only">Header of the entry, as each tier has it</caption>
        <thead>
          <tr>
            <th scope="col">Header</th>
            <th scope="col">${entry.tier}</th>
            ${entry.copy && html`<th scope="col">${entry.copy.tier}</th>`}
          </tr>
        </thead>
        <tbody>
          ${HEADER.map(
            ([label, of]) => html`<tr key=${label}>
              <th scope="row">${label}</th>
              <td>${of(entry)}</td>
              ${entry.copy && html`<td>${of(entry.copy)}</td>`}
            </tr>`,
          )}
        </tbody>
      </table>
      <pre class="entry-value" tabindex="0" aria-label="Value" data-testid="entry-value">${valueText(entry)}</pre>
    </div>`}
  </article>`;
}

const HEADER = [
  ["State", ({ state }) => html`<span class="badge" data-kind=${STATES[state]}>${state}</span>`],
  ["Age", ({ age }) => `${count(age)} s`],
  ["Fresh for", ({ ttl }) => (ttl < 0 ? `over for ${count(-ttl)} s` : `${count(ttl)} s`)],
  ["Soft TTL", ({ soft_ttl }) => `${count(soft_ttl)} s`],
  ["Hard TTL", ({ hard_ttl }) => `${count(hard_ttl)} s`],
  ["Generation", ({ generation }) => generation],
  ["Incarnation", ({ incarnation }) => html`<code class="small">${incarnation}</code>`],
  ["Tags", ({ tags }) => (tags === null ? "not known" : tags.length === 0 ? "none" : tags.map((tag) => html`<code key=${tag} class="tag">${tag}</code> `))],
  ["Negative", ({ negative }) => (negative ? "yes, a “does not exist”" : "no")],
  ["Media type", ({ content_type }) => content_type],
  ["Size", ({ bytes: size }) => `${bytes(size)} (${count(size)} bytes)`],
];

function valueText({ value, value_start: start }) {
  if (start !== undefined) return `${start}\n… the beginning of a longer value`;
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
