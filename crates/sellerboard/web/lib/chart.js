// A chart: by pointer, by keyboard, and as a table.

import { plotData, plotOptions } from "./chart-plot.js";
import { shownTheme } from "./theme.js";
import { html, useEffect, useId, useLayoutEffect, useRef, useState, useStore } from "./ui.js";

/** How much of the range is left after one step of zoom. */
const ZOOM_STEP = 0.7;

/**
 * Draws `series` over `x` (times in ms, ascending).
 *
 * A series is `{label, colour, values, kind, width, isDashed, intervals}`: `colour` a variable of css/tokens.css without its dashes,
 * `kind` one of `line` (the default), `area`, `bars`, `dots`, `step`; `intervals` a list of `{label, low, high}`, the widest first.
 * `formatX(ms)` and `format(value)` are for reading, `formatAxis(value)` for the axis; `range(u, low, high)` gives the axis'
 * ends, from zero if it is left out. `isDays` tells that `x` are days in UTC, `isLog` that the axis is logarithmic, for
 * values above zero.
 */
export function Chart(props) {
  const { label, x, series, format, formatX, formatAxis = format, height = 240, isDays = false, isLog = false, range } = props;
  const frame = useRef(null);
  const plot = useRef(null);
  const [index, setIndex] = useState(null);
  const [isZoomed, setZoomed] = useState(false);
  const [isTable, setTable] = useState(false);
  const [spoken, setSpoken] = useState("");
  const theme = useStore(shownTheme);
  const helpId = useId();
  // What is drawn, apart from the values: when it changes, the plot is made anew.
  const shape = series.map(({ label, colour, kind, intervals = [] }) => [label, colour, kind, intervals.length]);
  const shapeKey = JSON.stringify([shape, height, isDays, isTable]);
  const latest = useRef(null);
  latest.current = { series, formatAxis, range, data: plotData(x, series) };

  useLayoutEffect(() => {
    if (isTable) return undefined;
    const element = frame.current;
    let isGone = false;
    const observer = new ResizeObserver(() => {
      const width = Math.floor(element.clientWidth);
      if (width > 0) plot.current?.setSize({ width, height });
    });
    import("../vendor/uplot.js").then(({ default: uPlot }) => {
      if (isGone) return;
      const now = latest.current;
      const options = plotOptions(uPlot, {
        width: Math.max(1, Math.floor(element.clientWidth)),
        height,
        isDays,
        isLog,
        series: now.series,
        formatAxis: (value) => latest.current.formatAxis(value),
        range: now.range && ((...ends) => latest.current.range(...ends)),
        onCursor: setIndex,
        onZoom: setZoomed,
      });
      plot.current = new uPlot(options, now.data, element);
      observer.observe(element);
    });
    return () => {
      isGone = true;
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
      setIndex(null);
      setZoomed(false);
    };
  }, [shapeKey]);

  // New values leave the range as it was chosen, if the days are the same.
  const xKey = `${x[0]}:${x.length}:${x.at(-1)}`;
  const lastX = useRef(xKey);
  useEffect(() => {
    plot.current?.setData(latest.current.data, lastX.current !== xKey);
    if (lastX.current === xKey) plot.current?.redraw();
    lastX.current = xKey;
  }, [props.series, xKey]);
  useEffect(() => plot.current?.redraw(false), [theme]);

  const read = (at) =>
    series.map((one) => ({
      label: one.label,
      colour: one.colour,
      text: one.values[at] == null ? "–" : format(one.values[at], one),
      intervals: (one.intervals ?? []).map(({ label, low, high }) => ({
        label,
        text: low[at] == null ? "–" : `${format(low[at], one)} – ${format(high[at], one)}`,
      })),
    }));
  const shownIndex = index !== null && index < x.length ? index : null;

  const reset = () => plot.current?.setScale("x", { min: x[0], max: x.at(-1) });
  const zoom = (factor) => {
    const { min, max } = plot.current.scales.x;
    const middle = shownIndex === null ? (min + max) / 2 : x[shownIndex];
    const half = Math.max(((max - min) * factor) / 2, x.length > 1 ? x[1] - x[0] : 1);
    const ends = [Math.max(x[0], middle - half), Math.min(x.at(-1), middle + half)];
    plot.current.setScale("x", { min: ends[0], max: ends[1] });
  };
  const moveTo = (at) => {
    const next = Math.min(x.length - 1, Math.max(0, at));
    const u = plot.current;
    if (x[next] < u.scales.x.min || x[next] > u.scales.x.max) reset();
    u.setCursor({ left: u.valToPos(x[next], "x"), top: u.bbox.height / 2 / devicePixelRatio });
    const values = read(next).map(({ label, text }) => `${label} ${text}`);
    setSpoken(`${formatX(x[next])}: ${values.join(", ")}`);
  };
  const onKeyDown = (event) => {
    if (!plot.current || event.ctrlKey || event.metaKey || event.altKey) return;
    const from = shownIndex ?? x.length;
    const actions = {
      ArrowLeft: () => moveTo(from - 1),
      ArrowRight: () => moveTo(shownIndex === null ? 0 : from + 1),
      PageUp: () => moveTo(from - 7),
      PageDown: () => moveTo(from + 7),
      Home: () => moveTo(0),
      End: () => moveTo(x.length - 1),
      "+": () => zoom(ZOOM_STEP),
      "-": () => zoom(1 / ZOOM_STEP),
      Escape: reset,
    };
    if (actions[event.key]) {
      actions[event.key]();
      event.preventDefault();
    }
  };

  return html`<figure class="chart" data-testid="chart">
    <figcaption class="chart-head">
      <div class="chart-readout" aria-hidden="true">
        ${shownIndex === null
          ? series.map(({ label, colour }) => html`<${Key} key=${label} name=${colour} label=${label} />`)
          : html`<b>${formatX(x[shownIndex])}</b>
              ${read(shownIndex).map(
                (one) => html`<${Key} key=${one.label} name=${one.colour} label=${one.label} />
                  <b>${one.text}</b>
                  ${one.intervals.map(({ label, text }) => html`<span class="quiet">${label}: ${text}</span>`)}`,
              )}`}
      </div>
      <div class="chart-tools">
        ${isZoomed && html`<button class="link-button" onClick=${reset}>Show all</button>`}
        <button class="link-button" aria-pressed=${isTable} onClick=${() => setTable(!isTable)}>
          ${isTable ? "Chart" : "Table"}
        </button>
      </div>
    </figcaption>
    ${isTable
      ? html`<div class="chart-table" tabindex="0" role="region" aria-label=${`${label}, as a table`} style=${{ height: `${height}px` }}>
          <${Numbers} x=${x} read=${read} formatX=${formatX} series=${series} label=${label} />
        </div>`
      : html`<div
            class="chart-frame"
            ref=${frame}
            style=${{ height: `${height}px` }}
            tabindex="0"
            role="group"
            aria-roledescription="chart"
            aria-label=${label}
            aria-describedby=${helpId}
            onKeyDown=${onKeyDown}
          ></div>
          <p class="sr-only" id=${helpId}>
            Left and right arrows move through the points, plus and minus zoom, Escape shows all. The button Table shows the numbers.
          </p>`}
    <div class="sr-only" role="status" aria-live="polite">${spoken}</div>
  </figure>`;
}

function Key({ name, label }) {
  return html`<span class="chart-key"><i style=${{ background: `var(--${name})` }}></i>${label}</span>`;
}

function Numbers({ x, read, series, formatX, label }) {
  const columns = series.flatMap((one) => [one.label, ...(one.intervals ?? []).map(({ label }) => label)]);
  return html`<table class="table">
    <caption class="sr-only">${label}</caption>
    <thead>
      <tr>
        <th scope="col">When</th>
        ${columns.map((name) => html`<th scope="col" class="number" key=${name}>${name}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${x
        .map((at, index) => {
          const cells = read(index).flatMap(({ text, intervals }) => [text, ...intervals.map((one) => one.text)]);
          return html`<tr key=${at}>
            <th scope="row">${formatX(at)}</th>
            ${cells.map((text, column) => html`<td class="number" key=${column}>${text}</td>`)}
          </tr>`;
        })
        .reverse()}
    </tbody>
  </table>`;
}
