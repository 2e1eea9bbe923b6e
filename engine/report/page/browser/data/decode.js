/**
 * Reads the data block that engine/report/page/encode.py writes; the format is documented there.
 * @module
 */

/**
 * A column as the block's header describes it.
 * @typedef {{name: string, rows: number, width: number, delta: boolean, scale: number,
 *   gaps: number[][], text?: string[]}} Column
 */

/**
 * Columns by name: numbers (NaN where nothing is known), or texts.
 * @typedef {Object<string, Float64Array|string[]>} Table
 */

/**
 * @param {string} base64
 * @returns {Uint8Array}
 */
function bytesOf(base64) {
  const raw = atob(base64.trim());
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

/**
 * Undo deflate.
 * @param {Uint8Array} bytes
 * @returns {Promise<Uint8Array>}
 */
async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * One column: byte planes (lowest first) of zigzag numbers, differences where `delta` is set.
 * @param {Column} column
 * @param {Uint8Array} bytes
 * @param {number} at where its planes begin
 * @returns {Float64Array}
 */
function numbersOf(column, bytes, at) {
  const { rows, width } = column;
  const out = new Float64Array(rows);
  let value = 0;
  for (let i = 0; i < rows; i++) {
    let coded = 0;
    for (let plane = width - 1; plane >= 0; plane--) coded = coded * 256 + bytes[at + plane * rows + i];
    const signed = coded % 2 ? -(coded + 1) / 2 : coded / 2;
    value = column.delta ? value + signed : signed;
    out[i] = value / column.scale;
  }
  for (const [start, stop] of column.gaps) out.fill(NaN, start, stop);
  return out;
}

/**
 * @param {string} base64 text of a data block
 * @returns {Promise<Table>}
 */
export async function unpack(base64) {
  const bytes = await inflate(bytesOf(base64));
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  /** @type {Table} */
  const table = {};
  let at = 4 + length;
  for (const column of header) {
    if (column.text) {
      table[column.name] = column.text;
      continue;
    }
    table[column.name] = numbersOf(column, bytes, at);
    at += column.rows * column.width;
  }
  return table;
}
