/**
 * One instrument's history: what was known after each close, and, in columns named `came_`, what came later.
 * @module
 */

import { SCENARIOS, dayOf } from "./words.js";

/**
 * A level as it stands at one close.
 * @typedef {{id: number, kind: number, name: string, low: number, high: number, formed: number, confirmed: number,
 *   side: string, away: number, role: string, tests: number, last: string, average: boolean, touch: number}} Level
 */

/**
 * What came after a close; known only from `resolved` on.
 * @typedef {{code: number, resolved: number, target: boolean, retest: boolean, ambiguous: boolean}} Outcome
 */

const AVERAGES = ["sma_50", "sma_200"];
const EDGE_ORDER = ["target", "ceiling", "floor", "retest"];

export class History {
  /**
   * @param {{symbol: string, name: string, decimals: number, volume: boolean}} facts
   * @param {Object<string, any>} table unpacked block
   * @param {{horizons: number[], kinds: {name: string, noun: string}[], events: string[], bias: string[],
   *   positions: string[], forecasters: {key: string, label: string, inTable: boolean}[]}} shared
   */
  constructor(facts, table, shared) {
    this.facts = facts;
    this.table = table;
    this.shared = shared;
    this.dates = /** @type {Float64Array} */ (table.date);
    this.length = this.dates.length;
    this.close = table.close;
    this.#readLevels();
  }

  #readLevels() {
    const { table } = this;
    const count = table.level_id ? table.level_id.length : 0;
    const place = new Map();
    this.retired = new Float64Array(count).fill(Infinity);
    /** @type {number[][]} */
    this.eventsOf = Array.from({ length: count }, () => []);
    for (let i = 0; i < count; i++) place.set(table.level_id[i], i);
    const events = table.event_level ? table.event_level.length : 0;
    for (let e = 0; e < events; e++) {
      const level = place.get(table.event_level[e]);
      if (level === undefined) continue;
      this.eventsOf[level].push(e);
      if (this.shared.events[table.event_code[e]].startsWith("retired")) this.retired[level] = table.event_at[e];
    }
  }

  /** @param {string} iso @returns {number} the last session on or before that day, or the first one */
  indexOf(iso) {
    const day = dayOf(iso);
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.dates[middle] <= day) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, 0);
  }

  /** @param {string} key column @param {number} t */
  at(key, t) {
    const column = this.table[key];
    return column ? column[t] : NaN;
  }

  /** Probabilities in the order of SCENARIOS, or null. @param {string} who @param {number} horizon @param {number} t */
  forecast(who, horizon, t) {
    const p = SCENARIOS.map((name) => this.at(`${who}_${name}_${horizon}`, t));
    return p.some(Number.isNaN) ? null : p;
  }

  /** @param {number} t @returns {{floor: number, ceiling: number, low: number, high: number, retest: number}|null} */
  setup(t) {
    const [floor, ceiling, low, high, retest] = ["floor", "ceiling", "target_low", "target_high", "retest"].map((k) =>
      this.at(k, t),
    );
    return [floor, ceiling, low, high, retest].some(Number.isNaN) ? null : { floor, ceiling, low, high, retest };
  }

  /** What came after the close of `t`, or null where the history ends before. @returns {Outcome|null} */
  outcome(horizon, t) {
    const code = this.at(`came_${horizon}`, t);
    if (Number.isNaN(code)) return null;
    return {
      code,
      resolved: t + this.at(`came_after_${horizon}`, t),
      target: this.at(`came_target_touched_${horizon}`, t) === 1,
      retest: this.at(`came_retest_touched_${horizon}`, t) === 1,
      ambiguous: this.at(`came_ambiguous_${horizon}`, t) === 1,
    };
  }

  /** Which edge of the setup a level is. @param {number} id @param {number} t */
  roleOf(id, t) {
    return EDGE_ORDER.filter((edge) => this.at(`${edge}_level_id`, t) === id).join(" and ");
  }

  /** @param {string} edge @param {number} t @returns {string} name of its level, or how it was found */
  edgeName(edge, t) {
    const id = this.at(`${edge}_level_id`, t);
    if (id === -1) return "projected";
    const place = this.table.level_id ? this.table.level_id.indexOf(id) : -1;
    return place < 0 ? "" : this.nameOf(place);
  }

  /** @param {number} i place in the level table */
  nameOf(i) {
    return this.table.level_name[i] || this.shared.kinds[this.table.level_kind[i]].noun;
  }

  /**
   * The level book after the close of `t`, highest first: confirmed by then, not retired by then.
   * @param {number} t
   * @param {number} horizon of the touch probabilities, which the run holds for target and retest only
   * @returns {Level[]}
   */
  book(t, horizon) {
    const { table } = this;
    const close = this.close[t];
    const out = [];
    for (let i = 0; i < this.retired.length; i++) {
      if (table.level_confirmed[i] > t) break;
      if (this.retired[i] <= t) continue;
      const kind = this.shared.kinds[table.level_kind[i]].name;
      const average = kind.startsWith("moving_average");
      const low = average ? this.at(AVERAGES[kind.endsWith("200") ? 1 : 0], t) : table.level_low[i];
      const high = average ? low : table.level_high[i];
      if (Number.isNaN(low)) continue;
      const edge = low > close ? low : high < close ? high : close;
      const role = this.roleOf(table.level_id[i], t);
      out.push({
        id: table.level_id[i],
        kind: table.level_kind[i],
        name: this.nameOf(i),
        low,
        high,
        formed: table.level_formed[i],
        confirmed: table.level_confirmed[i],
        side: high > close ? "resistance" : "support",
        away: edge / close - 1,
        role,
        average,
        touch: role.includes("target")
          ? this.at(`p_target_touch_${horizon}`, t)
          : role.includes("retest")
            ? this.at(`p_retest_touch_${horizon}`, t)
            : NaN,
        ...this.#eventsUntil(i, t),
      });
    }
    return out.sort((a, b) => b.high - a.high || b.low - a.low || a.id - b.id);
  }

  /** Tests since it was confirmed, and what last happened to it. @param {number} i @param {number} t */
  #eventsUntil(i, t) {
    let tests = 0;
    let last = "";
    for (const e of this.eventsOf[i]) {
      if (this.table.event_at[e] > t) break;
      const name = this.shared.events[this.table.event_code[e]];
      if (name === "touch" || name === "role reversal") tests += 1;
      if (name === "break" || name === "reclaim" || name === "role reversal") last = `${name}|${this.table.event_at[e]}`;
    }
    return { tests, last };
  }
}

/** Log loss in nats of a forecast for what came, floored as the engine floors. @param {number[]} p @param {number} code */
export function logLoss(p, code) {
  return -Math.log(Math.max(p[code], 1e-9));
}

/**
 * Windows (t, t + horizon] that do not overlap, counted greedily from the first.
 * @param {number[]} at sessions of the forecasts
 * @param {number} horizon
 */
export function independentWindows(at, horizon) {
  let [count, free] = [0, -Infinity];
  for (const t of [...at].sort((a, b) => a - b)) {
    if (t < free) continue;
    count += 1;
    free = t + horizon;
  }
  return count;
}
