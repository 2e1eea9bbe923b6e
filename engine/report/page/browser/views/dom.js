/**
 * Elements made from text, never from markup: a hostile name stays a name.
 * @module
 */

/**
 * @param {string} tag name, with classes after dots: "td.n"
 * @param {Object<string, any>} [attributes] `on...` are listeners
 * @param {...(Node|string|null)} children
 * @returns {any}
 */
export function el(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const made = document.createElement(name);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/**
 * Buttons of which one is chosen.
 * @param {string} label
 * @param {{value: any, text: string, title?: string}[]} choices
 * @param {any} chosen
 * @param {(value: any) => void} choose
 */
export function choiceButtons(label, choices, chosen, choose) {
  const group = el("div.choices", { role: "group", "aria-label": label });
  for (const { value, text, title } of choices) {
    const button = el("button", { type: "button", "aria-pressed": String(value === chosen), title }, text);
    button.addEventListener("click", () => {
      for (const other of group.children) other.setAttribute("aria-pressed", String(other === button));
      choose(value);
    });
    group.append(button);
  }
  return group;
}

/**
 * @param {string} label
 * @param {{value: string, text: string}[]} choices
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function choiceList(label, choices, chosen, choose) {
  const list = el("select", { "aria-label": label, onchange: () => choose(list.value) });
  for (const { value, text } of choices) list.append(el("option", { value, selected: value === chosen }, text));
  return el("label.field", {}, el("span", {}, label), list);
}

/**
 * A table of texts; cells of columns after the first are numbers.
 * @param {string[]} head
 * @param {(string|Node)[][]} rows
 * @param {string} caption
 */
export function dataTable(head, rows, caption) {
  const cell = (/** @type {string|Node} */ text, /** @type {number} */ i) =>
    i === 0 ? el("th", { scope: "row" }, text) : el("td.n", {}, text);
  return el(
    "table",
    {},
    el("caption.quiet", {}, caption),
    el("thead", {}, el("tr", {}, ...head.map((text, i) => el(i ? "th.n" : "th", { scope: "col" }, text)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map(cell)))),
  );
}

/** Numbers behind a figure, made when they are first asked for. @param {string} title @param {() => Node} make */
export function fold(title, make) {
  const details = el("details.numbers", {}, el("summary", {}, title));
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    details.replaceChildren(details.firstChild, el("div.scroll", { tabindex: "0", role: "region", "aria-label": title }, make()));
  });
  return details;
}
