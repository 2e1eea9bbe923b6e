/**
 * Brings the page to life. Without scripts everything below stays paper.
 * @module
 */

import { unpack } from "./data/decode.js";
import { History } from "./data/history.js";
import { BacktestView } from "./views/backtest.js";
import { CalibrationView } from "./views/calibration.js";
import { EpisodesView } from "./views/episodes.js";
import { Machine } from "./views/machine.js";
import { reachScrolled } from "./views/reach.js";
import { SkillView } from "./views/skill.js";
import { makeTabs } from "./views/tabs.js";

/** @param {string} id */
function textOf(id) {
  const found = document.getElementById(id);
  return found ? found.textContent : null;
}

/** Make a view when it comes near the screen, once. @param {string} id @param {(place: HTMLElement) => void} make */
function whenNear(id, make) {
  const place = document.getElementById(id);
  if (!place) return;
  const watch = new IntersectionObserver((seen) => {
    if (!seen.some((one) => one.isIntersecting)) return;
    watch.disconnect();
    make(place);
  }, { rootMargin: "600px" });
  watch.observe(place);
}

/** Views that have been made. @type {Object<string, any>} */
const scenarioViews = {};

async function start() {
  reachScrolled(document);
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
  for (const group of document.querySelectorAll("[data-tabs]")) makeTabs(/** @type {HTMLElement} */ (group));
  const follow = () => {
    const [, symbol, iso] = /^#(?:(.+)@)?(\d{4}-\d\d-\d\d)$/.exec(location.hash) || [];
    const named = symbol && decodeURIComponent(symbol);
    const known = page.instruments.some((/** @type {any} */ one) => one.symbol === named);
    const current = machine.history ? machine.history.facts.symbol : page.instruments[0].symbol;
    return iso ? machine.open(known ? named : current, iso) : machine.history ? null : machine.open(page.instruments[0].symbol);
  };
  const every = () => Promise.all(page.instruments.map((/** @type {any} */ one) => load(one.symbol)));
  whenNear("ask-skill", async (at) => new SkillView(at, page, await every()));
  whenNear("ask-calibration", async (at) => { scenarioViews.calibration = new CalibrationView(at, page, await every()); });
  whenNear("ask-backtest", async (at) => new BacktestView(at, page, await unpack(textOf("data-equity")), await every()));
  whenNear("episodes", (at) => {
    const view = new EpisodesView(at, page);
    const show = () => { if (machine.history) view.show(machine.history, machine.state.t, machine.hidden()); };
    let waiting = 0;
    place.addEventListener("moved", () => { clearTimeout(waiting); waiting = setTimeout(show, 150); });
    show();
  });
  window.addEventListener("hashchange", follow);
  await follow();
  machine.drawNow();
  /** @type {any} */ (window).scenarioPage = { machine, page, load, views: scenarioViews };
  document.documentElement.dataset.ready = "yes";
}

start();
