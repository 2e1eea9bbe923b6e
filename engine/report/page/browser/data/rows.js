/**
 * The rows a question stands on: resolved, forecast by everybody the run compares, and chosen by the reader.
 * @module
 */

import { isoDay } from "./words.js";

/**
 * @typedef {{who: string, horizon: number, symbol: string, group: string, year: string}} Choice `symbol`, `group` and
 *   `year` may be "all"; group is "volatility:0" and the like
 * @typedef {{history: import("./history.js").History, t: number, code: number, session: number}} Row
 */

export const GROUPS = [
  ["all", "All dates"], ["volatility:0", "Low volatility"], ["volatility:1", "Middle volatility"], ["volatility:2", "High volatility"],
  ["trend:0", "Above the 200-day"], ["trend:1", "Below the 200-day"],
];

/** @param {import("./history.js").History} history @param {number} t @param {string} group */
function inGroup(history, t, group) {
  if (group === "all") return true;
  const [name, code] = group.split(":");
  return history.at(name, t) === Number(code);
}

/** Session of each date in the calendar of all histories. @param {import("./history.js").History[]} histories */
function calendarOf(histories) {
  const days = [...new Set(histories.flatMap((h) => Array.from(h.dates)))].sort((a, b) => a - b);
  return new Map(days.map((day, i) => [day, i]));
}

/**
 * @param {import("./history.js").History[]} histories
 * @param {Choice} choice
 * @returns {Row[]} in the order of date
 */
export function chosenRows(histories, { horizon, symbol, group, year }) {
  const used = histories.filter((h) => symbol === "all" || h.facts.symbol === symbol);
  const calendar = used.length > 1 ? calendarOf(used) : null;
  const rows = [];
  for (const history of used) {
    const everybody = history.shared.forecasters.map(({ key }) => key).filter((key) => history.table[`${key}_range_${horizon}`]);
    const came = history.table[`came_${horizon}`];
    if (!came) continue;
    for (let t = 0; t < history.length; t++) {
      if (Number.isNaN(came[t]) || everybody.some((key) => Number.isNaN(history.table[`${key}_range_${horizon}`][t]))) continue;
      if (!inGroup(history, t, group) || (year !== "all" && isoDay(history.dates[t]).slice(0, 4) !== year)) continue;
      rows.push({ history, t, code: came[t], session: calendar ? calendar.get(history.dates[t]) : t });
    }
  }
  return rows;
}

/** One class of these rows, as {@link import("./corp.js").Rows}. @param {Row[]} rows @param {string} who */
export function classRows(rows, who, horizon, code, scenario) {
  const column = `${who}_${scenario}_${horizon}`;
  return {
    p: Float64Array.from(rows, ({ history, t }) => history.table[column][t]),
    happened: Uint8Array.from(rows, (row) => Number(row.code === code)),
    session: Int32Array.from(rows, (row) => row.session),
  };
}
