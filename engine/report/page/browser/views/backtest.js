/**
 * The backtest: accounts on a logarithmic axis, under water, month by month, trade by trade, always beside
 * buy and hold and the band of random entries.
 * @module
 */

import { decimal, isoDay, monthName, monthOf, percent, plural, shortDay, signed } from "../data/words.js";
import { drawLines } from "../draw/lines.js";
import { scale, ticks } from "../draw/scale.js";
import { choiceButtons, dataTable, el, fold } from "./dom.js";
import { figure } from "./figure.js";

const CURVES = [["strategy", "Strategy", "ink", 2.2, []], ["buy_and_hold", "Buy and hold", "muted", 1.7, []], ["unfiltered", "Every setup", "faint", 1.4, [5, 3]], ["random_median", "Random entries", "faint", 1.3, [2, 3]]];

export class BacktestView {
  /** @param {HTMLElement} place @param {any} page @param {Object<string, any>} equity @param {import("../data/history.js").History[]} histories */
  constructor(place, page, equity, histories) {
    this.equity = equity;
    this.histories = histories;
    this.log = true;
    const known = CURVES.filter(([key]) => equity[key]);
    const account = figure({
      name: "equity", label: () => "Account values after costs, 100 at the start.", height: () => 380,
      draw: (pen) => drawLines(pen, {
        dates: equity.date, log: this.log, band: equity.random_low ? [equity.random_low, equity.random_high] : null,
        lines: known.map(([key, name, ink, width, dash]) => ({ name, values: equity[key], ink, width, dash })), form: (v) => decimal(v), end: (v) => decimal(v),
      }),
    });
    const water = figure({
      name: "underwater", label: () => "Below the highest account value so far, strategy and buy and hold.", height: () => 210,
      draw: (pen) => drawLines(pen, {
        dates: equity.date, zero: true, form: (v) => percent(v), end: (v) => percent(v),
        lines: known.slice(0, 2).map(([key, name, ink, width]) => ({ name, values: underwater(equity[key]), ink, width })),
      }),
    });
    const trades = allTrades(histories);
    const spread = figure({ name: "trade-results", label: () => `Results of ${trades.length} trades.`, height: () => 250, draw: (pen) => drawTradeResults(pen, trades) });
    const exposure = equity.exposure ? figure({ name: "exposure", label: () => "Share of the account in the market, mean of a quarter.", height: () => 250, draw: (pen) => drawLines(pen, { dates: equity.date, lines: [{ name: "", values: smooth(equity.exposure, 63), ink: "muted" }], zero: true, area: true, form: (v) => percent(v) }) }) : null;
    const titled = (/** @type {string} */ title, /** @type {string} */ rest, /** @type {Node} */ node) => el("div", {}, el("p.panel-title", {}, el("strong", {}, title), el("span.q", {}, ` ${rest}`)), node);
    this.months = el("div");
    place.replaceChildren(
      el("div.tools", {}, choiceButtons("Axis", [{ value: true, text: "Log" }, { value: false, text: "Linear" }], true, (log) => { this.log = log; account.redraw(); })),
      titled("Account", `100 at the start, after costs; grey band: ${percent(page.interval)} of accounts with random entries at the same rate`, account.node),
      titled("Under water", "below the highest value so far", water.node),
      el("div.panels.two", {}, trades.length ? titled("Trade results", `${plural(trades.length, "trade")}, percent after costs`, spread.node) : null, exposure ? titled("Exposure", "share of the account in the market, mean over a quarter", exposure.node) : null),
      el("div.tools", {}, el("strong", {}, "Month by month"), choiceButtons("Whose months", [{ value: "strategy", text: "Strategy" }, ...(equity.buy_and_hold ? [{ value: "buy_and_hold", text: "Buy and hold" }] : [])], "strategy", (key) => this.#months(key))),
      this.months,
      trades.length ? fold("Every trade", () => tradeTable(trades, page)) : null,
    );
    this.#months("strategy");
    for (const one of [account, water, spread, ...(exposure ? [exposure] : [])]) one.redraw();
  }

  #months(key) {
    this.months.replaceChildren(el("div.scroll", { tabindex: "0", role: "region", "aria-label": "Returns by month" }, monthTable(this.equity.date, this.equity[key])));
  }
}

/** @param {Float64Array} values @returns {Float64Array} */
export function underwater(values) {
  let top = -Infinity;
  return values.map((v) => v / (top = Math.max(top, v)) - 1);
}

function smooth(values, width) {
  let sum = 0;
  return values.map((v, i) => {
    sum += v - (i >= width ? values[i - width] : 0);
    return sum / Math.min(i + 1, width);
  });
}

function allTrades(histories) {
  return histories.flatMap((history) => {
    const t = history.table;
    return Array.from(t.trade_entry || [], (_, i) => ({ history, entry: t.trade_entry[i], exit: t.trade_exit[i], from: t.trade_entry_price[i], to: t.trade_exit_price[i], result: t.trade_return[i], reason: t.trade_reason[i], side: t.trade_side ? t.trade_side[i] : "long" }));
  });
}

function drawTradeResults(pen, trades) {
  const results = trades.map((t) => 100 * t.result);
  const box = { left: 40, right: pen.width - 12, top: 12, bottom: pen.height - 26 };
  const most = Math.max(...results.map(Math.abs), 1);
  const width = [0.25, 0.5, 1, 2, 5].find((w) => (2 * most) / w <= 44) || 10;
  const edge = Math.ceil(most / width) * width;
  const x = scale(-edge, edge, box.left, box.right);
  const counts = new Map();
  for (const r of results) counts.set(Math.floor(r / width), (counts.get(Math.floor(r / width)) || 0) + 1);
  const highest = Math.max(...counts.values());
  const y = scale(0, highest, box.bottom, box.top);
  for (const v of ticks(0, highest, 4)) {
    pen.strokes([box.left, y(v), box.right, y(v)], { stroke: "grid" });
    pen.text(box.left - 6, y(v), decimal(v), { size: 11.5, fill: "muted", align: "right" });
  }
  for (const sign of [-1, 1]) {
    const boxes = [...counts].filter(([bin]) => (bin < 0) === (sign < 0)).flatMap(([bin, n]) => [x(bin * width) + 0.5, y(n), x((bin + 1) * width) - x(bin * width) - 1, box.bottom - y(n)]);
    pen.boxes(boxes, { fill: sign < 0 ? "loss" : "gain", alpha: 0.75 });
  }
  for (const v of ticks(-edge, edge, 8)) pen.text(x(v), box.bottom + 6, `${signed(v, 0)}%`, { size: 11.5, fill: "muted", align: "center", base: "top" });
  const mean = results.reduce((a, b) => a + b, 0) / results.length;
  pen.strokes([x(mean), box.top, x(mean), box.bottom], { stroke: "ink", dash: [3, 3] });
  pen.text(x(mean) + 5, box.top + 4, `mean ${signed(mean, 2)}%`, { size: 11.5, halo: true });
}

/** Year by month; a cell's ground says how much, its number says what. */
function monthTable(dates, values) {
  const ends = new Map();
  for (let i = 0; i < dates.length; i++) ends.set(monthOf(dates[i]), values[i]);
  const months = [...ends.keys()].sort((a, b) => a - b);
  const result = new Map();
  let before = values[0];
  for (const month of months) {
    result.set(month, ends.get(month) / before - 1);
    before = ends.get(month);
  }
  const years = [...new Set(months.map((m) => Math.floor(m / 12)))];
  const cell = (/** @type {number|undefined} */ r) => {
    const td = el("td.n", {}, r === undefined ? "" : signed(100 * r, 1));
    if (r !== undefined) td.style.background = `color-mix(in srgb, var(--${r < 0 ? "loss" : "gain"}) ${Math.min(42, Math.round(Math.abs(r) * 420))}%, transparent)`;
    return td;
  };
  const yearly = (/** @type {number} */ y) => months.filter((m) => Math.floor(m / 12) === y).reduce((product, m) => product * (1 + result.get(m)), 1) - 1;
  return el(
    "table.months", {},
    el("caption.quiet", {}, "Percent after costs"),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Year"), ...Array.from({ length: 12 }, (_, m) => el("th.n", { scope: "col" }, monthName(m))), el("th.n", { scope: "col" }, "Year"))),
    el("tbody", {}, ...years.map((y) => el("tr", {}, el("th", { scope: "row" }, String(y)), ...Array.from({ length: 12 }, (_, m) => cell(result.get(12 * y + m))), cell(yearly(y))))),
  );
}

function tradeTable(trades, page) {
  const several = page.instruments.length > 1;
  const rows = trades.slice().sort((a, b) => b.history.dates[b.entry] - a.history.dates[a.entry]).map((t) => {
    const iso = isoDay(t.history.dates[Math.max(t.entry - 1, 0)]);
    const link = el("a", { href: `#${several ? `${encodeURIComponent(t.history.facts.symbol)}@` : ""}${iso}` }, shortDay(t.history.dates[t.entry]));
    const d = t.history.facts.decimals;
    return [several ? el("span", {}, `${t.history.facts.name} `, link) : link, t.side, shortDay(t.history.dates[t.exit]), decimal(t.from, d), decimal(t.to, d), `${signed(100 * t.result, 2)}%`, t.reason];
  });
  return dataTable(["Entered", "Side", "Left", "in at", "out at", "Result", "Ended by"], rows, "Newest first; the date leads to the close that gave the signal");
}
