// What the chart library is told. Colours are names of variables in css/tokens.css, resolved each time something is drawn.

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** More labels than so many do not fit beside an axis. */
const DECADES_MAX = 4;
const DAY_STEPS = [1, 2, 7, 14, 30, 61, 91, 182, 365].map((days) => days * DAY_MS);
const AREA_ALPHA = 0.12;
const DOT_ALPHA = 0.55;
const INTERVAL_ALPHAS = [0.11, 0.19];

/** Resolves colours of the theme: a canvas knows nothing of variables. */
const probe = document.createElement("i");
probe.hidden = true;
document.body.append(probe);

function colour(name, alpha = 1) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
}

/** The columns of the library's table: x, then for each series its values and the ends of its intervals. */
export function plotData(x, series) {
  const columns = series.flatMap(({ values, intervals = [] }) => [
    values,
    ...intervals.flatMap(({ low, high }) => [high, low]),
  ]);
  return [x, ...columns];
}

/** Options for `new uPlot`. `onCursor(index)` and `onZoom(isZoomed)` are told what the pointer does. */
export function plotOptions(uPlot, { width, height, isDays, isLog, series, formatAxis, range, onCursor, onZoom }) {
  const columns = [{}];
  const bands = [];
  for (const one of series) {
    columns.push(lineOf(uPlot, one));
    // The widest interval first, so that the narrower ones lie on it.
    (one.intervals ?? []).forEach((_, index) => {
      const edge = { stroke: "transparent", width: 0, points: { show: false } };
      const alpha = INTERVAL_ALPHAS[Math.min(index, INTERVAL_ALPHAS.length - 1)];
      const high = columns.length;
      columns.push({ ...edge }, { ...edge });
      bands.push({ series: [high, high + 1], fill: () => colour(one.colour, alpha) });
    });
  }
  const hasBars = series.some(({ kind }) => kind === "bars");
  const font = () => `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis = {
    stroke: () => colour("text-quiet"),
    font: font(),
    ticks: { show: false },
    border: { show: false },
  };
  const grid = { stroke: () => colour("grid"), width: 1 };
  return {
    width,
    height,
    ms: 1,
    tzDate: isDays ? (ms) => uPlot.tzDate(new Date(ms), "UTC") : undefined,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      // On the nearest point, whose values stand above.
      move: (u, left, top) => [left < 0 ? left : u.valToPos(u.data[0][u.posToIdx(left)], "x"), top],
      drag: { x: true, y: false, setScale: true },
      points: { size: 7, width: 2, stroke: (u, index) => strokeOf(u, index), fill: () => colour("surface") },
    },
    scales: {
      x: { time: true, range: hasBars ? besideBars : undefined },
      y: isLog ? { distr: 3, range: wholeDecades } : { range: range ?? fromZero },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 64, size: 28, gap: 6, ...(isDays ? { incrs: DAY_STEPS, values: days } : { values: times }) },
      { ...axis, grid, size: 52, gap: 6, space: 36, values: (_, splits) => splits.map((value) => formatAxis(value)), ...(isLog && { splits: decades, filter: (_, splits) => splits }) },
    ],
    series: columns,
    bands,
    hooks: {
      setCursor: [(u) => onCursor(u.cursor.idx ?? null)],
      setScale: [
        (u, key) => {
          if (key !== "x") return;
          const [first, last] = [u.data[0][0], u.data[0].at(-1)];
          onZoom(u.scales.x.min > first || u.scales.x.max < last);
        },
      ],
    },
  };
}

function lineOf(uPlot, { colour: name, kind = "line", width = 2, isDashed = false }) {
  const line = {
    stroke: () => colour(name),
    width,
    dash: isDashed ? [5, 4] : undefined,
    points: { show: (u, _index, first, last) => last - first < 2, size: 6 },
    spanGaps: kind === "line",
  };
  switch (kind) {
    case "area":
      return { ...line, fill: () => colour(name, AREA_ALPHA) };
    case "bars":
      return {
        ...line,
        width: 0,
        fill: () => colour(name),
        paths: uPlot.paths.bars({ size: [0.68, 28], radius: 0.2 }),
        points: { show: false },
      };
    case "dots":
      return {
        ...line,
        paths: () => null,
        points: { show: true, size: 6, width: 0, fill: () => colour(name, DOT_ALPHA) },
      };
    case "step":
      return { ...line, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } };
    default:
      return line;
  }
}

function strokeOf(u, index) {
  const { stroke } = u.series[index];
  return typeof stroke === "function" ? stroke(u, index) : stroke;
}

/** From zero to a bit above the greatest value, or around what is below zero too. */
function fromZero(_, low, high) {
  if (low === null || low === high) return [Math.min(0, low ?? 0), Math.max(1, (high ?? 0) * 1.2)];
  const room = (high - Math.min(0, low)) * 0.08;
  return [low < 0 ? low - room : 0, high + room];
}

/** Room for the first and the last bar, which stand around their points. */
function besideBars(u, min, max) {
  const [first, second] = u.data[0];
  const half = ((second ?? first + DAY_MS) - first) / 2;
  return [min - half, max + half];
}

function days(_, splits) {
  const format = new Intl.DateTimeFormat(navigator.language, { day: "numeric", month: "short", timeZone: "UTC" });
  return splits.map((ms) => format.format(ms));
}

/** The powers of ten around what is shown. */
function wholeDecades(_, low, high) {
  if (low === null) return [0.1, 10];
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  return [10 ** first, 10 ** Math.max(last, first + 1)];
}

/** As many powers of ten between two as there is room for. */
function decades(_, _axis, low, high) {
  const [first, last] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
  const step = Math.ceil((last - first) / DECADES_MAX);
  const count = Math.floor((last - first) / step) + 1;
  return Array.from({ length: count }, (_, index) => 10 ** (first + index * step));
}

function times(_, splits) {
  const second = splits.some((ms) => ms % MINUTE_MS !== 0) ? "2-digit" : undefined;
  const format = new Intl.DateTimeFormat(navigator.language, { hour: "2-digit", minute: "2-digit", second, hourCycle: "h23" });
  return splits.map((ms) => format.format(ms));
}
