/**
 * The time machine: one date, the chart and the words that belong to it, and the reveal.
 * @module
 */

import { isoDay, dayOf, plural, shortDay } from "../data/words.js";
import { CanvasPen } from "../draw/pen.js";
import { drawPrice, margins, panes } from "../draw/price.js";
import { drawRibbon, firstForecast, ribbonBox } from "../draw/ribbon.js";
import { choiceButtons, choiceList, dataTable, el, fold } from "./dom.js";
import { exportButtons } from "./export.js";
import { GuessBook, guessForm, scoreView } from "./guess.js";
import { bookView, outcomeView, readingView, tableView } from "./panel.js";

const RANGES = [[63, "3M"], [126, "6M"], [252, "1Y"], [504, "2Y"], [1260, "5Y"], [Infinity, "All"]];
const LEAST = 15;
/** Milliseconds at one date after which the whole level book is made. */
const SETTLED = 200;

export class Machine {
  /**
   * @param {HTMLElement} place
   * @param {any} page facts of the page
   * @param {(symbol: string) => Promise<import("../data/history.js").History>} load
   */
  constructor(place, page, load) {
    this.place = place;
    this.page = page;
    this.load = load;
    this.guesses = new GuessBook();
    this.state = { t: 0, shown: 0, horizon: Math.max(...page.horizons), from: 0, to: 1, log: false, guessing: false, trades: false, cross: null };
    this.frame = 0;
    /** What is left of the level book, and when it is made. @type {(() => void)|null} */
    this.rest = null;
    this.waiting = 0;
    this.#build();
  }

  /** Show an instrument at a date, its last close if none is given. @param {string} symbol @param {string} [iso] */
  async open(symbol, iso) {
    const fresh = !this.history || this.history.facts.symbol !== symbol;
    this.history = await this.load(symbol);
    const span = fresh ? this.#span() : this.state.to - this.state.from;
    const t = iso ? this.history.indexOf(iso) : this.history.length - 1;
    this.date.min = isoDay(this.history.dates[0]);
    this.date.max = isoDay(this.history.dates[this.history.length - 1]);
    this.slider.min = String(firstForecast(this.history, this.state.horizon));
    this.slider.max = String(this.history.length - 1);
    if (this.symbols) this.symbols.querySelector("select").value = symbol;
    this.#frameOn(t, span);
    this.go(t);
  }

  /** @param {number} t session to stand at; nothing after it is shown */
  go(t) {
    const { state } = this;
    const bounded = Math.min(Math.max(Math.round(t), 0), this.history.length - 1);
    const shift = bounded - state.t;
    state.t = state.shown = bounded;
    if (state.t > state.to - state.horizon || state.t < state.from) {
      if (Math.abs(shift) < state.to - state.from) {
        state.from += shift;
        state.to += shift;
      } else this.#frameOn(state.t, state.to - state.from);
    }
    this.#changed();
  }

  /** @param {number} sessions */
  step(sessions) {
    this.go(this.state.t + sessions);
  }

  /** Draw the bars that came, and say what they decided. */
  reveal() {
    const { state, history } = this;
    if (this.hidden()) return;
    state.shown = Math.min(state.t + Math.max(...this.page.horizons), history.length - 1);
    this.#changed();
  }

  /** The forecast is not shown: a guess is asked for first. */
  hidden() {
    const { state, history } = this;
    return state.guessing && !this.guesses.of(history.facts.symbol, state.t, state.horizon);
  }

  /** @param {number} factor above 1 zooms in @param {number} [at] session that stays where it is */
  zoom(factor, at = this.state.t) {
    const { state, history } = this;
    const span = Math.min(Math.max((state.to - state.from) / factor, LEAST + state.horizon), history.length + state.horizon + 40);
    const share = (at - state.from) / (state.to - state.from);
    state.from = at - share * span;
    state.to = state.from + span;
    this.#bound();
    this.draw();
  }

  /** @param {number} sessions */
  pan(sessions) {
    this.state.from += sessions;
    this.state.to += sessions;
    this.#bound();
    this.draw();
  }

  /** Draw with the next frame. */
  draw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.drawNow());
  }

  /** Draw at once. */
  drawNow() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (!this.history) return;
    const view = this.view();
    // the width is remembered: to ask for it here would lay the whole page out once more for every step
    if (!this.width) this.#measure();
    drawPrice(new CanvasPen(this.price, this.width, this.#height()), this.history, view);
    drawRibbon(new CanvasPen(this.ribbon, this.width, 150), this.history, view);
    this.#centre();
  }

  /** What the drawings are made from. */
  view() {
    const { t } = this.state;
    const fan = this.page.fans[this.history.facts.symbol];
    return { ...this.state, hidden: this.hidden(), fan: fan && fan.at === isoDay(this.history.dates[t]) ? fan.rows : null };
  }

  /** How wide the drawings are, and the slider under them. */
  #measure() {
    this.width = this.price.clientWidth;
    const { left, right } = margins(this.width);
    this.slider.style.marginLeft = `${left - 8}px`;
    this.slider.style.width = `${this.width - left - right + 16}px`;
  }

  /** The level book is scrolled so that the close stands in its middle. */
  #centre() {
    if (!this.fresh) return;
    this.fresh = false;
    const list = this.words.querySelector(".book");
    const close = list && list.querySelector(".here");
    if (close) list.scrollTop = close.offsetTop - list.clientHeight / 2;
  }

  #height() {
    const width = this.width;
    return width < 560 ? 420 : Math.round(Math.min(Math.max(width * 0.58, 460), 680));
  }

  #span() {
    return this.place.clientWidth < 700 ? 90 : 200;
  }

  /** Put session `t` near the right edge, the horizon after it. */
  #frameOn(t, span) {
    this.state.to = t + this.state.horizon + 1.5;
    this.state.from = this.state.to - span;
    this.#bound();
  }

  #bound() {
    const { state, history } = this;
    const span = state.to - state.from;
    const most = history.length - 1 + state.horizon + 1.5;
    state.to = Math.min(Math.max(state.to, span * 0.4), most);
    state.from = state.to - span;
  }

  // --- the parts ----------------------------------------------------------------------------------

  #build() {
    const { page, state } = this;
    this.price = el("canvas.price", { tabindex: "0", role: "img" });
    this.ribbon = el("canvas.ribbon", { role: "img" });
    this.slider = el("input", { type: "range", "aria-label": "Date", oninput: () => this.go(Number(this.slider.value)) });
    this.date = el("input", {
      type: "date", "aria-label": "Date of the close",
      onchange: () => { if (!Number.isNaN(dayOf(this.date.value))) this.go(this.history.indexOf(this.date.value)); },
    });
    this.words = el("div.words");
    this.revealButton = el("button.primary", { type: "button", onclick: () => this.reveal(), "aria-keyshortcuts": "r" }, "Reveal what came");
    this.guessButton = el("button", { type: "button", "aria-pressed": "false", onclick: () => this.#guess(), "aria-keyshortcuts": "g" }, "Guess first");
    const horizons = [...page.horizons].sort((a, b) => b - a).map((h) => ({ value: h, text: plural(h, "session") }));
    this.symbols = page.instruments.length > 1
      ? choiceList("Instrument", page.instruments.map(({ symbol, name }) => ({ value: symbol, text: name })), page.instruments[0].symbol, (symbol) => this.open(symbol, isoDay(this.history.dates[this.state.t])))
      : null;
    const step = (/** @type {number} */ by, /** @type {string} */ text, /** @type {string} */ label) =>
      el("button", { type: "button", "aria-label": label, title: label, onclick: () => this.step(by) }, text);
    const logButton = el("button", { type: "button", "aria-pressed": "false", onclick: () => this.#toggle("log", logButton) }, "Log scale");
    const tradeButton = page.trades ? el("button", { type: "button", "aria-pressed": "false", onclick: () => this.#toggle("trades", tradeButton) }, "Trades") : null;
    const top = el(
      "div.tools", {}, this.symbols,
      choiceButtons("Horizon", horizons, state.horizon, (h) => { state.horizon = h; this.#changed(); }),
      choiceButtons("Range", RANGES.map(([value, text]) => ({ value, text: String(text) })), null, (n) => this.#range(n)),
      logButton, tradeButton,
    );
    const walk = el(
      "div.tools.walk", {},
      step(-21, "«", "A month back"), step(-1, "‹", "A session back"), this.date, step(1, "›", "A session on"), step(21, "»", "A month on"),
      el("button", { type: "button", onclick: () => this.#anywhere() }, "Any date"), this.revealButton, this.guessButton,
      el("button", { type: "button", onclick: () => this.go(this.history.length - 1) }, "Last close"),
    );
    const behind = fold("Bars in view, as a table", () => this.#barTable());
    const plots = el(
      "div.plots", {}, this.price, this.ribbon, this.slider, walk,
      el("p.hint", {}, "Drag or use the wheel to look around, arrow keys to step, R to reveal, + and − to zoom. Blue: up; amber: between; red: down."),
      behind, exportButtons("chart", () => this.figure()),
    );
    this.place.replaceChildren(top, el("div.stage", {}, plots, el("aside.panel", { "aria-label": "What was known at this close" }, this.words)));
    this.place.hidden = false;
    this.#listen();
  }

  /** For a file: the chart as it stands. */
  figure() {
    const [width, height] = [this.width, this.#height()];
    return { width, height, label: this.price.getAttribute("aria-label"), draw: (/** @type {any} */ pen) => drawPrice(pen, this.history, this.view()) };
  }

  #toggle(name, button) {
    this.state[name] = !this.state[name];
    button.setAttribute("aria-pressed", String(this.state[name]));
    this.draw();
  }

  #guess() {
    this.state.guessing = !this.state.guessing;
    this.guessButton.setAttribute("aria-pressed", String(this.state.guessing));
    this.#changed();
  }

  #anywhere() {
    const first = firstForecast(this.history, this.state.horizon);
    this.go(first + Math.floor(Math.random() * (this.history.length - first - Math.max(...this.page.horizons))));
  }

  #range(sessions) {
    const span = Math.min(sessions, this.history.length) + this.state.horizon + 1.5;
    this.#frameOn(this.state.t, span);
    this.draw();
  }

  /** The rest of the level book, once one stays at a date. */
  settle() {
    if (!this.rest) return;
    this.rest();
    this.rest = null;
    this.fresh = true;
    this.#centre();
  }

  /** After the date, the horizon or the reveal changed: words, address, drawings. */
  #changed() {
    const { state, history } = this;
    const { t, horizon } = state;
    const hidden = this.hidden();
    const iso = isoDay(history.dates[t]);
    const guess = this.guesses.of(history.facts.symbol, t, horizon);
    const revealed = state.shown > t;
    const book = bookView(history, t, horizon, hidden);
    this.slider.value = String(t);
    this.slider.setAttribute("aria-valuetext", shortDay(history.dates[t]));
    this.date.value = iso;
    this.revealButton.disabled = hidden || revealed || t >= history.length - 1;
    this.words.replaceChildren(
      readingView(history, t),
      tableView(history, { t, horizon, hidden, guess }),
      ...(hidden ? [guessForm((shares) => { this.guesses.lock(history, t, horizon, shares); this.reveal(); })] : []),
      ...(revealed || guess ? [outcomeView(history, t, horizon)] : []),
      ...(state.guessing ? [scoreView(this.guesses, horizon)] : []),
      book.view,
    );
    this.rest = book.rest;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.settle(), SETTLED);
    const kept = `${history.facts.name}, close of ${shortDay(history.dates[t])}`;
    this.price.setAttribute("aria-label", `${kept}: bars with level zones, averages, the setup and RSI. The same in words beside it; the bars as a table below.`);
    this.ribbon.setAttribute("aria-label", `${kept}: probabilities of the three scenarios for every close so far, ${plural(horizon, "session")} ahead.`);
    this.fresh = true;
    this.#address(iso);
    this.draw();
    this.place.dispatchEvent(new CustomEvent("moved", { bubbles: true, detail: { t, symbol: history.facts.symbol } }));
  }

  #address(iso) {
    const at = this.page.instruments.length > 1 ? `${encodeURIComponent(this.history.facts.symbol)}@${iso}` : iso;
    const home = this.state.t === this.history.length - 1 && !/^#(.+@)?\d{4}-/.test(location.hash);
    if (!home && location.hash !== `#${at}`) {
      clearTimeout(this.writing);
      // a browser allows few changes of the address a second
      this.writing = setTimeout(() => window.history.replaceState(null, "", `#${at}`), 120);
    }
  }

  #barTable() {
    const { state, history } = this;
    const last = Math.min(Math.floor(state.to), state.shown);
    const first = Math.max(0, Math.ceil(state.from), last - 260);
    const d = (/** @type {string} */ key, /** @type {number} */ i) => String(Math.round(100 * history.at(key, i)) / 100);
    const rows = [];
    for (let i = last; i >= first; i--) rows.push([isoDay(history.dates[i]), ...["open", "high", "low", "close", "sma_50", "sma_200", "rsi_14"].map((k) => (Number.isNaN(history.at(k, i)) ? "–" : d(k, i)))]);
    return dataTable(["Date", "Open", "High", "Low", "Close", "50-day", "200-day", "RSI(14)"], rows, "Newest first");
  }

  // --- hands --------------------------------------------------------------------------------------

  #listen() {
    const { price, ribbon } = this;
    const session = (/** @type {MouseEvent} */ event) => {
      const { left, right } = margins(price.clientWidth);
      const share = (event.offsetX - left) / (price.clientWidth - left - right);
      return this.state.from + share * (this.state.to - this.state.from);
    };
    price.addEventListener("wheel", (event) => {
      event.preventDefault();
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (sideways || event.shiftKey) this.pan(((event.deltaX || event.deltaY) / price.clientWidth) * (this.state.to - this.state.from));
      else this.zoom(Math.exp(-event.deltaY * 0.0016), session(event));
    }, { passive: false });
    /** @type {Map<number, PointerEvent>} */
    const down = new Map();
    price.addEventListener("pointerdown", (event) => {
      down.set(event.pointerId, event);
      price.setPointerCapture(event.pointerId);
    });
    price.addEventListener("pointermove", (event) => {
      const before = down.get(event.pointerId);
      const { left, right } = margins(price.clientWidth);
      const perPixel = (this.state.to - this.state.from) / (price.clientWidth - left - right);
      if (before && down.size === 1) this.pan((before.clientX - event.clientX) * perPixel);
      if (before && down.size === 2) {
        const other = [...down.entries()].find(([id]) => id !== event.pointerId)[1];
        const apart = (/** @type {PointerEvent} */ one) => Math.max(Math.abs(one.clientX - other.clientX), 12);
        this.zoom(apart(event) / apart(before), session(event));
      }
      if (before) down.set(event.pointerId, event);
      this.state.cross = { x: event.offsetX, y: event.offsetY };
      this.draw();
    });
    for (const name of ["pointerup", "pointercancel"]) price.addEventListener(name, (event) => down.delete(/** @type {PointerEvent} */ (event).pointerId));
    price.addEventListener("pointerleave", () => { this.state.cross = null; this.draw(); });
    price.addEventListener("dblclick", (event) => this.go(Math.min(session(event), this.state.shown)));
    const brush = (/** @type {PointerEvent} */ event) => {
      const box = ribbonBox(ribbon.clientWidth, 150);
      const first = firstForecast(this.history, this.state.horizon);
      this.go(first + ((event.offsetX - box.left) / (box.right - box.left)) * (this.history.length - 1 - first));
    };
    ribbon.addEventListener("pointerdown", (event) => { ribbon.setPointerCapture(event.pointerId); brush(event); });
    ribbon.addEventListener("pointermove", (event) => { if (event.buttons) brush(event); });
    document.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => { this.#measure(); this.draw(); }).observe(this.place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const busy = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || event.ctrlKey || event.metaKey || event.altKey;
    const inside = target === document.body || this.place.contains(target);
    if (busy || !inside || target.closest(".book")) return;
    const far = event.shiftKey ? 21 : 1;
    const keys = {
      ArrowLeft: () => this.step(-far), ArrowRight: () => this.step(far),
      r: () => this.reveal(), g: () => this.#guess(), "+": () => this.zoom(1.25), "=": () => this.zoom(1.25), "-": () => this.zoom(0.8),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
