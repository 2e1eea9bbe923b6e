/**
 * Skill: a forest over baselines, years, regimes or instruments, and the log-loss difference as it grew.
 * @module
 */

import { logLoss } from "../data/history.js";
import { chosenRows } from "../data/rows.js";
import { decimal, percent, plural, signed } from "../data/words.js";
import { drawLines } from "../draw/lines.js";
import { scale, tickDigits, ticks } from "../draw/scale.js";
import { choiceButtons, choiceList, dataTable, el, fold } from "./dom.js";
import { figure } from "./figure.js";

const GROUP_NAMES = {
  low: "Low volatility", middle: "Middle volatility", high: "High volatility", above_sma_200: "Above the 200-day", below_sma_200: "Below the 200-day",
};
const BY = [["all", "Baseline"], ["year", "Year"], ["regime", "Regime"], ["instrument", "Instrument"], ["family", "Family"]];
const ROW = 26;

export class SkillView {
  /** @param {HTMLElement} place @param {any} page @param {import("../data/history.js").History[]} histories */
  constructor(place, page, histories) {
    this.page = page;
    this.histories = histories;
    const known = new Set(Object.values(page.skill).flatMap((lines) => lines.map((line) => line.grouping)));
    const has = (/** @type {string} */ by) => (by === "regime" ? known.has("volatility") || known.has("trend") : known.has(by));
    this.choice = { horizon: Math.max(...page.horizons), by: "all", baseline: "filtered_history" };
    const horizons = [...page.horizons].sort((a, b) => b - a).map((h) => ({ value: h, text: plural(h, "session") }));
    const names = page.forecasters.filter(({ key }) => key !== "p");
    const change = (/** @type {string} */ key) => (/** @type {any} */ value) => { this.choice[key] = value; this.#show(); };
    this.forest = figure({ name: "skill", label: () => "Log-loss skill with intervals; the figures are in the table below.", height: () => ROW * this.#lines().length + 44, draw: (pen) => this.#drawForest(pen) });
    this.growth = figure({ name: "skill-through-time", label: () => "Log loss saved against the baseline, added up over time.", height: () => 300, draw: (pen) => this.#drawGrowth(pen) });
    this.words = el("p.q");
    place.replaceChildren(
      el(
        "div.tools", {},
        choiceButtons("Horizon", horizons, this.choice.horizon, change("horizon")),
        choiceButtons("By", BY.filter(([by]) => has(by)).map(([value, text]) => ({ value, text })), "all", change("by")),
        choiceList("Against", names.map(({ key, label }) => ({ value: key, text: label })), this.choice.baseline, change("baseline")),
      ),
      el("div.panels.two", {}, el("div", {}, el("p.panel-title", {}, el("strong", {}, "Log-loss skill"), el("span.q", {}, ` with ${percent(page.interval)} intervals; right of 0 the table is better`)), this.forest.node), el("div", {}, el("p.panel-title", {}, el("strong", {}, "Saved so far"), el("span.q", {}, " log loss of the baseline minus that of the table, added up, per window")), this.growth.node, this.words)),
      fold("The numbers behind", () => dataTable(["Compared", "Skill", "from", "to", "Windows"], this.#lines().map((l) => [this.#name(l), `${signed(100 * l.skill, 2)}%`, signed(100 * l.low, 2), signed(100 * l.high, 2), decimal(l.windows)]), "Log-loss skill, percent")),
    );
    this.#show();
  }

  #show() {
    this.forest.redraw();
    this.growth.redraw();
  }

  #lines() {
    const { by, baseline, horizon } = this.choice;
    const lines = this.page.skill[horizon] || [];
    if (by === "all") {
      const order = this.page.forecasters.map(({ key }) => key);
      return lines.filter((l) => l.grouping === "all").sort((a, b) => order.indexOf(a.baseline) - order.indexOf(b.baseline));
    }
    const groupings = by === "regime" ? ["volatility", "trend"] : [by];
    return lines.filter((l) => groupings.includes(l.grouping) && l.baseline === baseline);
  }

  #name(line) {
    if (line.grouping === "all") return (this.page.forecasters.find(({ key }) => key === line.baseline) || { label: line.baseline }).label;
    return GROUP_NAMES[line.group] || line.group;
  }

  #drawForest(pen) {
    const lines = this.#lines();
    if (!lines.length) {
      pen.text(8, 20, "The run has no such figures for this baseline.", { fill: "muted" });
      return;
    }
    const box = { left: pen.width < 480 ? 128 : 150, right: pen.width - 64, top: 8, bottom: pen.height - 30 };
    const values = lines.flatMap((l) => [l.skill, l.low ?? l.skill, l.high ?? l.skill]).concat(0);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const pad = 0.06 * (high - low || 0.02);
    const x = scale(100 * (low - pad), 100 * (high + pad), box.left, box.right);
    const marks = ticks(x.low, x.high, Math.max(3, Math.floor((box.right - box.left) / 70)));
    pen.strokes(marks.flatMap((v) => [x(v), box.top, x(v), box.bottom]), { stroke: "grid" });
    for (const v of marks) pen.text(x(v), box.bottom + 8, `${signed(v, tickDigits(marks))}%`, { size: 11.5, fill: "muted", align: "center", base: "top" });
    pen.strokes([x(0), box.top, x(0), box.bottom], { stroke: "ink", width: 1.2 });
    lines.forEach((l, i) => {
      const y = box.top + (i + 0.5) * ROW;
      const decided = l.low > 0 || l.high < 0;
      const ink = decided ? "ink" : "faint";
      pen.text(box.left - 10, y, this.#name(l), { align: "right" });
      if (l.low !== null && l.high !== null) pen.strokes([x(100 * l.low), y, x(100 * l.high), y], { stroke: ink, width: 2.4 });
      pen.circle(x(100 * l.skill), y, 4, { fill: decided ? "ink" : "paper", stroke: ink, width: 2 });
      pen.text(pen.width, y, `${signed(100 * l.skill, 1)}%`, { align: "right", fill: decided ? "ink" : "muted", weight: decided ? 600 : 400 });
    });
  }

  #drawGrowth(pen) {
    const { horizon, baseline } = this.choice;
    const key = `${horizon} ${baseline}`;
    if (this.grownFor !== key) {
      this.grownFor = key;
      const symbol = this.histories.length > 1 ? "all" : this.histories[0].facts.symbol;
      const rows = chosenRows(this.histories, { who: "p", horizon, symbol, group: "all", year: "all" });
      rows.sort((a, b) => a.history.dates[a.t] - b.history.dates[b.t]);
      let sum = 0;
      const saved = rows.map(({ history, t, code }) => (sum += logLoss(history.forecast(baseline, horizon, t), code) - logLoss(history.forecast("p", horizon, t), code)));
      this.grown = { dates: Float64Array.from(rows, ({ history, t }) => history.dates[t]), values: Float64Array.from(saved, (v) => v / horizon) };
      this.words.textContent = rows.length ? `${decimal(sum / horizon, 2)} nats over about ${plural(Math.round(rows.length / horizon), "independent window")}. A line that climbs in one stretch only is luck, or a regime.` : "";
    }
    if (this.grown.dates.length > 1) drawLines(pen, { dates: this.grown.dates, lines: [{ name: "", values: this.grown.values, ink: "ink", width: 1.8 }], zero: true, form: (v) => signed(v, 1) });
  }
}
