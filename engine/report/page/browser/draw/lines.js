/**
 * Lines over time or over thresholds, with their names at the right end.
 * @module
 */

import { timeLines, valueLines } from "./axes.js";
import { widthOf } from "./pen.js";
import { scale, spread, ticks } from "./scale.js";

/**
 * @typedef {{name: string, values: ArrayLike<number>, ink: string, width?: number, dash?: number[]}} Line
 * @typedef {{dates?: Float64Array, xs?: number[], lines: Line[], log?: boolean, band?: ArrayLike<number>[], zero?: boolean,
 *   area?: boolean, form: (v: number) => string, end?: (v: number) => string, xForm?: (v: number) => string, marks?: number[]}} Plot
 */

/** @param {any} pen @param {Plot} plot */
export function drawLines(pen, plot) {
  const named = plot.lines.filter((line) => line.name);
  const names = named.map((line) => `${line.name}${plot.end ? ` ${plot.end(lastOf(line.values))}` : ""}`);
  const wide = pen.width >= 560;
  const right = named.length ? Math.max(...names.map((name) => widthOf(name, 12, 600))) + 22 : 12;
  const box = { left: 52, right: pen.width - (wide ? right : Math.min(right, 130)), top: 10, bottom: pen.height - 24 };
  const count = plot.lines[0].values.length;
  const all = [...plot.lines.flatMap((line) => Array.from(line.values)), ...(plot.band || []).flatMap((b) => Array.from(b)), ...(plot.zero ? [0] : [])].filter(Number.isFinite);
  let [low, high] = [Math.min(...all), Math.max(...all)];
  const pad = plot.log ? 1.04 : 0.05 * (high - low || 1);
  [low, high] = plot.log ? [low / pad, high * pad] : [low - pad, high + pad];
  const y = scale(low, high, box.bottom, box.top, plot.log);
  const x = plot.xs ? scale(plot.xs[0], plot.xs[plot.xs.length - 1], box.left, box.right) : scale(0, count - 1, box.left, box.right);
  valueLines(pen, y, box, { log: plot.log, count: Math.max(3, Math.round((box.bottom - box.top) / 46)), form: plot.form });
  if (plot.dates) timeLines(pen, plot.dates, 0, count - 1, x, box, box.bottom + 6);
  else if (plot.xs) for (const v of ticks(x.low, x.high, 6)) pen.text(x(v), box.bottom + 6, plot.xForm(v), { size: 11.5, fill: "muted", align: "center", base: "top" });
  const each = Math.max(1, Math.floor(count / (1.5 * (box.right - box.left))));
  const at = [];
  for (let i = 0; i < count; i += each) at.push(i);
  if (at[at.length - 1] !== count - 1) at.push(count - 1);
  const px = at.map((i) => x(plot.xs ? plot.xs[i] : i));
  const take = (/** @type {ArrayLike<number>} */ values) => at.map((i) => y(values[i]));
  if (plot.band) pen.poly([...px, ...px.slice().reverse()], [...take(plot.band[0]), ...take(plot.band[1]).reverse()], { fill: "zone", alpha: 0.2, close: true });
  if (plot.zero) pen.strokes([box.left, y(0), box.right, y(0)], { stroke: "ink", width: 1 });
  for (const line of plot.lines) {
    const ys = take(line.values);
    if (plot.area) pen.poly([px[0], ...px, px[px.length - 1]], [y(0), ...ys, y(0)], { fill: line.ink, alpha: 0.25, close: true });
    pen.poly(px, ys, { stroke: line.ink, width: line.width || 1.6, dash: line.dash });
  }
  for (const mark of plot.marks || []) pen.strokes([x(mark), box.top, x(mark), box.bottom], { stroke: "muted", dash: [3, 3] });
  const places = spread(named.map((line) => y(lastOf(line.values))), 16, box.top + 4, box.bottom - 4);
  named.forEach((line, i) => pen.text(box.right + 8, places[i], names[i], { size: wide ? 12 : 11, weight: line.width > 1.8 ? 650 : 400, fill: line.width > 1.8 ? line.ink : "muted" }));
}

/** @param {ArrayLike<number>} values */
function lastOf(values) {
  for (let i = values.length - 1; i >= 0; i--) if (Number.isFinite(values[i])) return values[i];
  return NaN;
}
