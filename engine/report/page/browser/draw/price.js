/**
 * The chart: bars with averages and zones, the question to the right of the last known bar, volume, RSI.
 * It draws what was known after the close of `t`, and no bar after it unless `shown` says how far the reveal goes.
 * @module
 */

import { SCENARIO_LABELS, decimal, percent, shortDay, wholePercents } from "../data/words.js";
import { timeLines, valueLines } from "./axes.js";
import { candles } from "./candles.js";
import { fitted, widthOf } from "./pen.js";
import { scale, spread } from "./scale.js";

/**
 * @typedef {{t: number, shown: number, from: number, to: number, horizon: number, log: boolean, hidden: boolean,
 *   cross: {x: number, y: number}|null, fan?: number[][]|null, trades?: boolean}} View
 *   t: last known session; shown: last session drawn (t before the reveal); from, to: sessions at the edges;
 *   hidden: forecast not shown (guess first)
 */

const COLOURS = ["breakdown", "range-ink", "continuation"];
const EDGE_INK = { target: "continuation", ceiling: "range-ink", floor: "breakdown", retest: "breakdown" };

/** @param {number} width of the canvas @returns {{left: number, right: number}} */
export function margins(width) {
  return { left: width < 560 ? 40 : 52, right: width < 560 ? 100 : width < 820 ? 180 : 270 };
}

/** @param {number} width @param {number} height @param {boolean} volume */
export function panes(width, height) {
  const { left, right } = margins(width);
  const bottom = height - 24;
  const rsi = Math.round(Math.max(54, height * 0.15));
  const box = { left, right: width - right };
  return {
    price: { ...box, top: 26, bottom: bottom - rsi - 10 },
    rsi: { ...box, top: bottom - rsi, bottom },
  };
}

/**
 * @param {any} pen
 * @param {import("../data/history.js").History} history
 * @param {View} view
 */
export function drawPrice(pen, history, view) {
  const { price, rsi } = panes(pen.width, pen.height);
  const x = scale(view.from, view.to, price.left, price.right);
  const step = (price.right - price.left) / (view.to - view.from);
  const last = Math.min(Math.floor(view.to), view.shown);
  const first = Math.max(0, Math.floor(view.from));
  const y = priceScale(history, view, first, last, price);
  valueLines(pen, y, price, { log: view.log, count: Math.max(3, Math.round((price.bottom - price.top) / 64)) });
  const around = { ...price, bottom: rsi.bottom };
  timeLines(pen, history.dates, view.from, Math.min(view.to, view.shown), x, around, rsi.bottom + 6);
  const book = history.book(view.t, view.horizon);
  const inside = book.filter((level) => level.high >= y.low && level.low <= y.high);
  const room = Math.floor((price.bottom - price.top) / 17) - 5;
  const near = inside.filter((level) => !level.role).sort((a, b) => Math.abs(a.away) - Math.abs(b.away)).slice(0, Math.max(0, Math.min(room, 8)));
  pen.clip(price.left, price.top, price.right - price.left, price.bottom - price.top, () => {
    drawZones(pen, inside, near, x, y, price);
    drawVolume(pen, history, first, last, x, step, price);
    drawQuestionArea(pen, history, view, x, y, price);
    drawAverages(pen, history, first, Math.min(last, view.shown), x, y, step);
    const known = Math.min(last, view.t);
    if (known >= first) candles(pen, history, first, known, { x, y, step });
    if (last > view.t) candles(pen, history, Math.max(first, view.t + 1), last, { x, y, step, ink: "muted" });
    if (view.trades) drawTrades(pen, history, first, last, x, y);
    drawOutcome(pen, history, view, x, y, price);
  });
  drawEdge(pen, history, view, near, y, price);
  drawRsi(pen, history, first, last, x, rsi);
  drawLegend(pen, history, view, x, y, price, rsi);
}

/** Fitted to what is in view: bars, and the setup where its future is in view. */
function priceScale(history, view, first, last, box) {
  const { high, low } = history.table;
  let [bottom, top] = [Infinity, -Infinity];
  for (let i = first; i <= last; i++) {
    if (high[i] > top) top = high[i];
    if (low[i] < bottom) bottom = low[i];
  }
  const setup = history.setup(view.t);
  if (setup && view.t >= view.from && view.t <= view.to && view.to - view.from < 1500) {
    bottom = Math.min(bottom, setup.retest);
    top = Math.max(top, setup.high);
  }
  if (!(top > bottom)) [bottom, top] = [bottom - 1 || 0, bottom + 1 || 1];
  const pad = view.log ? (top / bottom) ** 0.05 : 0.05 * (top - bottom);
  [bottom, top] = view.log ? [bottom / pad, top * pad] : [bottom - pad, top + pad];
  return scale(bottom, top, box.bottom, box.top, view.log);
}

function drawZones(pen, levels, near, x, y, box) {
  for (const level of levels) {
    if (level.average) continue;
    const start = Math.max(box.left, x(level.formed));
    const height = Math.max(y(level.low) - y(level.high), 1.5);
    const middle = (y(level.low) + y(level.high)) / 2;
    const edge = Object.keys(EDGE_INK).find((name) => level.role.includes(name));
    pen.rect(start, middle - height / 2, box.right - start, height, {
      fill: edge ? EDGE_INK[edge] : "zone",
      alpha: edge ? 0.22 : near.includes(level) ? 0.16 : 0.06,
    });
  }
}

function drawVolume(pen, history, first, last, x, step, box) {
  if (!history.facts.volume) return;
  const { volume } = history.table;
  let most = 0;
  for (let i = first; i <= last; i++) if (volume[i] > most) most = volume[i];
  if (!most) return;
  const room = 0.14 * (box.bottom - box.top);
  const each = Math.max(1, Math.floor(1 / step));
  const bars = [];
  const width = Math.max(step * 0.68, 0.8);
  for (let i = first; i <= last; i += each) {
    const tall = (room * volume[i]) / most;
    if (tall > 0) bars.push(x(i) - width / 2, box.bottom - tall, width, tall);
  }
  pen.boxes(bars, { fill: "zone", alpha: 0.28 });
}

function drawAverages(pen, history, first, last, x, y, step) {
  const each = Math.max(1, Math.floor(0.7 / step));
  for (const [name, ink, dash] of [["sma_200", "faint", [6, 3]], ["sma_50", "muted", []]]) {
    const column = history.table[name];
    if (!column) continue;
    const xs = [];
    const ys = [];
    for (let i = first; i <= last; i += each) {
      xs.push(x(i));
      ys.push(y(column[i]));
    }
    pen.poly(xs, ys, { stroke: ink, width: 1.6, dash });
  }
}

/** The future, as far as it is asked about: target, floor, ceiling, retest, and a fan of simulated paths. */
function drawQuestionArea(pen, history, view, x, y, box) {
  const setup = history.setup(view.t);
  const [start, end] = [x(view.t + 0.5), x(view.t + 0.5 + view.horizon)];
  if (end < box.left || start > box.right) return;
  pen.strokes([Math.round(start) + 0.5, box.top, Math.round(start) + 0.5, box.bottom], { stroke: "faint", dash: [2, 3] });
  if (view.fan && !view.hidden) drawFan(pen, history, view, x, y);
  if (!setup) return;
  const width = end - start;
  pen.rect(start, y(setup.high), width, Math.max(y(setup.low) - y(setup.high), 2), { fill: "continuation", alpha: 0.32 });
  pen.rect(start, y(setup.low), width, y(setup.floor) - y(setup.low), { fill: "range", alpha: 0.07 });
  pen.rect(start, y(setup.floor), width, y(setup.retest) - y(setup.floor), { fill: "breakdown", alpha: 0.07 });
  for (const [value, ink, line, dash] of [
    [setup.low, "continuation", 2, []],
    [setup.ceiling, "range-ink", 1.5, [5, 3]],
    [setup.floor, "breakdown", 2, []],
    [setup.retest, "breakdown", 1.5, [2, 3]],
  ]) {
    pen.strokes([start, y(value), end, y(value)], { stroke: ink, width: line, dash });
  }
  if (!view.hidden) drawProbabilities(pen, history, view, setup, (start + Math.min(end, box.right)) / 2, width, y, box);
}

function drawProbabilities(pen, history, view, setup, middle, width, y, box) {
  const p = history.forecast("p", view.horizon, view.t);
  if (!p || width < 34 || view.shown > view.t) return;
  const whole = wholePercents(p);
  const places = spread(
    [Math.max(y(setup.high) - 14, box.top + 12), (y(setup.low) + y(setup.floor)) / 2, y(setup.floor) + 16],
    24,
    box.top + 12,
    box.bottom - 8,
  );
  [2, 1, 0].forEach((code, i) => {
    pen.text(middle, places[i], `${whole[code]}%`, {
      size: width < 60 ? 14 : 18, weight: 650, fill: COLOURS[code], align: "center", halo: true,
    });
  });
}

/** Quantiles of simulated closes: outer band, inner band, median. */
function drawFan(pen, history, view, x, y) {
  const steps = Math.min(view.fan.length, view.horizon);
  const xs = [x(view.t)];
  const rows = [Array(5).fill(history.close[view.t])];
  for (let h = 0; h < steps; h++) {
    xs.push(x(view.t + 1 + h));
    rows.push(view.fan[h]);
  }
  for (const [a, b, alpha] of [[0, 4, 0.13], [1, 3, 0.17]]) {
    pen.poly([...xs, ...xs.slice().reverse()], [...rows.map((r) => y(r[a])), ...rows.map((r) => y(r[b])).reverse()], {
      fill: "zone", alpha, close: true,
    });
  }
  pen.poly(xs, rows.map((r) => y(r[2])), { stroke: "muted", width: 1.2, dash: [3, 3] });
}

function drawOutcome(pen, history, view, x, y, box) {
  if (view.shown <= view.t) return;
  const came = history.outcome(view.horizon, view.t);
  if (!came) return;
  const at = x(came.resolved);
  pen.strokes([at, box.top + 20, at, box.bottom], { stroke: COLOURS[came.code], width: 1.5, dash: [1, 3] });
  const text = `${SCENARIO_LABELS[came.code]}, ${shortDay(history.dates[came.resolved])}`;
  const room = widthOf(text, 12.5, 650);
  const left = Math.min(Math.max(at - room / 2, box.left + 4), box.right - room - 4);
  pen.text(left, box.top + 10, text, { size: 12.5, weight: 650, fill: COLOURS[came.code], halo: true });
}

function drawTrades(pen, history, first, last, x, y) {
  const t = history.table;
  for (let i = 0; i < (t.trade_entry ? t.trade_entry.length : 0); i++) {
    const [a, b] = [t.trade_entry[i], t.trade_exit[i]];
    if (b < first || a > last) continue;
    const ink = t.trade_return[i] >= 0 ? "gain" : "loss";
    const ends = [x(a), y(t.trade_entry_price[i]), x(Math.min(b, last)), y(b > last ? t.trade_entry_price[i] : t.trade_exit_price[i])];
    if (b <= last) pen.strokes(ends, { stroke: ink, width: 2 });
    pen.circle(ends[0], ends[1], 3, { fill: "paper", stroke: "ink", width: 1.5 });
    if (b <= last) pen.circle(ends[2], ends[3], 3, { fill: ink });
  }
}

/** Names at the right edge: edges of the setup in their colour with how likely they are touched, other levels in grey. */
function drawEdge(pen, history, view, near, y, box) {
  const { decimals } = history.facts;
  const narrow = pen.width < 560;
  const t = view.t;
  const labels = [];
  const setup = history.setup(t);
  if (setup) {
    const touched = (/** @type {string} */ key) => (view.hidden ? NaN : history.at(`${key}_${view.horizon}`, t));
    for (const [edge, low, high, touch] of [
      ["target", setup.low, setup.high, touched("p_target_touch")],
      ["ceiling", setup.ceiling, setup.ceiling, NaN],
      ["floor", setup.floor, setup.floor, NaN],
      ["retest", setup.retest, setup.retest, touched("p_retest_touch")],
    ]) {
      const zone = high - low > 0.5 * 10 ** -decimals ? `${decimal(low, decimals)}–${decimal(high, decimals)}` : decimal(low, decimals);
      const title = edge[0].toUpperCase() + edge.slice(1);
      const share = Number.isNaN(touch) ? "" : ` · ${percent(touch)}`;
      const text = narrow ? `${title} ${decimal(low, decimals)}` : `${title} ${zone}${share}`;
      labels.push({ at: (y(low) + y(high)) / 2, text, ink: EDGE_INK[edge], weight: 650, more: narrow ? "" : history.edgeName(edge, t) });
    }
  }
  labels.push({ at: y(history.close[t]), text: `${narrow ? "" : "Close "}${decimal(history.close[t], decimals)}`, ink: "ink", weight: 650, more: "" });
  if (!narrow) {
    for (const level of near) {
      labels.push({ at: (y(level.low) + y(level.high)) / 2, text: decimal((level.low + level.high) / 2, decimals), ink: "muted", weight: 400, more: level.name });
    }
  }
  const inside = labels.filter((label) => label.at >= box.top - 1 && label.at <= box.bottom + 1);
  const places = spread(inside.map((label) => label.at), narrow ? 15 : 16, box.top + 4, box.bottom - 4);
  const left = box.right + (narrow ? 10 : 16);
  inside.forEach((label, i) => {
    pen.strokes([box.right, label.at, left - 4, places[i]], { stroke: label.ink, width: 1, alpha: label.weight > 400 ? 0.8 : 0.35 });
    pen.text(left, places[i], label.text, { fill: label.ink, weight: label.weight, size: narrow ? 11 : 12 });
    const used = left + widthOf(label.text, 12, label.weight) + 6;
    const more = label.more && fitted(label.more.replace(/multi-(week|month) /, ""), pen.width - used - 4, 12);
    if (more) pen.text(used, places[i], more, { fill: "muted", size: 12 });
  });
}

function drawRsi(pen, history, first, last, x, box) {
  const y = scale(15, 85, box.bottom, box.top);
  pen.rect(box.left, y(70), box.right - box.left, y(30) - y(70), { fill: "zone", alpha: 0.07 });
  pen.strokes([70, 50, 30].flatMap((v) => [box.left, y(v), box.right, y(v)]), { stroke: "grid" });
  for (const v of [70, 30]) pen.text(box.left - 6, y(v), String(v), { fill: "muted", size: 11.5, align: "right" });
  const column = history.table.rsi_14;
  if (!column) return;
  const each = Math.max(1, Math.floor((last - first) / (2 * (box.right - box.left))));
  const xs = [];
  const ys = [];
  for (let i = first; i <= last; i += each) {
    xs.push(x(i));
    ys.push(y(column[i]));
  }
  pen.clip(box.left, box.top - 2, box.right - box.left, box.bottom - box.top + 4, () => pen.poly(xs, ys, { stroke: "ink", width: 1.3 }));
}

/** Names of the lines with their values, of the bar under the pointer or else of the last known one. */
function drawLegend(pen, history, view, x, y, price, rsi) {
  const { decimals } = history.facts;
  const cross = view.cross && view.cross.x >= price.left && view.cross.x <= price.right ? view.cross : null;
  const pointed = cross ? Math.round(x.invert(cross.x)) : view.shown;
  const i = Math.max(0, Math.min(pointed, view.shown));
  if (cross) {
    const at = Math.round(x(i)) + 0.5;
    pen.strokes([at, price.top, at, rsi.bottom], { stroke: "muted", dash: [3, 3] });
    if (cross.y > price.top && cross.y < price.bottom) {
      pen.strokes([price.left, cross.y, price.right, cross.y], { stroke: "muted", dash: [3, 3] });
      const text = decimal(y.invert(cross.y), decimals);
      pen.rect(0, cross.y - 9, price.left - 1, 18, { fill: "ink" });
      pen.text(price.left - 6, cross.y, text, { fill: "paper", size: 11.5, align: "right" });
    }
  }
  const digits = Math.max(decimals, history.close[i] < 1000 ? 2 : decimals);
  const v = (/** @type {string} */ key) => decimal(history.at(key, i), digits);
  const parts = [[shortDay(history.dates[i]), "ink", 650]];
  // a phone has no room for prices beside the averages' names; the close stands in the panel
  const wide = pen.width >= 560;
  if (wide) for (const [k, key] of [["O", "open"], ["H", "high"], ["L", "low"]]) parts.push([`${k} ${v(key)}`, "muted", 400]);
  if (wide) parts.push([`C ${v("close")}`, "ink", 400]);
  parts.push(["line", "muted", 0], [`50-day ${v("sma_50")}`, "muted", 400]);
  parts.push(["dash", "faint", 0], [`200-day ${v("sma_200")}`, "muted", 400]);
  let at = wide ? price.left : 4;
  for (const [k, [text, ink, weight]] of parts.entries()) {
    if (weight === 0) {
      if (at + 20 + widthOf(parts[k + 1][0], 12, 400) > pen.width) break;
      pen.strokes([at, 12, at + 16, 12], { stroke: ink, width: 1.8, dash: text === "dash" ? [5, 3] : [] });
      at += 20;
      continue;
    }
    const room = widthOf(text, 12, weight);
    if (at + room > pen.width) break;
    pen.text(at, 12, text, { fill: ink, weight, size: 12 });
    at += room + 12;
  }
  pen.text(rsi.left + 4, rsi.top + 9, `RSI(14) ${decimal(history.at("rsi_14", i), 0)}`, { fill: "muted", size: 11.5, halo: true });
}
