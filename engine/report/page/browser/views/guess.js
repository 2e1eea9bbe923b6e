/**
 * Guess first: the reader's own three numbers, before the table is shown, and a running score of both.
 * @module
 */

import { independentWindows, logLoss } from "../data/history.js";
import { SCENARIO_LABELS, SHOWN, decimal, plural } from "../data/words.js";
import { dataTable, el } from "./dom.js";

/**
 * One guess that has been scored.
 * @typedef {{symbol: string, t: number, horizon: number, reader: number, table: number, filtered: number}} Scored
 */

export class GuessBook {
  constructor() {
    /** @type {Map<string, number[]>} */
    this.guesses = new Map();
    /** @type {Map<string, Scored>} */
    this.scored = new Map();
  }

  /** @param {string} symbol @param {number} t @param {number} horizon */
  static key(symbol, t, horizon) {
    return `${symbol} ${t} ${horizon}`;
  }

  of(symbol, t, horizon) {
    return this.guesses.get(GuessBook.key(symbol, t, horizon)) || null;
  }

  /**
   * Take a guess (shares in the order of SCENARIOS, any positive sum) and score it where the outcome is known.
   * @param {import("../data/history.js").History} history
   * @param {number} t
   * @param {number} horizon
   * @param {number[]} shares
   */
  lock(history, t, horizon, shares) {
    const total = shares.reduce((a, b) => a + b, 0);
    // as in the engine, no class is given less than a thousandth: one certain mistake would be infinitely bad
    const floored = shares.map((s) => Math.max(s / total, 0.001));
    const sum = floored.reduce((a, b) => a + b, 0);
    const p = floored.map((s) => s / sum);
    const key = GuessBook.key(history.facts.symbol, t, horizon);
    this.guesses.set(key, p);
    const came = history.outcome(horizon, t);
    const table = history.forecast("p", horizon, t);
    const filtered = history.forecast("filtered_history", horizon, t);
    if (!came || !table || !filtered) return;
    this.scored.set(key, {
      symbol: history.facts.symbol, t, horizon,
      reader: logLoss(p, came.code), table: logLoss(table, came.code), filtered: logLoss(filtered, came.code),
    });
  }

  /** @param {number} horizon @returns {{count: number, windows: number, reader: number, table: number, filtered: number}} */
  score(horizon) {
    const mine = [...this.scored.values()].filter((one) => one.horizon === horizon);
    const mean = (/** @type {"reader"|"table"|"filtered"} */ who) => mine.reduce((sum, one) => sum + one[who], 0) / mine.length;
    const symbols = [...new Set(mine.map((one) => one.symbol))];
    const windows = symbols.reduce((sum, symbol) => sum + independentWindows(mine.filter((one) => one.symbol === symbol).map((one) => one.t), horizon), 0);
    return { count: mine.length, windows, reader: mean("reader"), table: mean("table"), filtered: mean("filtered") };
  }
}

/** Three numbers and a button. @param {(shares: number[]) => void} lock */
export function guessForm(lock) {
  const inputs = [33, 34, 33].map((value, code) =>
    el("input", { type: "number", min: 0, max: 100, step: 1, value, inputmode: "numeric", "aria-label": `${SCENARIO_LABELS[code]}, percent` }),
  );
  const total = el("span.q", { "aria-live": "polite" });
  const button = el("button.primary", { type: "submit" }, "Lock in and reveal");
  const read = () => inputs.map((input) => Math.max(Number(input.value) || 0, 0));
  const update = () => {
    const sum = read().reduce((a, b) => a + b, 0);
    total.textContent = sum === 100 ? "adds up to 100" : sum > 0 ? `adds up to ${decimal(sum)}, taken as shares of it` : "at least one must be above 0";
    button.disabled = !(sum > 0);
  };
  inputs.forEach((input) => input.addEventListener("input", update));
  update();
  return el(
    "form.guess",
    { onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); lock(read()); } },
    el("p", {}, "How likely is each, in your eyes?"),
    ...SHOWN.map((code) => el("label", {}, el("span", {}, SCENARIO_LABELS[code]), inputs[code], el("span.q", {}, "%"))),
    el("div", {}, button, total),
  );
}

/** The running score. @param {GuessBook} book @param {number} horizon */
export function scoreView(book, horizon) {
  const score = book.score(horizon);
  if (!score.count) return el("p.q", {}, "No guess has been scored yet.");
  const row = (/** @type {string} */ name, /** @type {number} */ value) => [name, decimal(value, 3), decimal(value - score.filtered, 3)];
  const view = dataTable(
    ["Log loss, nats", "Mean", "Against filtered history"],
    [row("You", score.reader), row("The table", score.table), row("Filtered history", score.filtered)],
    `Score of ${plural(score.count, "guess").replace("guesss", "guesses")}, ${plural(score.windows, "independent window")}; smaller is better`,
  );
  view.classList.add("score");
  return view;
}
