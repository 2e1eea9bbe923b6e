/**
 * One reliability diagram: what came true against what was said, scaled to the data.
 * @module
 */

import { percent } from "../data/words.js";
import { scale, tickDigits, ticks } from "./scale.js";

const STEP_INKS = ["breakdown", "range", "continuation"];
export const DIAGRAM = { left: 46, right: 20, top: 10, bottom: 84, histogram: 34 };

/**
 * From forecast to pixel, fitted to what was said and what came true.
 * @param {number} width @param {number} height
 * @param {import("../data/corp.js").Step[]} steps
 * @param {{low: number[], high: number[]}|null} band
 */
export function diagramScales(width, height, steps, band) {
  const total = steps.reduce((sum, s) => sum + s.rows, 0);
  // a step of a handful of rows may lie at 0 or 100 %: it is cut off rather than let it shrink the rest
  const broad = steps.filter((s) => s.rows >= 0.01 * total);
  const used = broad.length ? broad : steps;
  const said = fit(steps.flatMap((s) => (s.rows >= 0.002 * total ? [s.low, s.high] : [])).concat(used[0].low));
  const inside = band ? band.at.map((v, i) => (v >= used[0].low && v <= used[used.length - 1].high ? [band.low[i], band.high[i]] : [])).flat() : [];
  const came = fit([...used.flatMap((s) => [s.observed, s.low, s.high]), ...inside]);
  const box = { left: DIAGRAM.left, right: width - DIAGRAM.right, top: DIAGRAM.top, bottom: height - DIAGRAM.bottom };
  return { x: scale(said[0], said[1], box.left, box.right), y: scale(came[0], came[1], box.bottom, box.top), box };
}

/** A range round all values, inside [0, 1]. @param {number[]} values */
function fit(values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const pad = 0.05 * (most - least || 0.1);
  return [Math.max(0, least - pad), Math.min(1, most + pad)];
}

/**
 * @param {any} pen
 * @param {{code: number, p: Float64Array, steps: import("../data/corp.js").Step[],
 *   band: {at: number[], low: number[], high: number[]}|null, chosen: number}} figure
 */
export function drawReliability(pen, { code, p, steps, band, chosen }) {
  const { x, y, box } = diagramScales(pen.width, pen.height, steps, band);
  const across = ticks(x.low, x.high, 5);
  const up = ticks(y.low, y.high, 5);
  pen.strokes(up.flatMap((v) => [box.left, y(v), box.right, y(v)]), { stroke: "grid" });
  for (const v of up) pen.text(box.left - 6, y(v), percent(v, Math.max(0, tickDigits(up) - 2)), { size: 11.5, fill: "muted", align: "right" });
  for (const v of across) pen.text(x(v), box.bottom + 6, percent(v, Math.max(0, tickDigits(across) - 2)), { size: 11.5, fill: "muted", align: "center", base: "top" });
  pen.clip(box.left, box.top, box.right - box.left, box.bottom - box.top, () => drawCurve(pen, { code, p, steps, band, chosen }, x, y));
  drawHistogram(pen, p, x, box, STEP_INKS[code]);
  pen.text((box.left + box.right) / 2, pen.height - 6, "said; bars: how often", { size: 11.5, fill: "muted", align: "center", base: "bottom" });
  pen.text(box.left + 4, box.top + 7, "came true", { size: 11.5, fill: "muted", halo: true });
}

function drawCurve(pen, { code, p, steps, band, chosen }, x, y) {
  pen.strokes([x(0), y(0), x(1), y(1)], { stroke: "faint", dash: [4, 4] });
  if (band) {
    const xs = band.at.map(x);
    pen.poly([...xs, ...xs.slice().reverse()], [...band.low.map(y), ...band.high.map(y).reverse()], { fill: "zone", alpha: 0.2, close: true });
  }
  const xs = steps.flatMap((s) => [x(s.low), x(s.high)]);
  const ys = steps.flatMap((s) => [y(s.observed), y(s.observed)]);
  pen.poly(xs, ys, { stroke: STEP_INKS[code], width: 2 });
  steps.forEach((s, i) => {
    if (s.rows >= 0.01 * p.length || i === chosen) {
      pen.strokes([x(s.low), y(s.observed), x(s.high), y(s.observed)], { stroke: i === chosen ? "ink" : STEP_INKS[code], width: i === chosen ? 6 : 4 });
    }
  });
}

function drawHistogram(pen, p, x, box, ink) {
  const bins = 30;
  const counts = Array(bins).fill(0);
  for (const value of p) counts[Math.max(0, Math.min(bins - 1, Math.floor(((value - x.low) / (x.high - x.low)) * bins)))] += 1;
  const most = Math.max(...counts);
  const wide = (box.right - box.left) / bins;
  const floor = box.bottom + 26 + DIAGRAM.histogram;
  pen.boxes(counts.flatMap((c, i) => (c ? [box.left + i * wide + 0.5, floor - (DIAGRAM.histogram * c) / most, wide - 1, (DIAGRAM.histogram * c) / most] : [])), { fill: ink, alpha: 0.5 });
}
