// What reviews feel like, and the sentences behind it.

import { Chart } from "../lib/chart.js";
import { Choice } from "../lib/choice.js";
import { count, day, dayToMs, decimal } from "../lib/format.js";
import { Panel } from "../lib/panel.js";
import { useRead } from "../lib/reading.js";
import { html, useMemo, useState } from "../lib/ui.js";

const RANGES = [
  { value: 30, label: "30 days" },
  { value: 90, label: "90 days" },
  { value: 365, label: "1 year" },
];
/** Scores from here on, up or down, are more than indifference. */
const MOOD = 0.05;

export function Sentiment() {
  const [days, setDays] = useState(90);
  const read = useRead(`/sentiment/overview?days=${days}`, "sentiment_overview");
  return html`<${Panel}
    id="sentiment"
    title="What customers say"
    note="the mood of reviews, from −1 to +1"
    tools=${html`<${Choice} label="Range" options=${RANGES} value=${days} onChange=${setDays} />`}
    read=${read}
    skeleton="chart"
    isEmpty=${({ reviews }) => reviews === 0}
    empty="No reviews in these days."
  >
    ${(sentiment) => html`<${Mood} sentiment=${sentiment} />`}
  <//>`;
}

function Mood({ sentiment }) {
  const { points, score, margin, excerpts, reviews } = sentiment;
  const x = useMemo(() => points.map(({ date }) => dayToMs(date)), [points]);
  const series = useMemo(() => {
    const values = points.map((point) => point.score);
    return [
      { label: "Score of the day", colour: "chart-quiet", kind: "dots", values },
      { label: "Average of seven days with reviews", colour: "chart-2", values: smooth(points) },
    ];
  }, [points]);
  return html`<p class="headline">
      <b class=${moodOf(score)}>${score === null ? "–" : signed(score)}</b>
      ${margin !== null && html`<span class="quiet" title="The mood of all such reviews is within this with 95 % confidence">± ${decimal(margin)}</span>`}
      <span class="quiet">over ${count(reviews)} reviews</span>
      <${Shares} sentiment=${sentiment} />
    </p>
    <${Chart}
      label="Mood of reviews by day"
      x=${x}
      series=${series}
      isDays
      height=${150}
      range=${() => [-1, 1]}
      formatX=${(ms) => day(ms, "long")}
      format=${signed}
    />
    <ul class="excerpts" aria-label="The most telling sentences">
      ${excerpts.map((excerpt, index) => html`<${Excerpt} key=${index} excerpt=${excerpt} />`)}
    </ul>`;
}

/** How many reviews are of which mood, as a bar and in words. */
function Shares({ sentiment }) {
  const kinds = ["positive", "neutral", "negative", "unknown"].filter((kind) => sentiment[kind] > 0);
  const text = kinds.map((kind) => `${sentiment[kind]} ${kind === "unknown" ? "not scored" : kind}`).join(", ");
  return html`<span class="shares" role="img" aria-label=${text} title=${text}>
    ${kinds.map((kind) => html`<i key=${kind} data-kind=${kind} style=${{ flexGrow: sentiment[kind] }}></i>`)}
  </span>`;
}

function Excerpt({ excerpt: { text, score, sentences } }) {
  return html`<li data-testid="excerpt">
    <span class="badge" data-kind=${moodOf(score)}>${signed(score)}</span>
    <blockquote>${marked(text, sentences)}</blockquote>
  </li>`;
}

/** The text with what decided its score marked, by whether it brought it up or down: words, or a few together. */
function marked(text, sentences) {
  const words = sentences.flatMap((sentence) => sentence.words);
  const weights = new Map(words.map(({ text: word, weight }) => [word, weight]));
  if (weights.size === 0) return text;
  // The longest first, else a word would be found in place of the words that it is part of.
  const longestFirst = [...weights.keys()].sort((one, other) => other.length - one.length);
  const any = longestFirst.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|");
  const whole = new RegExp(`(?<![\\p{L}\\p{N}])(${any})(?![\\p{L}\\p{N}])`, "giu");
  return text.split(whole).map((part, index) => {
    const weight = index % 2 === 1 && weights.get(part.toLowerCase());
    return weight ? html`<mark data-kind=${weight > 0 ? "good" : "bad"}>${part}</mark>` : part;
  });
}

/** The mean over each day and the six days with reviews before it, each review counting alike. */
function smooth(points) {
  return points.map((_, index) => {
    const near = points.slice(Math.max(0, index - 6), index + 1).filter((point) => point.score !== null);
    const reviews = near.reduce((sum, point) => sum + point.reviews, 0);
    return reviews === 0 ? null : near.reduce((sum, point) => sum + point.score * point.reviews, 0) / reviews;
  });
}

function moodOf(score) {
  if (score === null) return "";
  if (score >= MOOD) return "good";
  return score <= -MOOD ? "bad" : "";
}

function signed(value) {
  return `${value > 0 ? "+" : value < 0 ? "−" : ""}${decimal(Math.abs(value))}`;
}
