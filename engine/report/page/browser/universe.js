/**
 * Sorts the overview of many instruments. Without scripts it stays in the order of the config.
 * @module
 */

import { reachScrolled } from "./views/reach.js";
import { makeTabs } from "./views/tabs.js";

/** Ascending, what is not known last. @param {string} a @param {string} b */
function byValue(a, b) {
  if (a === "" || b === "") return Number(a === "") - Number(b === "");
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
}

/** @param {HTMLTableElement} table @param {number} column @param {boolean} falling */
function sortRows(table, column, falling) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, value: row.cells[column].dataset.sort || "" }));
  const sign = falling ? -1 : 1;
  rows.sort((one, two) =>
    one.value === "" || two.value === "" ? byValue(one.value, two.value) : sign * byValue(one.value, two.value));
  body.append(...rows.map((one) => one.row));
}

function startSorting() {
  const table = /** @type {HTMLTableElement} */ (document.getElementById("overview"));
  if (!table || !table.tHead) return;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = head.querySelector("button");
    if (!button) return;
    button.disabled = false;
    button.addEventListener("click", () => {
      const falling = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      sortRows(table, column, falling);
    });
  });
  document.documentElement.dataset.ready = "yes";
}

reachScrolled(document);
for (const group of document.querySelectorAll("[data-tabs]")) makeTabs(/** @type {HTMLElement} */ (group));
startSorting();
