// A panel: a card whose content comes from one reading, with its states.

import { ago } from "./format.js";
import { Component, html, useNow } from "./ui.js";

/**
 * A card named `title`, filled by `children(data, answer)` once `read` (of `useRead`, reading.js) has an answer; until then by
 * a skeleton of `lines` lines, or of the form `skeleton` (`chart`, `tiles`). `tools` stand beside the title, `note` says what the panel is, `isEmpty(data)` and `empty` what
 * stands there if there is nothing to show.
 */
export function Panel({ id, title, note, tools, read, lines = 5, skeleton = "lines", isEmpty, empty, children, area = id }) {
  const { answer, error, isSlow, isLoading, isOther, look } = read;
  const headingId = `${id}-title`;
  return html`<section
    class="panel"
    data-testid=${`panel-${id}`}
    data-area=${area}
    data-state=${error ? "failed" : !answer ? "loading" : isOther ? "changing" : "ready"}
    aria-labelledby=${headingId}
    aria-busy=${isLoading && !answer}
  >
    <header class="panel-head">
      <div>
        <h2 id=${headingId}>${title}</h2>
        ${note && html`<p class="panel-note">${note}</p>`}
      </div>
      <div class="panel-tools">${tools}</div>
    </header>
    <div class="panel-body">
      ${answer
        ? isEmpty?.(answer.data)
          ? html`<div class="empty">${empty}</div>`
          : html`<${Contained} answer=${answer}><${Content} draw=${children} answer=${answer} /><//>`
        : error
          ? html`<${Failed} error=${error} look=${look} />`
          : html`<${Skeleton} form=${skeleton} lines=${lines} isSlow=${isSlow} />`}
    </div>
    <footer class="panel-foot">
      ${answer && !isOther && html`<${Freshness} answer=${answer} error=${error} look=${look} isSlow=${isSlow} />`}
    </footer>
  </section>`;
}

function Content({ draw, answer }) {
  return draw(answer.data, answer);
}

/** Keeps an answer that its panel cannot draw from taking the other panels down. The next answer is tried again. */
class Contained extends Component {
  constructor(props) {
    super(props);
    this.state = { error: null };
  }

  componentDidCatch(error) {
    console.error(error);
    this.setState({ error });
  }

  componentDidUpdate({ answer }) {
    if (this.state.error && answer !== this.props.answer) this.setState({ error: null });
  }

  render({ children }, { error }) {
    if (!error) return children;
    return html`<div class="failed" role="alert">
      <p><b>This could not be shown.</b> The answer is not of the form that this page knows. Reload the page.</p>
    </div>`;
  }
}

const TILES = 6;

/** Grey forms where content will be. A reader of the screen is told that the panel is loading. */
export function Skeleton({ form = "lines", lines, isSlow }) {
  const count = { chart: 2, tiles: TILES }[form] ?? lines;
  return html`<div class="skeleton" data-form=${form} role="status" aria-label="Loading">
    ${Array.from({ length: count }, (_, line) => html`<i key=${line}></i>`)}
    ${isSlow && html`<p class="skeleton-note">Still loading: the marketplace takes its time.</p>`}
  </div>`;
}

/** What stands in the place of content that could not be loaded. `look` tries again. */
export function Failed({ error, look }) {
  return html`<div class="failed" role="alert">
    <p><b>This could not be loaded.</b> ${asSentence(error.message)}</p>
    ${error.requestId && html`<p class="quiet small">Request <code>${error.requestId}</code></p>`}
    <button class="button" onClick=${look}>Try again</button>
  </div>`;
}

function asSentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

const SOURCES = {
  local: "from memory",
  redis: "from the shared cache",
  origin: "from the marketplace",
  "redis-down": "from the marketplace",
  "origin-error": "kept, since the marketplace does not answer",
};

/** How old the numbers are and where they came from. */
function Freshness({ answer, error, look, isSlow }) {
  const now = useNow();
  const age = answer.ageSeconds + Math.max(0, (now - answer.receivedAt) / 1000);
  const source = SOURCES[answer.cache?.detail];
  const isOld = Boolean(error) || answer.cache?.detail === "origin-error";
  return html`<span class="freshness" data-testid="freshness" data-old=${isOld} title=${answer.cache?.text}>
      <i class="dot"></i>Updated ${ago(age)}${source && html`<span class="freshness-source">, ${source}</span>`}
    </span>
    ${error
      ? html`<span class="foot-problem">Could not be refreshed. <button class="link-button" onClick=${look}>Try again</button></span>`
      : isSlow && html`<span class="quiet">Refreshing…</span>`}`;
}
