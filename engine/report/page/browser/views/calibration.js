/**
 * Calibration you can ask: choose forecaster, dates and year, and see curve, figures and verdict change; a step gives
 * its dates, and a date leads into the time machine.
 * @module
 */

import { decompose, exactForecast, holm, murphy } from "../data/corp.js";
import { GROUPS, chosenRows, classRows } from "../data/rows.js";
import { SCENARIOS, SCENARIO_LABELS, SHOWN, decimal, isoDay, percent, plural, shortDay } from "../data/words.js";
import { drawLines } from "../draw/lines.js";
import { diagramScales, drawReliability } from "../draw/reliability.js";
import { choiceButtons, choiceList, dataTable, el, fold } from "./dom.js";
import { figure } from "./figure.js";

const LEAST_ROWS = 60;
const MOST_DATES = 120;
const THETAS = Array.from({ length: 97 }, (_, i) => 0.02 + i * 0.01);

export class CalibrationView {
  /** @param {HTMLElement} place @param {any} page @param {import("../data/history.js").History[]} histories */
  constructor(place, page, histories) {
    this.place = place;
    this.page = page;
    this.histories = histories;
    this.choice = { who: "p", horizon: Math.max(...page.horizons), symbol: histories.length > 1 ? "all" : histories[0].facts.symbol, group: "all", year: "all" };
    this.view = "reliability";
    /** @type {{code: number, step: number}|null} */
    this.picked = null;
    this.#build();
  }

  #build() {
    const { page, choice, histories } = this;
    const change = (/** @type {string} */ key) => (/** @type {any} */ value) => { choice[key] = value; this.ask(); };
    const years = [...new Set(histories.flatMap((h) => Array.from(h.dates, (d) => isoDay(d).slice(0, 4))))].sort();
    const horizons = [...page.horizons].sort((a, b) => b - a).map((h) => ({ value: h, text: plural(h, "session") }));
    this.panels = el("div.panels");
    this.verdict = el("p.verdict-live", { "aria-live": "polite" });
    this.dates = el("div.dates");
    this.numbers = fold("The numbers behind, step by step", () => this.#numberTable());
    this.place.replaceChildren(
      el(
        "div.tools", {},
        choiceButtons("Horizon", horizons, choice.horizon, change("horizon")),
        choiceList("Forecaster", page.forecasters.map(({ key, label }) => ({ value: key, text: label })), choice.who, change("who")),
        histories.length > 1 ? choiceList("Instrument", [{ value: "all", text: "All" }, ...histories.map((h) => ({ value: h.facts.symbol, text: h.facts.name }))], choice.symbol, change("symbol")) : null,
        choiceList("Dates", GROUPS.map(([value, text]) => ({ value, text })), choice.group, change("group")),
        choiceList("Year", [{ value: "all", text: "All" }, ...years.map((y) => ({ value: y, text: y }))], choice.year, change("year")),
        choiceButtons("View", [{ value: "reliability", text: "Reliability" }, { value: "murphy", text: "Murphy" }, { value: "touch", text: "Touch times" }], "reliability", (view) => { this.view = view; this.#show(); }),
      ),
      this.verdict, this.panels, this.dates, this.numbers,
    );
    this.ask();
  }

  /** Compute what was asked for, then show it. */
  ask() {
    const { choice } = this;
    this.picked = null;
    this.dates.replaceChildren();
    this.numbers.open = false;
    this.rows = chosenRows(this.histories, choice);
    this.classes = SCENARIOS.map((scenario, code) => {
      const rows = classRows(this.rows, choice.who, choice.horizon, code, scenario);
      return { code, rows, found: this.rows.length ? decompose(rows) : null, exact: null };
    });
    this.#show();
    clearTimeout(this.later);
    if (this.rows.length >= LEAST_ROWS) this.later = setTimeout(() => this.#drawExact(), 30);
  }

  /** The band of the run itself where the question is the run's own; simulated here otherwise. */
  #drawExact() {
    const { choice, page } = this;
    const own = choice.who === "p" && choice.group === "all" && choice.year === "all" && (choice.symbol === "all" || this.histories.length === 1);
    const kept = own && page.calibration[choice.horizon];
    for (const one of this.classes) {
      const known = kept && kept[SCENARIOS[one.code]];
      one.exact = known && known.at.length
        ? { at: known.at, low: known.low, high: known.high, pValue: known.p, mean: known.mean, holm: known.holm }
        : exactForecast(one.rows, choice.horizon, one.found.mcb, { coverage: page.interval });
    }
    const corrected = holm(this.classes.map((one) => one.exact.pValue));
    this.classes.forEach((one, i) => { one.exact.holm = one.exact.holm ?? corrected[i]; });
    this.#show();
  }

  #show() {
    const { rows, classes, choice } = this;
    const windows = rows.length / choice.horizon;
    this.verdict.replaceChildren(`${plural(rows.length, "forecast")}, about ${plural(Math.round(windows), "independent window")}. `, el("strong", {}, this.#verdictText(windows)));
    if (!rows.length) {
      this.panels.replaceChildren(el("p.q", {}, "No row answers this question."));
      return;
    }
    const draw = { reliability: () => this.#reliabilityPanel, murphy: () => this.#murphyPanel, touch: () => null }[this.view]();
    if (!draw) {
      this.panels.replaceChildren(this.#touchTable());
      return;
    }
    const made = SHOWN.map((code) => draw.call(this, classes[code]));
    this.panels.replaceChildren(...made.map(({ node }) => node));
    for (const { redraw } of made) redraw();
  }

  #verdictText(windows) {
    const exact = this.classes.map((one) => one.exact);
    if (this.rows.length < LEAST_ROWS) return "Too few rows to say anything.";
    if (exact.some((e) => e === null)) return "";
    const bad = SHOWN.filter((code) => exact[code].holm <= 0.05).map((code) => `${SCENARIO_LABELS[code].toLowerCase()} (p ${decimal(exact[code].holm, 3)})`);
    if (bad.length) return `Distinguishable from calibrated: ${bad.join(", ")}.`;
    return `Not distinguishable from calibrated (smallest p ${decimal(Math.min(...exact.map((e) => e.holm)), 2)}, Holm-corrected)${windows < 40 ? "; with so few windows nearly nothing would be" : ""}.`;
  }

  #reliabilityPanel({ code, rows, found, exact }) {
    const chosen = () => (this.picked && this.picked.code === code ? this.picked.step : -1);
    const made = figure({
      name: `reliability-${SCENARIOS[code]}-${this.choice.horizon}`,
      label: () => `${SCENARIO_LABELS[code]}: what came true against what was said, ${found.steps.length} steps; the numbers are in the table below.`,
      height: (width) => Math.round(Math.min(Math.max(width * 0.86, 300), 440)),
      draw: (pen) => drawReliability(pen, { code, p: rows.p, steps: found.steps, band: exact, chosen: chosen() }),
      click: (px, py, width, height) => {
        const { x } = diagramScales(width, height, found.steps, exact);
        const said = x.invert(px);
        const gap = (/** @type {any} */ s) => Math.max(s.low - said, said - s.high, 0);
        const nearest = found.steps.reduce((best, s, i) => (gap(s) < gap(found.steps[best]) ? i : best), 0);
        this.#pick(code, nearest);
        made.redraw();
      },
    });
    const thousand = (/** @type {number} */ v) => decimal(1000 * v, 1);
    const p = exact ? `; p ${decimal(exact.holm, exact.holm < 0.1 ? 3 : 2)}` : "";
    made.node.prepend(
      el("p.panel-title", {}, el(`strong.${SCENARIOS[code]}`, {}, SCENARIO_LABELS[code]), el("span.q", {}, ` said ${percent(found.said, 1)}, came true ${percent(found.frequency, 1)}`)),
      el("p.panel-figures", { "data-class": SCENARIOS[code] }, `Brier × 1000: ${thousand(found.mean)} = MCB ${thousand(found.mcb)} − DSC ${thousand(found.dsc)} + UNC ${thousand(found.unc)}${p}`),
    );
    return made;
  }

  #murphyPanel({ code }) {
    const compared = [...new Set([this.choice.who, "filtered_history", "climatology"])].filter((key) => this.page.forecasters.some((f) => f.key === key));
    const lines = compared.map((key, i) => ({
      name: this.page.forecasters.find((f) => f.key === key).label,
      values: murphy(classRows(this.rows, key, this.choice.horizon, code, SCENARIOS[code]), THETAS),
      ink: i === 0 ? ["breakdown", "range-ink", "continuation"][code] : "muted",
      width: i === 0 ? 2.2 : 1.4,
      dash: [[], [5, 3], [2, 3]][i],
    }));
    const made = figure({
      name: `murphy-${SCENARIOS[code]}-${this.choice.horizon}`,
      label: () => `${SCENARIO_LABELS[code]}: mean elementary score by decision threshold; lower is better.`,
      height: () => 300,
      draw: (pen) => drawLines(pen, { xs: THETAS, lines, form: (v) => decimal(v, 2), xForm: (v) => percent(v) }),
    });
    made.node.prepend(el("p.panel-title", {}, el(`strong.${SCENARIOS[code]}`, {}, SCENARIO_LABELS[code]), el("span.q", {}, " score of whoever acts from this probability on; lower is better")));
    return made;
  }

  /** Were target and retest touched as often, and as soon, as was said? */
  #touchTable() {
    const { page, rows } = this;
    const horizons = [...page.horizons].sort((a, b) => a - b);
    const lines = [];
    for (const [key, came, name] of [["p_target_touch", "target", "Target"], ["p_retest_touch", "retest", "Retest"]]) {
      let [said, seen] = [0, 0];
      horizons.forEach((h, i) => {
        const known = rows.filter(({ history, t }) => history.outcome(h, t) && !Number.isNaN(history.at(`${key}_${h}`, t)));
        if (!known.length) return;
        const cdf = known.reduce((sum, { history, t }) => sum + history.at(`${key}_${h}`, t), 0) / known.length;
        const hit = known.reduce((sum, { history, t }) => sum + Number(history.outcome(h, t)[came]), 0) / known.length;
        const from = i ? horizons[i - 1] + 1 : 1;
        lines.push([`${name} touched in sessions ${from} to ${h}`, percent(cdf - said, 1), percent(hit - seen, 1), decimal(known.length / h)]);
        [said, seen] = [cdf, hit];
      });
      lines.push([`${name} not touched in ${horizons[horizons.length - 1]} sessions`, percent(1 - said, 1), percent(1 - seen, 1), ""]);
    }
    return el("div.scroll", { tabindex: "0", role: "region", "aria-label": "Touch times" }, dataTable(["When", "Said, on average", "Came true", "Windows"], lines, "The run holds touch probabilities at its horizons, so the times fall into these bins."));
  }

  /** @param {number} code @param {number} step */
  #pick(code, step) {
    this.picked = { code, step };
    const { found } = this.classes[code];
    const one = found.steps[step];
    const inside = found.order.slice(one.first, one.last + 1).map((/** @type {number} */ i) => this.rows[i]).sort((a, b) => b.t - a.t);
    const several = this.page.instruments.length > 1;
    const link = (/** @type {import("../data/rows.js").Row} */ { history, t, code: came }) => {
      const iso = isoDay(history.dates[t]);
      return el("a", { href: `#${several ? `${encodeURIComponent(history.facts.symbol)}@` : ""}${iso}`, onclick: () => document.getElementById("machine").scrollIntoView() },
        `${several ? `${history.facts.name} ` : ""}${shortDay(history.dates[t])}`, el(`i.dot.${SCENARIOS[came]}`, { title: SCENARIO_LABELS[came], role: "img", "aria-label": SCENARIO_LABELS[came] }));
    };
    this.dates.replaceChildren(
      el("p", {}, el("strong", {}, `${SCENARIO_LABELS[code]} said to be ${percent(one.low, 1)} to ${percent(one.high, 1)}: `), `${plural(one.rows, "date")}, came true in ${percent(one.observed, 1)}.${inside.length > MOST_DATES ? ` The last ${MOST_DATES}:` : ""}`),
      el("p.links", {}, ...inside.slice(0, MOST_DATES).map(link)),
    );
  }

  #numberTable() {
    const rows = SHOWN.flatMap((code) =>
      this.classes[code].found.steps.map((s, i) => [
        el("span", {}, SCENARIO_LABELS[code], " ", el("button.plain", { type: "button", onclick: () => { this.#pick(code, i); this.dates.scrollIntoView({ block: "nearest" }); } }, "dates")),
        percent(s.low, 1), percent(s.high, 1), percent(s.observed, 1), decimal(s.rows), decimal(s.rows / this.choice.horizon, 1),
      ]),
    );
    return dataTable(["Scenario", "Said from", "to", "Came true", "Rows", "Windows"], rows, "Steps of the CORP diagrams");
  }
}
