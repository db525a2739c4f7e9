// The operator's console: its cards, and what they share.

import { moment } from "../lib/format.js";
import { signOut } from "../lib/session.js";
import { html, useEffect, useMemo, useState } from "../lib/ui.js";
import { Charts, RANGES, useColumns, useCourse } from "./course.js";
import { Entries } from "./entries.js";
import { clock, fromCourse, lately, remember } from "./figures.js";
import { Head } from "./head.js";
import { Invalidate } from "./invalidate.js";
import { Invalidations } from "./invalidations.js";
import { Card, useLive, useLiveBadge } from "./live.js";
import { RedisHistory } from "./redis.js";
import { Endpoints, Tenants } from "./tables.js";
import { Coherence, Tiers } from "./tiers.js";

const ADMIN = "cache:admin";
const LOOK_MS = 2000;
const OFFERED = 50;
const OFFERED_MS = 30_000;

/** The console, for who may see it. */
export function Console({ session }) {
  if (!session.scopes.includes(ADMIN)) return html`<${NoPermission} email=${session.email} />`;
  return html`<${Cards} session=${session} />`;
}

function NoPermission({ email }) {
  return html`<main class="sign-in" data-testid="no-permission">
    <div class="sign-in-card">
      <h1>No permission</h1>
      <p>The console shows every tenant's part of the cache. It needs a token with the scope <code>${ADMIN}</code>, and that of ${email} has none.</p>
      <p class="quiet small">An operator makes one with <code>sellerboard token --scope ${ADMIN} …</code></p>
      <button class="button primary" onClick=${() => signOut()} data-testid="other-token">Sign in with another token</button>
      <a href="/">To the dashboard</a>
    </div>
  </main>`;
}

function Cards({ session }) {
  const [range, setRange] = useState("hour");
  const [tenant, setTenant] = useState(null);
  const metrics = useLive("/cache/metrics", LOOK_MS);
  const course = useCourse(range);
  const log = useLive("/cache/invalidations?limit=50", LOOK_MS);
  const offered = useLive(`/cache/tenants?limit=${OFFERED}`, OFFERED_MS);
  const columns = useColumns(course.data);
  const counted = useCounted(metrics.data, course);
  const tenants = (offered.data?.items ?? []).map(({ id }) => id);
  const endpoints = Object.keys(metrics.data?.endpoints ?? {});
  useLiveBadge();
  const refused = [metrics, log, course].find(({ error }) => error?.status === 403);
  if (refused) return html`<${NoPermission} email=${session.email} />`;
  const showEntries = (id) => {
    setTenant(id);
    document.getElementById("entries-title")?.scrollIntoView({ block: "start" });
  };
  return html`<main class="page console" data-stale=${metrics.error !== null}>
    <h1 class="sr-only">Cache console</h1>
    <${Card} id="now" title="Now" note=${noteOf(metrics)} from=${[metrics]} isReady=${metrics.data !== null && counted !== null} lines=${4}>
      ${metrics.data && counted && html`<${Head} metrics=${metrics.data} lately=${lately(counted)} columns=${range === "hour" ? columns : null} />`}
    <//>
    <${Charts} course=${course} columns=${columns} range=${range} onRange=${setRange} />
    <${RedisHistory} course=${course} rangeMs=${RANGES.find(({ value }) => value === range).ms} metrics=${metrics} />
    <${Coherence} metrics=${metrics} />
    <${Tiers} metrics=${metrics} />
    <${Endpoints} metrics=${metrics} />
    <${Tenants} onSelect=${showEntries} />
    <${Invalidate} tenants=${tenants} endpoints=${endpoints} onDone=${() => (log.look(), metrics.look())} />
    <${Invalidations} log=${log} />
    <${Entries} tenant=${tenant} ownTenant=${session.tenant} onTenant=${setTenant} tenants=${tenants} />
  </main>`;
}

/** What the node has counted in the last minute; it begins with what the course knows, or with nothing if that fails. */
function useCounted(metrics, course) {
  const [counted, setCounted] = useState(null);
  const known = course.data?.items ?? (course.error ? [] : null);
  const begin = useMemo(() => (metrics && known ? fromCourse(known, metrics) : null), [metrics === null, known === null]);
  useEffect(() => {
    if (metrics && (begin || counted)) setCounted((before) => remember(before ?? begin, metrics));
  }, [metrics, begin]);
  return counted;
}

function noteOf({ data, at, error }) {
  if (data === null) return "";
  if (error) return html`<span class="warn" role="alert" data-testid="not-reachable">Not reachable: figures of ${clock(at)}. ${error.message}</span>`;
  return `this node, started ${moment(data.started_at)}`;
}
