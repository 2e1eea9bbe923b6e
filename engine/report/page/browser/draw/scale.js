/**
 * From values to pixels, and the round numbers between.
 * @module
 */

/**
 * @typedef {{(value: number): number, invert: (pixel: number) => number, low: number, high: number}} Scale
 */

/**
 * @param {number} low value drawn at pixel `from`
 * @param {number} high value drawn at pixel `to`
 * @param {number} from
 * @param {number} to
 * @param {boolean} log
 * @returns {Scale}
 */
export function scale(low, high, from, to, log = false) {
  const f = log ? Math.log : (/** @type {number} */ v) => v;
  const g = log ? Math.exp : (/** @type {number} */ v) => v;
  const a = f(low);
  const k = (to - from) / (f(high) - a || 1);
  /** @type {any} */
  const map = (/** @type {number} */ value) => from + (f(value) - a) * k;
  map.invert = (/** @type {number} */ pixel) => g(a + (pixel - from) / k);
  map.low = low;
  map.high = high;
  return map;
}

/**
 * Round numbers inside [low, high], about `count` of them.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @returns {number[]}
 */
export function ticks(low, high, count) {
  const span = high - low;
  if (!(span > 0) || count < 1) return [];
  const rough = span / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 2.5, 5, 10].find((m) => m * unit >= rough - 1e-12 * unit);
  const out = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) out.push(i * step);
  return out;
}

/** @param {number[]} values ticks @returns {number} decimals that tell them apart */
export function tickDigits(values) {
  if (values.length < 2) return 0;
  const step = Math.abs(values[1] - values[0]);
  return Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9) + (/^[^1-9]*25/.test(String(step)) ? 1 : 0)));
}

/**
 * Round numbers of a logarithmic axis.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function logTicks(low, high, count) {
  if (high / low < 2.5) return ticks(low, high, count);
  const all = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) {
    for (const m of [1, 1.5, 2, 3, 5, 7]) all.push(m * 10 ** e);
  }
  const inside = all.filter((v) => v >= low && v <= high);
  const every = Math.max(1, Math.ceil(inside.length / Math.max(count, 2)));
  return inside.filter((_, i) => i % every === 0);
}

/**
 * Positions nearest to `wanted` (ascending order kept), `gap` apart and inside [low, high].
 * @param {number[]} wanted
 * @param {number} gap
 * @param {number} low
 * @param {number} high
 * @returns {number[]}
 */
export function spread(wanted, gap, low, high) {
  const n = wanted.length;
  if (!n) return [];
  const room = n > 1 ? Math.min(gap, (high - low) / (n - 1)) : gap;
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
  /** @type {number[][]} */
  const blocks = [];
  order.forEach((i, rank) => {
    blocks.push([wanted[i] - rank * room, 1]);
    while (blocks.length > 1) {
      const [b, a] = [blocks[blocks.length - 1], blocks[blocks.length - 2]];
      if (a[0] / a[1] < b[0] / b[1]) break;
      blocks.pop();
      a[0] += b[0];
      a[1] += b[1];
    }
  });
  const flat = blocks.flatMap(([total, size]) => Array(size).fill(total / size));
  const placed = Array(n);
  order.forEach((i, rank) => {
    placed[i] = Math.min(Math.max(flat[rank], low), high - (n - 1) * room) + rank * room;
  });
  return placed;
}
