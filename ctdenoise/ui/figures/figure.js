/** What all figures have: panels, the sentence of the step, controls, words; waiting and failing. */

import { make } from "../viewer/dom.js";
import { radiological } from "../viewer/geometry.js";
import { PixelStore } from "../viewer/pixels.js";
import { turned } from "./painting.js";
import { Steps } from "./steps.js";

/** A picture with its title; `area` holds what is drawn.
 * @param {string} title @param {(Node | string)[]} drawn */
export function panel(title, ...drawn) {
  const area = make("div", { class: "area", role: "img", "aria-label": `${title}: comes later.` }, ...drawn);
  const note = make("span", { class: "note" });
  const element = make("figure", { class: "panel ahead" }, make("figcaption", {}, make("span", {}, title), note), area);
  return { element, area, note };
}

/** A slider with its name and what it stands for.
 * @type {(name: string, most: number, value: number, changed: (value: number) => string) => HTMLElement & { set: (value: number) => void }} */
export function labelled(name, most, value, changed) {
  const told = make("output", {});
  /** @type {HTMLInputElement} */
  const slider = make("input", { type: "range", min: 0, max: most, step: 1, "aria-label": name, oninput: () => set(Number(slider.value)) });
  /** @param {number} to */
  const set = (to) => {
    slider.value = String(to);
    slider.style.setProperty("--part", `${(100 * to) / most}%`);
    told.textContent = changed(to);
    slider.setAttribute("aria-valuetext", told.textContent);
  };
  const element = make("label", { class: "quantity" }, make("span", {}, name), slider, told);
  slider.value = String(value);
  return Object.assign(element, { set });
}

export class Figure {
  /**
   * @param {HTMLElement} root
   * @param {DrawingData} data
   * @param {string} name
   * @param {string[]} titles of its steps
   * @param {number[]} seconds that each is played
   */
  constructor(root, data, name, titles, seconds) {
    this.root = root;
    this.turn = radiological(data.orientation).turn;
    const [down, across] = data.spacing ?? [1, 1];
    /** How wide a pixel of the turned picture is for its height. */
    this.aspect = this.turn[0] ? across / down : down / across;
    this.store = new PixelStore();
    this.panels = make("div", { class: "panels" });
    this.title = make("strong", {});
    this.sentence = make("span", { "data-testid": "figure-sentence" });
    this.settings = make("div", { class: "settings" });
    this.note = make("p", { class: "small" });
    this.words = make("p", {});
    this.status = make("div", { class: "status", role: "status" });
    root.setAttribute("aria-label", name);
    root.onkeydown = (event) => this.key(event);
    this.steps = new Steps({ titles, seconds, draw: (step, part) => this.draw(step, part) });
    root.replaceChildren(
      this.panels,
      make("div", { class: "beside" },
        make("p", { class: "told", "aria-live": "polite" }, this.title, " ", this.sentence),
        this.steps.element, this.settings, this.note,
        make("details", {}, make("summary", {}, "What is seen, in words"), this.words)),
      this.status,
    );
  }

  /** A step, of which `part` (0 to 1) has passed.
   * @type {(step: number, part: number) => void} */
  draw(step, part) {}

  /** Left and right step, p plays; the page itself hears nothing, for it has keys of its own.
   * @param {KeyboardEvent} event */
  key(event) {
    event.stopPropagation();
    const target = /** @type {Element} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input, summary")) return;
    const { steps } = this;
    const act = { ArrowLeft: () => steps.go(steps.step - 1), ArrowRight: () => steps.go(steps.step + 1), p: () => steps.toggle() }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Write only what has changed, for it is read aloud.
   * @type {(title: string, sentence: string) => void} */
  tell(title, sentence) {
    if (this.title.textContent !== title) this.title.textContent = title;
    if (this.sentence.textContent !== sentence) this.sentence.textContent = sentence;
  }

  /** Pictures as they are seen; while they are on their way, `waiting` is told.
   * @type {(addresses: string[], waiting: string, arrived: (pictures: Picture[]) => void) => Promise<void>} */
  async get(addresses, waiting, arrived) {
    const call = (this.call = {});
    this.status.replaceChildren(make("i", { class: "spinner" }), waiting);
    this.status.hidden = false;
    try {
      const pictures = await Promise.all(addresses.map((address) => this.store.get(address)));
      if (call !== this.call) return;
      this.status.hidden = true;
      arrived(pictures);
    } catch (error) {
      if (call !== this.call) return;
      const told = error instanceof Error ? error.message : String(error);
      const again = make("button", { type: "button", onclick: () => this.get(addresses, waiting, arrived) }, "Try again");
      this.status.replaceChildren(told, again);
    }
  }

  /** @param {Picture} picture */
  seen(picture) {
    return turned(picture, this.turn);
  }

  destroy() {
    this.call = {};
    this.steps.stop();
    this.store.keepOnly([]);
  }
}
