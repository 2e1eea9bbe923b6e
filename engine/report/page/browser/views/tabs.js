/**
 * Parts of one thing, such as the horizons, shown one at a time; a wide screen may show them all. On paper and
 * without a script they stand one after the other.
 * @module
 */

import { el } from "./dom.js";

/** @param {HTMLElement} group children with `data-tab` are the parts; a screen of `data-wide` shows them all */
export function makeTabs(group) {
  const parts = /** @type {HTMLElement[]} */ ([...group.children].filter((part) => part.hasAttribute("data-tab")));
  if (parts.length < 2) return;
  const names = parts.map((part) => /** @type {string} */ (part.dataset.tab));
  const buttons = parts.map((part, i) => {
    const id = `${group.id}-${i}`;
    part.id = id;
    return el("button", { type: "button", role: "tab", id: `${id}-tab`, "aria-controls": id, onclick: () => choose(i), onkeydown: move }, names[i]);
  });
  const list = el("div.choices.tablist", { role: "tablist", "aria-label": group.dataset.tabs }, ...buttons);
  const wide = matchMedia(`(min-width: ${group.dataset.wide || "100000px"})`);
  let chosen = 0;

  const show = () => {
    const all = wide.matches;
    list.hidden = all;
    parts.forEach((part, i) => {
      part.hidden = !all && i !== chosen;
      for (const [name, value] of [["role", "tabpanel"], ["aria-labelledby", `${part.id}-tab`]]) {
        if (all) part.removeAttribute(name);
        else part.setAttribute(name, value);
      }
      buttons[i].setAttribute("aria-selected", String(i === chosen));
      buttons[i].tabIndex = i === chosen ? 0 : -1;
    });
  };
  const choose = (/** @type {number} */ i) => {
    chosen = i;
    show();
  };
  /** @param {KeyboardEvent} event */
  function move(event) {
    const last = parts.length - 1;
    const to = { ArrowRight: chosen === last ? 0 : chosen + 1, ArrowLeft: chosen === 0 ? last : chosen - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    choose(to);
    buttons[to].focus();
  }
  group.prepend(list);
  wide.addEventListener("change", show);
  show();
}
