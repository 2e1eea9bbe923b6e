/**
 * What scrolls sideways can be scrolled with the keyboard: it takes the focus where, and only where, it scrolls.
 * @module
 */

/** @param {Document} page */
export function reachScrolled(page) {
  const watch = new ResizeObserver((seen) => {
    for (const { target } of seen) {
      const place = /** @type {HTMLElement} */ (target);
      if (place.scrollWidth > place.clientWidth + 1) {
        place.tabIndex = 0;
        if (place.tagName === "FIGURE") continue; // it has a name and a role of its own
        place.setAttribute("role", "region");
        place.setAttribute("aria-label", `${titleOf(place)}, scrolls sideways`);
      } else for (const name of place.tagName === "FIGURE" ? ["tabindex"] : ["tabindex", "role", "aria-label"]) place.removeAttribute(name);
    }
  });
  for (const place of page.querySelectorAll(".scroll:not([tabindex]), figure.wide")) watch.observe(place);
}

/** @param {HTMLElement} place @returns {string} its caption, or the heading it stands under */
function titleOf(place) {
  const caption = place.querySelector("caption") || place.closest("details")?.querySelector("summary");
  if (caption) return (caption.textContent || "").trim();
  const before = [...document.querySelectorAll("h2, h3")].filter(
    (heading) => heading.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  return (before.at(-1)?.textContent || "Table").trim();
}
