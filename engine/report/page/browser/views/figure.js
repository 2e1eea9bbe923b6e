/**
 * A figure that is drawn again when its size changes: SVG on the page, with its files under it.
 * @module
 */

import { SvgPen } from "../draw/pen.js";
import { el } from "./dom.js";
import { exportButtons } from "./export.js";

/**
 * @param {{name: string, label: () => string, height: (width: number) => number, draw: (pen: any) => void,
 *   click?: (x: number, y: number, width: number, height: number) => void}} made
 * @returns {{node: HTMLElement, redraw: () => void}}
 */
export function figure(made) {
  const paper = el("div.drawing");
  const size = () => {
    const width = Math.max(Math.round(paper.clientWidth), 260);
    return { width, height: made.height(width) };
  };
  const redraw = () => {
    if (!paper.clientWidth) return;
    const { width, height } = size();
    const pen = new SvgPen(width, height);
    made.draw(pen);
    paper.innerHTML = pen.markup(made.label()); // every text in it was escaped by the pen
  };
  if (made.click) {
    paper.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const box = paper.getBoundingClientRect();
      made.click(event.clientX - box.left, event.clientY - box.top, size().width, size().height);
    });
    paper.style.cursor = "pointer";
  }
  new ResizeObserver(redraw).observe(paper);
  const node = el("figure.figure", {}, paper, exportButtons(made.name, () => ({ ...size(), label: made.label(), draw: made.draw })));
  return { node, redraw };
}
