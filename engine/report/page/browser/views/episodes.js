/**
 * Dates like this one: the closest closes as small charts, and what followed every date with the same reading.
 * @module
 */

import { meanBand, pathsAfter, quantiles, sameReading } from "../data/episodes.js";
import { independentWindows } from "../data/history.js";
import { SCENARIO_LABELS, SCENARIOS, decimal, percent, plural, shortDay, signed } from "../data/words.js";
import { candles } from "../draw/candles.js";
import { scale, ticks } from "../draw/scale.js";
import { el } from "./dom.js";
import { figure } from "./figure.js";

const BEFORE = 40;

export class EpisodesView {
  /** @param {HTMLElement} place @param {any} page */
  constructor(place, page) {
    this.page = page;
    this.horizon = Math.max(...page.horizons);
    this.title = el("p.lead");
    this.study = figure({ name: "same-reading", label: () => "What followed dates with the same reading, against all dates; the figures are in the text.", height: (width) => (width < 560 ? 300 : 340), draw: (pen) => this.#drawStudy(pen) });
    this.words = el("p");
    this.closest = el("div");
    place.replaceChildren(el("h2", {}, "What followed dates like this"), this.title, this.study.node, this.words, this.closest);
    place.hidden = false;
  }

  /** @param {import("../data/history.js").History} history @param {number} t @param {boolean} hidden */
  show(history, t, hidden) {
    const { horizon } = this;
    this.history = history;
    this.t = t;
    const dates = sameReading(history, t, horizon);
    this.found = null;
    if (dates.length >= 10) {
      const paths = pathsAfter(history, dates, horizon);
      const every = Array.from({ length: Math.max(t - horizon + 1, 0) }, (_, i) => i);
      const all = pathsAfter(history, every, horizon);
      const mean = (/** @type {Float64Array} */ v) => v.reduce((a, b) => a + b, 0) / v.length;
      this.found = {
        fan: paths.map((p) => quantiles(p, [0.05, 0.25, 0.5, 0.75, 0.95])), all: all.map((p) => quantiles(p, [0.05, 0.95])),
        mean: paths.map(mean), meanAll: all.map(mean), band: meanBand(dates, paths, t - horizon + 1, horizon, this.page.interval), dates,
      };
    }
    const bias = history.at("bias", t);
    const position = history.at("position", t);
    const reading = Number.isNaN(bias) || Number.isNaN(position) ? "" : `${history.shared.bias[bias + 1]}, ${history.shared.positions[position]}`;
    this.title.textContent = reading ? `${history.facts.name}, close of ${shortDay(history.dates[t])}: ${reading}. Only dates whose ${plural(horizon, "session")} were over by then.` : "";
    this.words.replaceChildren(...this.#words());
    this.study.redraw();
    this.#showClosest(hidden);
  }

  #words() {
    if (!this.found) return ["Too few such dates by then."];
    const { mean, meanAll, band, dates } = this.found;
    const last = this.horizon - 1;
    const pct = (/** @type {number} */ v) => `${signed(100 * (Math.exp(v) - 1), 1)}%`;
    const apart = meanAll[last] < band.low[last] || meanAll[last] > band.high[last];
    return [
      `${plural(dates.length, "date")}, ${plural(independentWindows(dates, this.horizon), "independent window")}: on average ${pct(mean[last])} after ${plural(this.horizon, "session")} (${percent(this.page.interval)} interval ${pct(band.low[last])} to ${pct(band.high[last])}), all dates ${pct(meanAll[last])}. `,
      el("strong", {}, apart ? "The mean of all dates lies outside that interval." : "That is not told apart from all dates."),
    ];
  }

  #drawStudy(pen) {
    if (!this.found) return;
    const { fan, all, mean, meanAll, band } = this.found;
    const n = this.horizon;
    const box = { left: 52, right: pen.width - (pen.width < 560 ? 20 : 190), top: 12, bottom: pen.height - 40 };
    const values = [...fan.flat(), ...all.flat()];
    const x = scale(0, n, box.left, box.right);
    const y = scale(Math.min(...values) * 1.05, Math.max(...values) * 1.05, box.bottom, box.top);
    for (const v of ticks(y.low, y.high, 6)) {
      pen.strokes([box.left, y(v), box.right, y(v)], { stroke: "grid" });
      pen.text(box.left - 6, y(v), `${signed(100 * v, 0)}%`, { size: 11.5, fill: "muted", align: "right" });
    }
    const xs = Array.from({ length: n + 1 }, (_, i) => x(i));
    const from0 = (/** @type {number[]} */ v) => [y(0), ...v.map(y)];
    const area = (/** @type {number[]} */ low, /** @type {number[]} */ high, /** @type {any} */ ink) => pen.poly([...xs, ...xs.slice().reverse()], [...from0(low), ...from0(high).reverse()], { close: true, ...ink });
    area(fan.map((f) => f[0]), fan.map((f) => f[4]), { fill: "zone", alpha: 0.14 });
    area(fan.map((f) => f[1]), fan.map((f) => f[3]), { fill: "zone", alpha: 0.2 });
    area(band.low, band.high, { fill: "ink", alpha: 0.22 });
    for (const k of [0, 1]) pen.poly(xs, from0(all.map((a) => a[k])), { stroke: "faint", dash: [5, 3] });
    pen.poly(xs, from0(meanAll), { stroke: "muted", width: 1.5, dash: [5, 3] });
    pen.poly(xs, from0(mean), { stroke: "ink", width: 2.2 });
    pen.strokes([box.left, y(0), box.right, y(0)], { stroke: "faint" });
    for (let i = 0; i <= n; i += n > 12 ? 5 : 2) pen.text(x(i), box.bottom + 6, String(i), { size: 11.5, fill: "muted", align: "center", base: "top" });
    pen.text((box.left + box.right) / 2, pen.height - 6, "sessions later", { size: 11.5, fill: "muted", align: "center", base: "bottom" });
    if (pen.width < 560) return;
    const left = box.right + 12;
    [["ink", 2.2, [], "mean, same reading"], ["muted", 1.5, [5, 3], "mean, all dates"], ["faint", 1, [5, 3], "5% and 95%, all dates"]].forEach(([ink, width, dash, name], i) => {
      pen.strokes([left, box.top + 10 + 20 * i, left + 24, box.top + 10 + 20 * i], { stroke: ink, width, dash });
      pen.text(left + 30, box.top + 10 + 20 * i, name, { size: 12, fill: "muted" });
    });
    [["ink", 0.22, "interval of the mean"], ["zone", 0.3, "half of the paths"], ["zone", 0.14, "nine in ten"]].forEach(([fill, alpha, name], i) => {
      pen.rect(left, box.top + 64 + 20 * i, 24, 12, { fill, alpha });
      pen.text(left + 30, box.top + 70 + 20 * i, name, { size: 12, fill: "muted" });
    });
  }

  /** The closest dates belong to the last close, the only one the run has looked them up for. */
  #showClosest(hidden) {
    const { history, page, horizon, t } = this;
    const known = t === history.length - 1 && !hidden ? page.analogues[history.facts.symbol] || [] : [];
    if (!known.length) {
      this.closest.replaceChildren();
      return;
    }
    const made = known.map(({ date, distance }) => {
      const at = history.indexOf(date);
      const came = history.outcome(horizon, at);
      const one = figure({
        name: `like-${date}`, label: () => `${shortDay(history.dates[at])}: bars of ${BEFORE} sessions before and ${horizon} after.`,
        height: () => 170, draw: (pen) => drawSmall(pen, history, at, horizon),
      });
      one.node.querySelector(".export").remove();
      const several = page.instruments.length > 1;
      one.node.prepend(el("p.panel-title", {}, el("a", { href: `#${several ? `${encodeURIComponent(history.facts.symbol)}@` : ""}${date}`, onclick: () => document.getElementById("machine").scrollIntoView() }, shortDay(history.dates[at])), came ? el(`strong.${SCENARIOS[came.code]}`, {}, ` ${SCENARIO_LABELS[came.code]}`) : null), el("p.panel-figures", {}, `distance ${decimal(distance, 2)}`));
      return one;
    });
    this.closest.replaceChildren(el("h3", {}, `The ${made.length} closest dates`), el("p.lead", {}, "An illustration, not a sample. The dotted line is the close they are compared at; the bars after it are what followed."), el("div.panels.small", {}, ...made.map(({ node }) => node)));
    for (const { redraw } of made) redraw();
  }
}

function drawSmall(pen, history, at, horizon) {
  const from = Math.max(0, at - BEFORE);
  const to = Math.min(history.length - 1, at + horizon);
  const { high, low } = history.table;
  let [bottom, top] = [Infinity, -Infinity];
  for (let i = from; i <= to; i++) {
    bottom = Math.min(bottom, low[i]);
    top = Math.max(top, high[i]);
  }
  const x = scale(from - 1, at + horizon + 1, 4, pen.width - 4);
  const y = scale(bottom, top, pen.height - 8, 8);
  const step = (pen.width - 8) / (at + horizon + 2 - from);
  const setup = history.setup(at);
  if (setup) {
    pen.clip(0, 4, pen.width, pen.height - 8, () => {
      for (const [value, ink] of [[setup.low, "continuation"], [setup.floor, "breakdown"]]) pen.strokes([x(at), y(value), pen.width - 4, y(value)], { stroke: ink, width: 1.5 });
    });
  }
  pen.strokes([x(at + 0.5), 4, x(at + 0.5), pen.height - 4], { stroke: "faint", dash: [2, 3] });
  candles(pen, history, from, at, { x, y, step });
  candles(pen, history, at + 1, to, { x, y, step, ink: "muted" });
}
