/**
 * What stands round a plot: price lines, months and years, names.
 * @module
 */

import { decimal, monthName, monthOf } from "../data/words.js";
import { logTicks, tickDigits, ticks } from "./scale.js";

/**
 * Horizontal lines with their values at the left edge.
 * @param {any} pen
 * @param {import("./scale.js").Scale} y
 * @param {{left: number, right: number, top: number, bottom: number}} box
 * @param {{log?: boolean, count?: number, form?: (v: number) => string}} options
 */
export function valueLines(pen, y, box, { log = false, count = 6, form } = {}) {
  const [low, high] = [y.invert(box.bottom), y.invert(box.top)];
  const values = log ? logTicks(low, high, count) : ticks(low, high, count);
  const digits = tickDigits(values);
  pen.strokes(
    values.flatMap((v) => [box.left, Math.round(y(v)) + 0.5, box.right, Math.round(y(v)) + 0.5]),
    { stroke: "grid" },
  );
  for (const v of values) {
    const at = y(v);
    if (at > box.top + 6 && at < box.bottom - 3) {
      pen.text(box.left - 6, at, form ? form(v) : decimal(v, digits), { fill: "muted", size: 11.5, align: "right" });
    }
  }
}

/** Sessions that begin a month, and their months, for each array of days: looked up once a step, worked out once a page. @type {WeakMap<Float64Array, number[][]>} */
const begun = new WeakMap();

/** @param {Float64Array} dates @returns {number[][]} [session, month] of the first session of each month */
function monthsOf(dates) {
  let found = begun.get(dates);
  if (!found) {
    found = [];
    let before = NaN;
    dates.forEach((day, i) => {
      const month = monthOf(day);
      if (month !== before) found.push([i, month]);
      before = month;
    });
    begun.set(dates, found);
  }
  return found;
}

/**
 * Months, quarters or years under a plot; the names never touch.
 * @param {any} pen
 * @param {Float64Array} dates days
 * @param {number} from first session
 * @param {number} to last session that has a date
 * @param {(i: number) => number} x
 * @param {{top: number, bottom: number, left: number, right: number}} box
 * @param {number} y where the names stand
 */
export function timeLines(pen, dates, from, to, x, box, y) {
  const first = Math.max(0, Math.ceil(from));
  const last = Math.min(dates.length - 1, Math.floor(to));
  if (last <= first) return;
  const months = monthOf(dates[last]) - monthOf(dates[first]) + 1;
  const perMonth = (x(last) - x(first)) / months;
  const every = [1, 2, 3, 6, 12, 24, 60, 120].find((m) => m * perMonth >= (m < 12 ? 44 : 40)) || 240;
  const lines = [];
  let free = box.left - 20;
  for (const [i, month] of monthsOf(dates)) {
    if (i < first || i === 0) continue;
    if (i > last) break;
    if (every >= 12 ? month % 12 !== 0 || (month / 12) % (every / 12) !== 0 : month % every !== 0) continue;
    const at = x(i);
    if (at < box.left) continue;
    lines.push(Math.round(at) + 0.5, box.top, Math.round(at) + 0.5, box.bottom);
    const name = every >= 12 || month % 12 === 0 ? String(Math.floor(month / 12)) : monthName(month);
    if (at < free || at + 30 > box.right) continue;
    pen.text(at + 3, y, name, { size: 11.5, fill: month % 12 === 0 ? "ink" : "muted", base: "top" });
    free = at + 38;
  }
  pen.strokes(lines, { stroke: "grid", width: 1, alpha: 0.6 });
}
