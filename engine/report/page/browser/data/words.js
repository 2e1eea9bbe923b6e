/**
 * Numbers and dates as the rest of the page writes them.
 * @module
 */

export const MISSING = "–";
export const SCENARIOS = ["breakdown", "range", "continuation"];
/** Order in which scenarios are shown: codes of SCENARIOS. */
export const SHOWN = [2, 1, 0];
export const SCENARIO_LABELS = ["Down", "Between", "Up"];

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const LONG_MONTHS =
  "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** @param {number} days since 1970-01-01 */
export function isoDay(days) {
  return new Date(days * 86400000).toISOString().slice(0, 10);
}

/** @param {string} text YYYY-MM-DD @returns {number} days since 1970-01-01, or NaN */
export function dayOf(text) {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text + "T00:00:00Z") / 86400000 : NaN;
}

/** @param {number} days */
export function longDay(days) {
  const d = new Date(days * 86400000);
  return `${DAYS[d.getUTCDay()]}, ${d.getUTCDate()} ${LONG_MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}`;
}

/** @param {number} days */
export function shortDay(days) {
  const d = new Date(days * 86400000);
  return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}`;
}

/** @param {number} days @returns {number} months since year 0 */
export function monthOf(days) {
  const d = new Date(days * 86400000);
  return d.getUTCFullYear() * 12 + d.getUTCMonth();
}

/** @param {number} month as {@link monthOf} gives it */
export function monthName(month) {
  return MONTHS[month % 12];
}

/** @param {number} value @param {number} digits with thousands separated and a true minus sign */
export function decimal(value, digits = 0) {
  if (!Number.isFinite(value)) return MISSING;
  const text = Math.abs(value).toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
  return value < 0 && Number(Math.abs(value).toFixed(digits)) !== 0 ? `−${text}` : text;
}

/** @param {number} value @param {number} digits with its sign */
export function signed(value, digits = 1) {
  const text = decimal(value, digits);
  return Number.isFinite(value) && value > 0 && Number(value.toFixed(digits)) !== 0 ? `+${text}` : text;
}

/** @param {number} share 0..1 */
export function percent(share, digits = 0) {
  return Number.isFinite(share) ? `${decimal(100 * share, digits)}%` : MISSING;
}

/**
 * Whole percents that sum to 100 (largest remainder; the first of equal remainders wins).
 * @param {number[]} shares
 * @returns {number[]}
 */
export function wholePercents(shares) {
  const total = shares.reduce((a, b) => a + b, 0);
  const exact = shares.map((p) => (100 * p) / total);
  const whole = exact.map(Math.floor);
  const order = exact.map((_, i) => i).sort((a, b) => exact[b] - whole[b] - (exact[a] - whole[a]) || a - b);
  const rest = 100 - whole.reduce((a, b) => a + b, 0);
  for (let i = 0; i < rest; i++) whole[order[i]] += 1;
  return whole;
}

/** @param {number} count @param {string} noun */
export function plural(count, noun) {
  return `${decimal(count)} ${noun}${count === 1 ? "" : "s"}`;
}
