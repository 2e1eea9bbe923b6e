/**
 * One way to draw, two papers: a canvas for what moves, SVG for what is kept or exported.
 * Colours are the names of the page's variables ("ink", "continuation"), so a figure follows the theme.
 * @module
 */

/**
 * @typedef {{fill?: string, stroke?: string, width?: number, dash?: number[], alpha?: number, close?: boolean}} Ink
 * @typedef {{size?: number, weight?: number, fill?: string, align?: "left"|"center"|"right",
 *   base?: "top"|"middle"|"bottom", halo?: boolean}} Letter
 */

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const NAMES = [
  "paper", "page", "ink", "muted", "faint", "grid", "continuation", "range", "range-ink", "breakdown", "zone", "track", "mark", "gain", "loss",
];

/** What {@link theme} found, by what the page is shown on: asking the style again for every pen took a third of a step. @type {Map<string, any>} */
const themes = new Map();

/** @returns {Object<string, string>} the page's colours as they are now */
export function theme() {
  const shown = `${matchMedia("(prefers-color-scheme: dark)").matches} ${matchMedia("print").matches}`;
  if (!themes.has(shown)) {
    const style = getComputedStyle(document.documentElement);
    themes.set(shown, Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])));
  }
  return themes.get(shown);
}

const measuring = document.createElement("canvas").getContext("2d");

/** @param {string} text @param {number} size @param {number} weight @returns {number} pixels */
export function widthOf(text, size = 12, weight = 400) {
  measuring.font = `${weight} ${size}px ${FONT}`;
  return measuring.measureText(text).width;
}

/** The text, or as many of its words as fit with an ellipsis. @param {string} text */
export function fitted(text, room, size = 12, weight = 400) {
  if (widthOf(text, size, weight) <= room) return text;
  const words = text.split(" ");
  while (words.length > 1) {
    words.pop();
    const shorter = `${words.join(" ").replace(/[\s,·(]+$/, "")}…`;
    if (widthOf(shorter, size, weight) <= room) return shorter;
  }
  return "";
}

/** Draws on a canvas; sizes are CSS pixels. */
export class CanvasPen {
  /** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
  constructor(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.height = `${height}px`;
    }
    this.width = width;
    this.height = height;
    this.colours = theme();
    this.context = canvas.getContext("2d");
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, height);
  }

  /** @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys @param {Ink} ink a NaN lifts the pen */
  poly(xs, ys, ink) {
    const c = this.context;
    c.beginPath();
    let down = false;
    for (let i = 0; i < xs.length; i++) {
      if (Number.isNaN(ys[i])) {
        down = false;
      } else if (down) {
        c.lineTo(xs[i], ys[i]);
      } else {
        c.moveTo(xs[i], ys[i]);
        down = true;
      }
    }
    if (ink.close) c.closePath();
    this.#finish(ink);
  }

  /** @param {number} x @param {number} y @param {number} w @param {number} h @param {Ink} ink */
  rect(x, y, w, h, ink) {
    this.context.beginPath();
    this.context.rect(x, y, w, h);
    this.#finish(ink);
  }

  /** Many upright or flat strokes of one ink. @param {number[]} xys x1, y1, x2, y2, ... @param {Ink} ink */
  strokes(xys, ink) {
    const c = this.context;
    c.beginPath();
    for (let i = 0; i < xys.length; i += 4) {
      c.moveTo(xys[i], xys[i + 1]);
      c.lineTo(xys[i + 2], xys[i + 3]);
    }
    this.#finish(ink);
  }

  /** Many boxes of one ink. @param {number[]} xywh x, y, width, height, ... @param {Ink} ink */
  boxes(xywh, ink) {
    const c = this.context;
    c.beginPath();
    for (let i = 0; i < xywh.length; i += 4) c.rect(xywh[i], xywh[i + 1], xywh[i + 2], xywh[i + 3]);
    this.#finish(ink);
  }

  /** @param {number} x @param {number} y @param {number} r @param {Ink} ink */
  circle(x, y, r, ink) {
    this.context.beginPath();
    this.context.arc(x, y, r, 0, 2 * Math.PI);
    this.#finish(ink);
  }

  /** @param {number} x @param {number} y @param {string} text @param {Letter} letter */
  text(x, y, text, letter = {}) {
    const c = this.context;
    c.font = `${letter.weight || 400} ${letter.size || 12}px ${FONT}`;
    c.textAlign = letter.align || "left";
    c.textBaseline = { top: "top", middle: "middle", bottom: "alphabetic" }[letter.base || "middle"];
    if (letter.halo) {
      c.lineWidth = 4;
      c.lineJoin = "round";
      c.strokeStyle = this.colours.paper;
      c.strokeText(text, x, y);
    }
    c.fillStyle = this.colours[letter.fill || "ink"];
    c.fillText(text, x, y);
  }

  /** Draw only inside this box while `draw` runs. */
  clip(x, y, w, h, draw) {
    const c = this.context;
    c.save();
    c.beginPath();
    c.rect(x, y, w, h);
    c.clip();
    draw();
    c.restore();
  }

  /** @param {Ink} ink */
  #finish(ink) {
    const c = this.context;
    c.globalAlpha = ink.alpha ?? 1;
    if (ink.fill) {
      c.fillStyle = this.colours[ink.fill];
      c.fill();
    }
    if (ink.stroke) {
      c.strokeStyle = this.colours[ink.stroke];
      c.lineWidth = ink.width || 1;
      c.lineJoin = "round";
      c.setLineDash(ink.dash || []);
      c.stroke();
      if (ink.dash) c.setLineDash([]);
    }
    c.globalAlpha = 1;
  }
}

/** @param {unknown} text @returns {string} fit to stand in markup */
export function escaped(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

// asked of the browser, so that the page holds no address
const holder = document.createElement("div");
holder.innerHTML = "<svg></svg>";
const SVG_NAMES = holder.firstElementChild.namespaceURI;

const n1 = (/** @type {number} */ v) => String(Math.round(v * 10) / 10);

/** Writes SVG; the same calls as {@link CanvasPen}. */
export class SvgPen {
  /** @param {number} width @param {number} height @param {Object<string, string>} [colours] fixed ones, for a file */
  constructor(width, height, colours) {
    this.width = width;
    this.height = height;
    /** @type {string[]} */
    this.parts = [];
    this.clips = 0;
    this.colour = (/** @type {string} */ name) => (colours ? colours[name] : `var(--${name})`);
    this.fixed = Boolean(colours);
  }

  poly(xs, ys, ink) {
    let d = "";
    let down = false;
    for (let i = 0; i < xs.length; i++) {
      if (Number.isNaN(ys[i])) {
        down = false;
        continue;
      }
      d += `${down ? "L" : "M"}${n1(xs[i])} ${n1(ys[i])}`;
      down = true;
    }
    if (d) this.parts.push(`<path d="${d}${ink.close ? "Z" : ""}"${this.#ink(ink)}/>`);
  }

  rect(x, y, w, h, ink) {
    this.parts.push(`<rect x="${n1(x)}" y="${n1(y)}" width="${n1(Math.max(w, 0))}" height="${n1(Math.max(h, 0))}"${this.#ink(ink)}/>`);
  }

  strokes(xys, ink) {
    let d = "";
    for (let i = 0; i < xys.length; i += 4) d += `M${n1(xys[i])} ${n1(xys[i + 1])}L${n1(xys[i + 2])} ${n1(xys[i + 3])}`;
    if (d) this.parts.push(`<path d="${d}"${this.#ink(ink)}/>`);
  }

  boxes(b, ink) {
    let d = "";
    for (let i = 0; i < b.length; i += 4) d += `M${n1(b[i])} ${n1(b[i + 1])}h${n1(b[i + 2])}v${n1(b[i + 3])}h${n1(-b[i + 2])}Z`;
    if (d) this.parts.push(`<path d="${d}"${this.#ink(ink)}/>`);
  }

  circle(x, y, r, ink) {
    this.parts.push(`<circle cx="${n1(x)}" cy="${n1(y)}" r="${n1(r)}"${this.#ink(ink)}/>`);
  }

  text(x, y, text, letter = {}) {
    const base = { top: "0.8em", middle: "0.35em", bottom: "0" }[letter.base || "middle"];
    const anchor = { left: "start", center: "middle", right: "end" }[letter.align || "left"];
    const halo = letter.halo ? ` stroke="${this.colour("paper")}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"` : "";
    this.parts.push(
      `<text x="${n1(x)}" y="${n1(y)}" dy="${base}" text-anchor="${anchor}" font-size="${letter.size || 12}" ` +
        `font-weight="${letter.weight || 400}" fill="${this.colour(letter.fill || "ink")}"${halo}>${escaped(text)}</text>`,
    );
  }

  clip(x, y, w, h, draw) {
    const id = `clip-${(SvgPen.count = (SvgPen.count || 0) + 1)}`;
    this.parts.push(`<clipPath id="${id}"><rect x="${n1(x)}" y="${n1(y)}" width="${n1(w)}" height="${n1(h)}"/></clipPath><g clip-path="url(#${id})">`);
    draw();
    this.parts.push("</g>");
  }

  /** @param {Ink} ink */
  #ink(ink) {
    const fill = ` fill="${ink.fill ? this.colour(ink.fill) : "none"}"`;
    const stroke = ink.stroke
      ? ` stroke="${this.colour(ink.stroke)}" stroke-width="${ink.width || 1}" stroke-linejoin="round"` +
        (ink.dash && ink.dash.length ? ` stroke-dasharray="${ink.dash.join(" ")}"` : "")
      : "";
    return fill + stroke + (ink.alpha === undefined ? "" : ` opacity="${ink.alpha}"`);
  }

  /** @param {string} label what the drawing shows @returns {string} one svg element */
  markup(label) {
    const paper = this.fixed ? `<rect width="${this.width}" height="${this.height}" fill="${this.colour("paper")}"/>` : "";
    const font = this.fixed ? ` font-family="${escaped(FONT)}" width="${this.width}" height="${this.height}"` : "";
    return (
      `<svg xmlns="${SVG_NAMES}" class="chart" viewBox="0 0 ${this.width} ${this.height}"${font} role="img" ` +
      `aria-label="${escaped(label)}">${paper}${this.parts.join("")}</svg>`
    );
  }
}
