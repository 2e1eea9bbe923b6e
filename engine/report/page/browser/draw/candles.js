/**
 * Candles, hollow where the close is above the open; where there is less than two pixels for each, their outline.
 * @module
 */

/**
 * @param {any} pen
 * @param {import("../data/history.js").History} history
 * @param {number} from first session drawn
 * @param {number} to last one
 * @param {{x: (i: number) => number, y: (price: number) => number, step: number, ink?: string}} frame `step` pixels a session
 */
export function candles(pen, history, from, to, { x, y, step, ink = "ink" }) {
  const { open, high, low, close } = history.table;
  if (step < 2) {
    envelope(pen, history, from, to, { x, y, step, ink });
    return;
  }
  const half = Math.max(Math.min(step * 0.34, 9), 0.5);
  /** @type {number[]} */
  const wicks = [];
  /** @type {number[][]} */
  const bodies = [[], []];
  for (let i = from; i <= to; i++) {
    const at = x(i);
    const falling = close[i] < open[i];
    const [top, bottom] = [y(Math.max(open[i], close[i])), y(Math.min(open[i], close[i]))];
    wicks.push(at, y(high[i]), at, top, at, bottom, at, y(low[i]));
    bodies[falling ? 1 : 0].push(at - half, top, 2 * half, Math.max(bottom - top, 0.8));
  }
  const width = step < 4 ? 0.8 : 1;
  pen.strokes(wicks, { stroke: ink, width });
  pen.boxes(bodies[0], { fill: "paper", stroke: ink, width });
  pen.boxes(bodies[1], { fill: ink, stroke: ink, width });
}

/** From the lowest low to the highest high of each pixel, and the closes as a line. */
function envelope(pen, history, from, to, { x, y, step, ink }) {
  const { high, low, close } = history.table;
  const each = Math.max(1, Math.floor(1 / step));
  const xs = [];
  const ys = [];
  const strokes = [];
  for (let i = from; i <= to; i += each) {
    let [top, bottom] = [-Infinity, Infinity];
    const stop = Math.min(i + each, to + 1);
    for (let j = i; j < stop; j++) {
      if (high[j] > top) top = high[j];
      if (low[j] < bottom) bottom = low[j];
    }
    const at = x(i);
    strokes.push(at, y(top), at, y(bottom));
    xs.push(at);
    ys.push(y(close[stop - 1]));
  }
  pen.strokes(strokes, { stroke: "faint", width: 1 });
  pen.poly(xs, ys, { stroke: ink, width: 1.2 });
}
