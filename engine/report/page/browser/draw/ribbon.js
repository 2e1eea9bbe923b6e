/**
 * The probability ribbon: the three probabilities of every replayed close, and underneath what came true.
 * Nothing after the last shown session is drawn; an outcome only once it was decided.
 * @module
 */

import { SCENARIOS, SCENARIO_LABELS, percent, wholePercents } from "../data/words.js";
import { timeLines } from "./axes.js";
import { margins } from "./price.js";
import { scale, spread } from "./scale.js";

const FILLS = [["breakdown", 0.6], ["range", 0.38], ["continuation", 0.55]];
const INKS = ["breakdown", "range-ink", "continuation"];
const LANE = 7;

/**
 * @param {number} width
 * @param {number} height
 */
export function ribbonBox(width, height) {
  const { left, right } = margins(width);
  return { left, right: width - right, top: 6, bottom: height - 22 - 3 * LANE - 4 };
}

/** First session with a forecast. @param {import("../data/history.js").History} history */
export function firstForecast(history, horizon) {
  const column = history.table[`p_range_${horizon}`];
  const found = column ? column.findIndex((/** @type {number} */ p) => !Number.isNaN(p)) : -1;
  return Math.max(found, 0);
}

/**
 * @param {any} pen
 * @param {import("../data/history.js").History} history
 * @param {{t: number, shown: number, horizon: number, hidden: boolean}} view
 */
export function drawRibbon(pen, history, view) {
  const box = ribbonBox(pen.width, pen.height);
  const first = firstForecast(history, view.horizon);
  const x = scale(first, Math.max(history.length - 1, first + 1), box.left, box.right);
  const y = scale(0, 1, box.bottom, box.top);
  pen.rect(box.left, box.top, box.right - box.left, box.bottom - box.top, { fill: "track", alpha: 0.5 });
  drawAreas(pen, history, view, x, y, box);
  drawLanes(pen, history, view, x, box);
  timeLines(pen, history.dates, first, history.length - 1, x, { ...box, bottom: pen.height - 20 }, pen.height - 16);
  for (const share of [0, 0.5, 1]) pen.text(box.left - 6, y(share), percent(share), { size: 11.5, fill: "muted", align: "right" });
  const at = Math.round(x(view.t)) + 0.5;
  pen.strokes([at, box.top - 4, at, pen.height - 20], { stroke: "ink", width: 1.5 });
  drawNames(pen, history, view, y, box);
}

function drawAreas(pen, history, view, x, y, box) {
  const columns = SCENARIOS.map((name) => history.table[`p_${name}_${view.horizon}`]);
  if (!columns[0]) return;
  const last = view.hidden ? view.t - 1 : view.t;
  const each = Math.max(1, (x.high - x.low) / (box.right - box.left));
  const xs = [];
  /** @type {number[][]} */
  const edges = [[], [], [], []];
  for (let from = x.low; from <= last; from += each) {
    const stop = Math.min(Math.floor(from + each - 1e-9), last);
    const start = Math.ceil(from - 1e-9);
    const sums = [0, 0, 0];
    let count = 0;
    for (let i = start; i <= stop; i++) {
      if (Number.isNaN(columns[0][i])) continue;
      for (let k = 0; k < 3; k++) sums[k] += columns[k][i];
      count += 1;
    }
    if (!count) continue;
    xs.push(x(start));
    let level = 0;
    edges[0].push(y(0));
    for (let k = 0; k < 3; k++) edges[k + 1].push(y((level += sums[k] / count)));
  }
  if (!xs.length) return;
  for (let k = 0; k < 3; k++) {
    const [fill, alpha] = FILLS[k];
    pen.poly([...xs, ...xs.slice().reverse()], [...edges[k], ...edges[k + 1].slice().reverse()], { fill, alpha, close: true });
  }
}

/** One lane a scenario, in the order of the areas, so that nothing is said by colour alone. */
function drawLanes(pen, history, view, x, box) {
  const codes = history.table[`came_${view.horizon}`];
  const after = history.table[`came_after_${view.horizon}`];
  if (!codes) return;
  const width = Math.max(1, (box.right - box.left) / (x.high - x.low));
  /** @type {number[][]} */
  const ticks = [[], [], []];
  const before = [-1, -1, -1];
  for (let i = Math.ceil(x.low); i <= view.t; i++) {
    if (Number.isNaN(codes[i]) || i + after[i] > view.shown) continue;
    const code = codes[i];
    const at = Math.floor(x(i));
    if (at === before[code]) continue;
    before[code] = at;
    ticks[code].push(at, box.bottom + 4 + (2 - code) * LANE, width, LANE - 2);
  }
  for (let k = 0; k < 3; k++) pen.boxes(ticks[k], { fill: FILLS[k][0] });
}

function drawNames(pen, history, view, y, box) {
  const left = box.right + 16;
  const narrow = pen.width < 560;
  const p = view.hidden ? null : history.forecast("p", view.horizon, view.t);
  const middles = p ? [p[0] / 2, p[0] + p[1] / 2, 1 - p[2] / 2] : [1 / 6, 0.5, 5 / 6];
  const whole = p ? wholePercents(p) : null;
  const places = spread(middles.map(y), 16, box.top + 6, box.bottom - 4);
  for (let k = 0; k < 3; k++) {
    const share = whole ? ` ${whole[k]}%` : "";
    pen.text(left, places[k], SCENARIO_LABELS[k] + share, {
      fill: INKS[k], weight: 600, size: narrow ? 11 : 12,
    });
  }
  pen.text(left, box.bottom + 4 + 1.5 * LANE, "came true", { fill: "muted", size: narrow ? 11 : 11.5 });
}
