/** The controls of a story in steps: back, play, on, and a slider; and the clock that plays it. */

import { icon, make } from "../viewer/dom.js";
import { clamp } from "../viewer/unit.js";

const STILL_MS = 3000; // a step stands so long where nothing may move

export class Steps {
  /** @param {Story} story */
  constructor(story) {
    this.story = story;
    this.last = story.titles.length - 1;
    this.step = 0;
    this.part = 1;
    /** @type {number | undefined} */ this.request = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ this.timer = undefined;
    /** @type {(name: string, says: string, by: () => void) => HTMLButtonElement} */
    const button = (name, says, onclick) => make("button", { type: "button", class: "tool", title: says, "aria-label": says, onclick }, icon(name));
    this.play = button("play", "Play", () => this.toggle());
    this.play.dataset.testid = "figure-play";
    /** @type {HTMLInputElement} */
    this.slider = make("input", {
      type: "range", min: 0, max: this.last, step: 1, value: 0, "aria-label": "Step", "data-testid": "figure-step",
      oninput: () => this.go(Number(this.slider.value)),
    });
    this.element = make("div", { class: "controls" },
      button("previous", "One step back", () => this.go(this.step - 1)),
      this.play,
      button("next", "One step on", () => this.go(this.step + 1)),
      this.slider,
    );
  }

  /** The step and how much of it has passed, 0 to 1, drawn.
   * @type {(step: number, part: number) => void} */
  show(step, part) {
    this.step = clamp(step, [0, this.last]);
    this.part = part;
    this.slider.value = String(this.step);
    this.slider.style.setProperty("--part", `${(100 * this.step) / this.last}%`);
    this.slider.setAttribute("aria-valuetext", `Step ${this.step + 1} of ${this.last + 1}: ${this.story.titles[this.step]}`);
    this.story.draw(this.step, this.part);
  }

  /** To the end of a step, by hand.
   * @param {number} step */
  go(step) {
    this.stop();
    this.show(step, 1);
  }

  get playing() {
    return this.request !== undefined || this.timer !== undefined;
  }

  toggle() {
    if (this.playing) return this.stop();
    const again = this.step === this.last && this.part === 1;
    this.play.replaceChildren(icon("pause"));
    this.play.title = this.play.ariaLabel = "Pause";
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.stand(again ? 0 : this.step + 1);
    if (again) this.show(0, 0);
    else if (this.part === 1) this.show(this.step + 1, 0);
    let before = performance.now();
    /** @param {number} now */
    const frame = (now) => {
      this.advance(Math.max(now - before, 0) / 1000);
      before = now;
      if (this.request !== undefined) this.request = requestAnimationFrame(frame);
    };
    this.request = requestAnimationFrame(frame);
  }

  /** @param {number} seconds */
  advance(seconds) {
    const part = this.part + seconds / this.story.seconds[this.step];
    if (part < 1) return this.show(this.step, part);
    if (this.step === this.last) return this.go(this.last);
    this.show(this.step + 1, 0);
  }

  /** Without motion: step after step, each as it ends.
   * @param {number} step */
  stand(step) {
    this.show(step, 1);
    if (step >= this.last) return this.stop();
    this.timer = setTimeout(() => this.stand(step + 1), STILL_MS);
  }

  stop() {
    if (this.request !== undefined) cancelAnimationFrame(this.request);
    clearTimeout(this.timer);
    this.request = this.timer = undefined;
    this.play.replaceChildren(icon("play"));
    this.play.title = this.play.ariaLabel = "Play";
  }
}
