/**
 * Every figure as a file: SVG, or PNG at twice its size.
 * @module
 */

import { CanvasPen, SvgPen, theme } from "../draw/pen.js";
import { el } from "./dom.js";

/** @typedef {{width: number, height: number, label: string, draw: (pen: any) => void}} Figure */

function save(name, blob) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** @param {Figure} figure @returns {string} a whole SVG file, in the colours of the page as it is */
export function svgFile(figure) {
  const pen = new SvgPen(figure.width, figure.height, theme());
  figure.draw(pen);
  return pen.markup(figure.label);
}

/** @param {string} name of the file @param {() => Figure} figure */
export function exportButtons(name, figure) {
  const svg = () => save(`${name}.svg`, new Blob([svgFile(figure())], { type: "image/svg+xml" }));
  const png = () => {
    const made = figure();
    const canvas = document.createElement("canvas");
    const pen = new CanvasPen(canvas, made.width * 2, made.height * 2);
    pen.context.setTransform(canvas.width / made.width, 0, 0, canvas.height / made.height, 0, 0);
    pen.width = made.width;
    pen.height = made.height;
    pen.rect(0, 0, made.width, made.height, { fill: "paper" });
    made.draw(pen);
    canvas.toBlob((blob) => save(`${name}.png`, blob));
  };
  return el("p.export", {}, "Save as ", el("button.plain", { type: "button", onclick: svg, "aria-label": `Save ${name} as SVG` }, "SVG"), " ", el("button.plain", { type: "button", onclick: png, "aria-label": `Save ${name} as PNG` }, "PNG"));
}
