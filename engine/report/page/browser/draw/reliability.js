/**
 * One reliability diagram: what came true against what was said, scaled to the data.
 * @module
 */

import { percent } from "../data/words.js";
import { scale, tickDigits, ticks } from "./scale.js";

const INKS = ["breakdown", "range", "continuation"];
export const DIAGRAM = { left: 46, right: 10, top: 10, bottom: 84, histogram: 34 };

/**
 * From forecast to pixel, fitted to what was said and what came true.
 * @param {number} width @param {number} height
 * @param {import("../data/corp.js").Step[]} steps
 * @param {{low: number[], high: number[]}|null} band
 */
export function diagramScales(width, height, steps, band) {
  const all = [...steps.flatMap((s) => [s.low, s.high, s.observed]), ...(band ? [...band.low, ...band.high] : [])];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const pad = 0.06 * (most - least || 0.1);
  const [a, b] = [Math.max(0, least - pad), Math.min(1, most + pad)];
  const box = { left: DIAGRAM.left, right: width - DIAGRAM.right, top: DIAGRAM.top, bottom: height - DIAGRAM.bottom };
  return { x: scale(a, b, box.left, box.right), y: scale(a, b, box.bottom, box.top), box };
}

/**
 * @param {any} pen
 * @param {{code: number, p: Float64Array, steps: import("../data/corp.js").Step[],
 *   band: {at: number[], low: number[], high: number[]}|null, chosen: number}} figure
 */
export function drawReliability(pen, { code, p, steps, band, chosen }) {
  const { x, y, box } = diagramScales(pen.width, pen.height, steps, band);
  const marks = ticks(x.low, x.high, 5);
  const digits = Math.max(0, tickDigits(marks) - 2);
  pen.strokes(marks.flatMap((v) => [box.left, y(v), box.right, y(v)]), { stroke: "grid" });
  for (const v of marks) {
    pen.text(box.left - 6, y(v), percent(v, digits), { size: 11.5, fill: "muted", align: "right" });
    pen.text(x(v), box.bottom + 6, percent(v, digits), { size: 11.5, fill: "muted", align: "center", base: "top" });
  }
  pen.strokes([x(x.low), y(x.low), x(x.high), y(x.high)], { stroke: "faint", dash: [4, 4] });
  if (band) {
    const xs = band.at.map(x);
    pen.poly([...xs, ...xs.slice().reverse()], [...band.low.map(y), ...band.high.map(y).reverse()], { fill: "zone", alpha: 0.2, close: true });
  }
  const xs = steps.flatMap((s) => [x(s.low), x(s.high)]);
  const ys = steps.flatMap((s) => [y(s.observed), y(s.observed)]);
  pen.poly(xs, ys, { stroke: INKS[code], width: 2 });
  steps.forEach((s, i) => {
    if (s.rows >= 0.01 * p.length || i === chosen) {
      pen.strokes([x(s.low), y(s.observed), x(s.high), y(s.observed)], { stroke: i === chosen ? "ink" : INKS[code], width: i === chosen ? 6 : 4 });
    }
  });
  drawHistogram(pen, p, x, box, INKS[code]);
  pen.text((box.left + box.right) / 2, pen.height - 6, "said; bars: how often", { size: 11.5, fill: "muted", align: "center", base: "bottom" });
  pen.text(box.left + 4, box.top + 7, "came true", { size: 11.5, fill: "muted", halo: true });
}

function drawHistogram(pen, p, x, box, ink) {
  const bins = 30;
  const counts = Array(bins).fill(0);
  for (const value of p) counts[Math.min(bins - 1, Math.floor(((value - x.low) / (x.high - x.low)) * bins))] += 1;
  const most = Math.max(...counts);
  const wide = (box.right - box.left) / bins;
  const floor = box.bottom + 26 + DIAGRAM.histogram;
  pen.boxes(counts.flatMap((c, i) => (c ? [box.left + i * wide + 0.5, floor - (DIAGRAM.histogram * c) / most, wide - 1, (DIAGRAM.histogram * c) / most] : [])), { fill: ink, alpha: 0.5 });
}
