/**
 * What followed dates with the same reading, against all dates known by then, with bands that keep the overlap.
 * @module
 */

/** @param {import("./history.js").History} history @param {number} t @param {number} horizon @returns {number[]} dates (t - horizon and before) of equal bias and position */
export function sameReading(history, t, horizon) {
  const { bias, position } = history.table;
  const out = [];
  if (!bias || Number.isNaN(bias[t]) || Number.isNaN(position[t])) return out;
  for (let i = 0; i + horizon <= t; i++) if (bias[i] === bias[t] && position[i] === position[t]) out.push(i);
  return out;
}

/** Log returns after each date, session by session. @returns {Float64Array[]} one array a session ahead */
export function pathsAfter(history, dates, horizon) {
  const { close } = history;
  return Array.from({ length: horizon }, (_, h) => Float64Array.from(dates, (i) => Math.log(close[i + h + 1] / close[i])));
}

/** @param {Float64Array} values @param {number[]} shares */
export function quantiles(values, shares) {
  const sorted = Float64Array.from(values).sort();
  return shares.map((q) => {
    const at = q * (sorted.length - 1);
    const low = Math.floor(at);
    return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
  });
}

/**
 * Band of the mean path: whole blocks of sessions are drawn (stationary bootstrap, mean length five horizons), so that
 * dates of one stretch stay together.
 * @param {number[]} dates ascending @param {Float64Array[]} paths of {@link pathsAfter} @param {number} until sessions the dates lie in
 * @returns {{low: number[], high: number[]}}
 */
export function meanBand(dates, paths, until, horizon, coverage = 0.9, draws = 200) {
  let state = 12345;
  const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
  const place = new Int32Array(until).fill(-1);
  dates.forEach((t, i) => { place[t] = i; });
  const jump = 1 / (5 * horizon);
  const means = paths.map(() => new Float64Array(draws));
  const sums = new Float64Array(horizon);
  for (let d = 0; d < draws; d++) {
    sums.fill(0);
    let count = 0;
    let at = Math.floor(uniform() * until);
    for (let n = 0; n < until; n++) {
      const i = place[at];
      if (i >= 0) {
        count += 1;
        for (let h = 0; h < horizon; h++) sums[h] += paths[h][i];
      }
      at = uniform() < jump ? Math.floor(uniform() * until) : (at + 1) % until;
    }
    for (let h = 0; h < horizon; h++) means[h][d] = count ? sums[h] / count : NaN;
  }
  const tail = (1 - coverage) / 2;
  const both = means.map((m) => quantiles(m.filter((v) => !Number.isNaN(v)), [tail, 1 - tail]));
  return { low: both.map((b) => b[0]), high: both.map((b) => b[1]) };
}
