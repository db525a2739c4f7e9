// Figures as people read them, in the browser's language. Money arrives as text with two decimals.

const LANGUAGE = navigator.language || "en";
const formats = new Map();

function format(kind, options) {
  const key = kind.name + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new kind(LANGUAGE, options));
  return formats.get(key);
}

const numbers = (options) => format(Intl.NumberFormat, options);
const dates = (options) => format(Intl.DateTimeFormat, options);

/** `£87,629.68`. */
export function money(amount, currency) {
  return numbers({ style: "currency", currency, currencyDisplay: "narrowSymbol" }).format(amount);
}

/** `£87.6K`, for axes and where room is short; with all digits below 1,000. */
export function moneyShort(amount, currency) {
  const digits = Math.abs(amount) < 1000 ? 0 : 1;
  return numbers({
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    notation: "compact",
    minimumFractionDigits: 0,
    maximumFractionDigits: digits,
  }).format(amount);
}

/** `4,215`. */
export function count(value) {
  return numbers({ maximumFractionDigits: 0 }).format(value);
}

/** `4.2K`. */
export function countShort(value) {
  return numbers({ notation: "compact", maximumFractionDigits: 1 }).format(value);
}

/** `4.73`, with at most `digits` decimals. */
export function decimal(value, digits = 2) {
  return numbers({ maximumFractionDigits: digits }).format(value);
}

/** `4.20`, with exactly `digits` decimals, to stand below others. */
export function fixed(value, digits = 2) {
  return numbers({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** `33.8 %` of a number that is a percentage already. */
export function percent(value, digits = 1) {
  return numbers({ style: "percent", maximumFractionDigits: digits }).format(value / 100);
}

/** `+33.8%`. */
export function change(value, digits = 1) {
  return numbers({
    style: "percent",
    signDisplay: "exceptZero",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value / 100);
}

/** `41.3 MB`; sizes are powers of 1024, as everywhere here. */
export function bytes(value) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${decimal(value, unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** `840 µs`, `12 ms`, `1.5 s` of seconds. */
export function duration(seconds) {
  if (seconds < 0.001) return `${decimal(seconds * 1e6, 0)} µs`;
  if (seconds < 1) return `${decimal(seconds * 1000, seconds < 0.01 ? 1 : 0)} ms`;
  return `${decimal(seconds, seconds < 10 ? 1 : 0)} s`;
}

const DAY_FORMS = {
  short: { day: "numeric", month: "short" },
  dated: { day: "numeric", month: "short", year: "numeric" },
  long: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
};

/** A day (`2026-11-23`, or its start in UTC in ms) as `23 Nov`; `dated` adds the year, `long` the weekday too. */
export function day(date, form = "short") {
  const time = typeof date === "number" ? date : dayToMs(date);
  return dates({ ...DAY_FORMS[form], timeZone: "UTC" }).format(time);
}

/** The start of the day in UTC, in ms; days are shown in UTC, whatever zone they were counted in. */
export function dayToMs(date) {
  return Date.parse(`${date}T00:00:00Z`);
}

/** A moment as clock time, with its day unless it is today; in the zone given, else in the browser's. */
export function moment(at, timeZone) {
  const time = typeof at === "number" ? at : Date.parse(at);
  const dayOf = dates({ dateStyle: "short", timeZone });
  const isToday = dayOf.format(time) === dayOf.format(Date.now());
  const day = isToday ? {} : { day: "numeric", month: "short" };
  return dates({ ...day, hour: "2-digit", minute: "2-digit", timeZone }).format(time);
}

/** `just now`, `12 s ago`, `3 min ago`, `2 h ago`. */
export function ago(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
