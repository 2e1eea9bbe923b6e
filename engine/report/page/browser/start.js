/**
 * Brings the page to life. Without scripts everything below stays paper.
 * @module
 */

import { unpack } from "./data/decode.js";
import { History } from "./data/history.js";
import { Machine } from "./views/machine.js";

/** @param {string} id */
function textOf(id) {
  const found = document.getElementById(id);
  return found ? found.textContent : null;
}

async function start() {
  const facts = textOf("facts");
  const place = document.getElementById("machine");
  if (!facts || !place || !("DecompressionStream" in window)) return;
  const page = JSON.parse(facts);
  /** @type {Map<string, Promise<History>>} */
  const histories = new Map();
  const load = (/** @type {string} */ symbol) => {
    if (!histories.has(symbol)) {
      const known = page.instruments.find((/** @type {any} */ one) => one.symbol === symbol);
      histories.set(symbol, unpack(textOf(`data-${known.anchor}`)).then((table) => new History(known, table, page)));
    }
    return histories.get(symbol);
  };
  const machine = new Machine(place, page, load);
  document.documentElement.classList.add("alive");
  const follow = () => {
    const [, symbol, iso] = /^#(?:(.+)@)?(\d{4}-\d\d-\d\d)$/.exec(location.hash) || [];
    const named = symbol && decodeURIComponent(symbol);
    const known = page.instruments.some((/** @type {any} */ one) => one.symbol === named);
    const current = machine.history ? machine.history.facts.symbol : page.instruments[0].symbol;
    return iso ? machine.open(known ? named : current, iso) : machine.history ? null : machine.open(page.instruments[0].symbol);
  };
  window.addEventListener("hashchange", follow);
  await follow();
  machine.drawNow();
  /** @type {any} */ (window).scenarioPage = { machine, page, load };
  document.documentElement.dataset.ready = "yes";
}

start();
