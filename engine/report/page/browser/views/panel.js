/**
 * Beside the chart, in words and tables: the date, the reading, the table, what came, the level book.
 * @module
 */

import { SCENARIO_LABELS, SHOWN, decimal, longDay, percent, plural, shortDay, signed, wholePercents } from "../data/words.js";
import { el } from "./dom.js";

const CLASSES = ["breakdown", "range", "continuation"];

/**
 * @param {import("../data/history.js").History} history
 * @param {number} t
 * @returns {string[]} what each scenario means in prices, in the order of SCENARIOS
 */
export function scenarioTitles(history, t) {
  const setup = history.setup(t);
  if (!setup) return SCENARIO_LABELS;
  const d = (/** @type {number} */ v) => decimal(v, history.facts.decimals);
  const target = d(setup.low) === d(setup.high) ? d(setup.low) : `${d(setup.low)}–${d(setup.high)}`;
  const top = history.shared.rule === "target" ? setup.low : setup.ceiling;
  return [`through ${d(setup.floor)}, next ${d(setup.retest)}`, `${d(setup.floor)} and ${d(top)}`, history.shared.rule === "target" ? `to ${target}` : `through ${d(top)}`];
}

/** @param {import("../data/history.js").History} history @param {number} t */
export function readingOf(history, t) {
  const { shared, facts } = history;
  const bias = history.at("bias", t);
  const label = Number.isNaN(bias) ? "unknown" : shared.bias[bias + 1];
  const sentence = (history.table.reading && history.table.reading[t]) || "";
  const place = history.at("position", t);
  const flip = history.at("flip_price", t);
  return {
    label: label[0].toUpperCase() + label.slice(1),
    sentence: sentence ? `${sentence[0].toUpperCase()}${sentence.slice(1)}.` : "",
    position: Number.isNaN(place) ? "" : `The close is ${shared.positions[place]}.`,
    flip: Number.isNaN(flip) || Number.isNaN(bias) ? "" : `A close ${flip <= history.close[t] ? "below" : "above"} ${decimal(flip, facts.decimals)} would change the bias.`,
  };
}

/** The date, the close and the reading. */
export function readingView(history, t) {
  const reading = readingOf(history, t);
  const change = t > 0 ? history.close[t] / history.close[t - 1] - 1 : NaN;
  return el(
    "div.reading",
    {},
    el("h2", { "data-date": new Date(history.dates[t] * 86400000).toISOString().slice(0, 10) }, longDay(history.dates[t])),
    el("p.close", {}, `${history.facts.name} `, el("strong", { "data-close": "" }, decimal(history.close[t], history.facts.decimals)), el("span.q", {}, ` ${signed(100 * change, 1)}%`)),
    el("p", {}, el("strong", {}, `${reading.label}. `), reading.sentence),
    el("p.q", {}, [reading.position, reading.flip].filter(Boolean).join(" ")),
  );
}

/**
 * The table of one horizon with every forecaster of the run.
 * @param {import("../data/history.js").History} history
 * @param {{t: number, horizon: number, hidden: boolean, guess: number[]|null}} state
 */
export function tableView(history, { t, horizon, hidden, guess }) {
  const titles = scenarioTitles(history, t);
  const known = history.shared.forecasters
    .filter(({ inTable }) => inTable)
    .map(({ key, label }) => ({ key, label, p: history.forecast(key, horizon, t) }))
    .filter(({ key, p }) => p && key !== "raw");
  const table = known.find(({ key }) => key === "p");
  if (!hidden && !table) {
    const asked = history.setup(t) ? `The question: ${SHOWN.map((code) => `${SCENARIO_LABELS[code].toLowerCase()} ${titles[code]}`).join("; ")}. ` : "";
    return el("p.q", {}, `${asked}No forecast for this date: the walk-forward needs more history before it.`);
  }
  const others = hidden ? [] : known.filter(({ key }) => key !== "p");
  const whole = table ? wholePercents(table.p) : [NaN, NaN, NaN];
  const columns = others.map(({ p }) => wholePercents(p));
  const yours = guess ? wholePercents(guess) : null;
  const row = (/** @type {number} */ code) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, SCENARIO_LABELS[code], el("span.note", {}, titles[code])),
      yours ? el("td.n", { "data-guess": code }, `${yours[code]}%`) : null,
      hidden
        ? el("td.n", {}, "?")
        : el(
            `td.n.share.${CLASSES[code]}`,
            {},
            el("strong.big", { "data-p": CLASSES[code] }, `${whole[code]}%`),
            bar(table.p[code]),
          ),
      ...columns.map((shares, i) => el("td.n.q", { "data-by": others[i].key }, `${shares[code]}%`)),
    );
  return el(
    "div.scroll",
    { tabindex: "0", role: "region", "aria-label": "The table" },
    el(
      "table.ask",
      {},
      el("caption", {}, `Next ${plural(horizon, "session")}`),
      el(
        "thead",
        {},
        el("tr", {}, el("th", { scope: "col" }, "Scenario"), yours ? el("th.n", { scope: "col" }, "You") : null, el("th.n", { scope: "col" }, "Table"), ...others.map(({ label }) => el("th.n", { scope: "col" }, label))),
      ),
      el("tbody", {}, ...SHOWN.map(row)),
    ),
  );
}

function bar(share) {
  const inner = el("i");
  inner.style.width = `${(100 * share).toFixed(1)}%`;
  return el("span.bar", { "aria-hidden": "true" }, inner);
}

/** What came, in one sentence. Only to be called after the reveal. */
export function outcomeView(history, t, horizon) {
  const came = history.outcome(horizon, t);
  if (!came) return el("p.came", {}, `The ${plural(horizon, "session")} after this close are not over: nothing has come yet.`);
  const touched = [came.target ? "the target was touched" : "", came.retest ? "the retest price was touched" : ""].filter(Boolean);
  const rest = touched.length ? ` Within the horizon ${touched.join(" and ")}.` : " Neither target nor retest was touched.";
  return el(
    "p.came",
    { "data-came": CLASSES[came.code] },
    el(`strong.${CLASSES[came.code]}`, {}, SCENARIO_LABELS[came.code]),
    `, decided on ${shortDay(history.dates[came.resolved])}, ${plural(came.resolved - t, "session")} later.${rest}`,
  );
}

/** Levels on each side of the close that are made at once: as many as the list shows. */
const NEAR = 5;
/** Pixels of a digit of a zone. */
const ZONE_LETTER = 7.7;

/**
 * The level book, highest first, the close between.  Levels far from the close are made by `rest`, when one stays at a date:
 * rows are most of the time that a step takes.
 * @param {import("../data/history.js").History} history
 * @returns {{view: HTMLElement, rest: () => void}}
 */
export function bookView(history, t, horizon, hidden) {
  const levels = history.book(t, horizon);
  const d = (/** @type {number} */ v) => decimal(v, history.facts.decimals);
  const here = el("tr.here", {}, el("th", { scope: "row" }, d(history.close[t])), el("td", { colspan: "4" }, "the close"));
  const row = (/** @type {import("../data/history.js").Level} */ level) => {
    const zone = d(level.low) === d(level.high) ? d(level.low) : `${d(level.low)}–${d(level.high)}`;
    const [event, at] = level.last.split("|");
    return el(
      "tr",
      { "data-level": level.id },
      el("th", { scope: "row" }, zone),
      el(
        "td",
        {},
        level.name,
        level.role ? el(`span.role.${level.role.includes("target") ? "continuation" : level.role.includes("ceiling") ? "range" : "breakdown"}`, {}, level.role) : null,
        event ? el("span.note", {}, `${event} ${shortDay(history.dates[Number(at)])}`) : null,
      ),
      el("td.n", {}, level.away === 0 ? "here" : `${signed(100 * level.away, 1)}%`),
      el("td.n", {}, level.average ? "" : String(level.tests)),
      el("td.n", {}, hidden || Number.isNaN(level.touch) ? "" : percent(level.touch)),
    );
  };
  if (!levels.length) return { view: el("p.q", {}, "No levels are known at this close."), rest: () => {} };
  const found = levels.findIndex((level) => level.side === "support");
  const close = found < 0 ? levels.length : found;
  const from = Math.max(0, close - NEAR);
  const to = Math.min(levels.length, close + NEAR);
  const body = el("tbody", {}, ...levels.slice(from, close).map(row), here, ...levels.slice(close, to).map(row));
  const price = el("th", { scope: "col" }, "Price");
  // the table's layout is fixed, which a step is faster for: its first column is as wide as the longest zone can be
  price.style.width = `${Math.max(94, 10 + ZONE_LETTER * (2 * d(levels[0].high).length + 1))}px`;
  const list = el(
    "div.scroll.book",
    { tabindex: "0", role: "region", "aria-label": `Level book of ${shortDay(history.dates[t])}` },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, price, el("th", { scope: "col" }, "Level"), el("th.n", { scope: "col" }, "Away"), el("th.n", { scope: "col", title: "touches since it was confirmed" }, "Tests"), el("th.n", { scope: "col" }, "Touched"))),
      body,
    ),
  );
  return {
    view: el("div", {}, el("h3", {}, `Level book, ${plural(levels.length, "level")}`), list),
    rest: () => {
      body.prepend(...levels.slice(0, from).map(row));
      body.append(...levels.slice(to).map(row));
    },
  };
}
