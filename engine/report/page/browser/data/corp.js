/**
 * Reliability without bins: the CORP diagram, MCB, DSC and UNC, and what an exact forecast with the same overlap
 * would show. The same definitions as engine/verify/calibration, computed for whatever rows were asked about.
 * @module
 */

/**
 * @typedef {{p: Float64Array, happened: Uint8Array, session: Int32Array}} Rows one class's forecasts; `session` counts
 *   the sessions of a common calendar, so that rows of one date share their future
 * @typedef {{low: number, high: number, observed: number, rows: number, hits: number, first: number, last: number}} Step
 */

/** Places of the rows by ascending forecast, and where each group of equal forecasts ends. @param {Float64Array} p */
function ordered(p) {
  const order = Array.from(p.keys()).sort((a, b) => p[a] - p[b] || a - b);
  const stops = [];
  for (let i = 1; i <= order.length; i++) if (i === order.length || p[order[i]] !== p[order[i - 1]]) stops.push(i);
  return { order, stops };
}

/** Pool groups into steps of rising frequency; returns how many. Whole numbers, so comparisons are exact. */
function pool(hits, rows, groups, blockHits, blockRows) {
  let k = 0;
  for (let i = 0; i < groups; i++) {
    let s = hits[i];
    let w = rows[i];
    while (k > 0 && blockHits[k - 1] * w >= s * blockRows[k - 1]) {
      k -= 1;
      s += blockHits[k];
      w += blockRows[k];
    }
    blockHits[k] = s;
    blockRows[k] = w;
    k += 1;
  }
  return k;
}

/**
 * @param {Rows} rows
 * @returns {{steps: Step[], order: number[], mean: number, said: number, frequency: number, mcb: number, dsc: number, unc: number}}
 */
export function decompose({ p, happened }) {
  const { order, stops } = ordered(p);
  const hits = [];
  const sizes = [];
  let begin = 0;
  for (const stop of stops) {
    let count = 0;
    for (let i = begin; i < stop; i++) count += happened[order[i]];
    hits.push(count);
    sizes.push(stop - begin);
    begin = stop;
  }
  const [blockHits, blockRows] = [new Float64Array(stops.length), new Float64Array(stops.length)];
  const count = pool(hits, sizes, stops.length, blockHits, blockRows);
  const steps = [];
  let at = 0;
  let pooled = 0;
  for (let b = 0; b < count; b++) {
    const [s, w] = [blockHits[b], blockRows[b]];
    steps.push({ low: p[order[at]], high: p[order[at + w - 1]], observed: s / w, rows: w, hits: s, first: at, last: at + w - 1 });
    pooled += s - (s * s) / w;
    at += w;
  }
  const n = p.length;
  let [total, brier, said] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    total += happened[i];
    said += p[i];
    brier += (p[i] - happened[i]) ** 2;
  }
  const unc = (total - (total * total) / n) / n;
  return { steps, order, mean: brier / n, said: said / n, frequency: total / n, mcb: Math.max(brier - pooled, 0) / n, dsc: unc - pooled / n, unc };
}

/** The normal quantile of p (Wichura 1988, AS 241, the central and the near tail approximations). */
export function normalQuantile(p) {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r + 133.14166789178437745) * r + 3.387132872796366608)) /
      (((((((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r + 42.313330701600911252) * r + 1);
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p)) - 1.6;
  const tail = (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r + 4.6303378461565452959) * r + 1.42343711074968357734) /
    (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r + 2.05319162663775882187) * r + 1);
  return q < 0 ? -tail : tail;
}

/** Standard normals from a seed (mulberry32 and the polar method). @param {number} seed @returns {() => number} */
function normals(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
  let spare = NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const kept = spare;
      spare = NaN;
      return kept;
    }
    for (;;) {
      const [a, b] = [2 * uniform() - 1, 2 * uniform() - 1];
      const s = a * a + b * b;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(s)) / s);
      spare = b * factor;
      return a * factor;
    }
  };
}

/**
 * Draws of an exact forecast: a class happens where the sum of the next `horizon` normals, scaled, lies below the
 * quantile of its probability, so that neighbouring outcomes overlap as the real ones do.
 * @param {Rows} rows
 * @param {number} horizon
 * @param {number} observed MCB of the real outcomes
 * @param {{draws?: number, seed?: number, coverage?: number, points?: number}} options
 * @returns {{at: number[], low: number[], high: number[], pValue: number, mean: number}}
 */
export function exactForecast({ p, session }, horizon, observed, { draws = 299, seed = 7, coverage = 0.9, points = 25 } = {}) {
  const n = p.length;
  const { order, stops } = ordered(p);
  const threshold = Float64Array.from(order, (i) => normalQuantile(p[i]));
  const own = Int32Array.from(order, (i) => session[i]);
  const sorted = Float64Array.from(order, (i) => p[i]);
  const length = session.reduce((a, b) => Math.max(a, b), 0) + horizon + 2;
  const sizes = stops.map((stop, g) => stop - (g ? stops[g - 1] : 0));
  const places = [...new Set(Array.from({ length: points }, (_, k) => Math.round((k / (points - 1)) * (n - 1))))];
  const curves = places.map(() => new Float64Array(draws));
  const hits = new Int32Array(stops.length);
  const [blockHits, blockRows] = [new Float64Array(stops.length), new Float64Array(stops.length)];
  const sums = new Float64Array(length + 1);
  const next = normals(seed);
  const scale = 1 / Math.sqrt(horizon);
  let squares = 0;
  for (let i = 0; i < n; i++) squares += sorted[i] * sorted[i];
  let [worse, total] = [0, 0];
  for (let draw = 0; draw < draws; draw++) {
    for (let t = 0; t < length; t++) sums[t + 1] = sums[t] + next();
    let linear = 0;
    let g = 0;
    hits.fill(0);
    for (let i = 0; i < n; i++) {
      if (i >= stops[g]) g += 1;
      const t = own[i];
      if ((sums[t + 1 + horizon] - sums[t + 1]) * scale < threshold[i]) {
        hits[g] += 1;
        linear += 1 - 2 * sorted[i];
      }
    }
    const count = pool(hits, sizes, stops.length, blockHits, blockRows);
    let pooled = 0;
    let [b, covered] = [0, blockRows[0]];
    for (let k = 0; k < places.length; k++) {
      while (places[k] >= covered) covered += blockRows[++b];
      curves[k][draw] = blockHits[b] / blockRows[b];
    }
    for (let k = 0; k < count; k++) pooled += blockHits[k] - blockHits[k] ** 2 / blockRows[k];
    const mcb = Math.max(squares + linear - pooled, 0) / n;
    total += mcb;
    if (mcb >= observed - 1e-12) worse += 1;
  }
  const tail = (1 - coverage) / 2;
  const quantile = (/** @type {Float64Array} */ values, /** @type {number} */ q) => {
    const at = q * (values.length - 1);
    const low = Math.floor(at);
    return values[low] + (at - low) * ((values[low + 1] ?? values[low]) - values[low]);
  };
  for (const curve of curves) curve.sort();
  return {
    at: places.map((i) => sorted[i]),
    low: curves.map((curve) => quantile(curve, tail)),
    high: curves.map((curve) => quantile(curve, 1 - tail)),
    pValue: (1 + worse) / (1 + draws),
    mean: total / draws,
  };
}

/** Holm's step-down adjustment. @param {number[]} values @returns {number[]} */
export function holm(values) {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const out = Array(values.length);
  let most = 0;
  order.forEach((i, rank) => {
    most = Math.max(most, Math.min(1, values[i] * (values.length - rank)));
    out[i] = most;
  });
  return out;
}

/**
 * Murphy diagram: mean elementary score at each threshold; the lower curve is better for everybody who decides there.
 * @param {Rows} rows @param {number[]} thresholds
 */
export function murphy({ p, happened }, thresholds) {
  return thresholds.map((theta) => {
    let sum = 0;
    for (let i = 0; i < p.length; i++) {
      if (happened[i] === 0 && p[i] > theta) sum += theta;
      else if (happened[i] === 1 && p[i] <= theta) sum += 1 - theta;
    }
    return (2 * sum) / p.length;
  });
}
