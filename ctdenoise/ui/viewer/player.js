/** The row under the pictures: one step back, play, one step on, scrubber, name of the frame. */

import { icon, iconButton, make } from "./dom.js";

const FRAME_MS = 180;

export class Player {
  /** @param {Viewer} state @param {HTMLElement} element */
  constructor(state, element) {
    this.state = state;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    this.element = element;
    this.play = iconButton("play", "Play", "p", () => this.toggle(), "viewer-play");
    /** @type {HTMLInputElement} */
    this.slider = make("input", {
      type: "range", min: 0, step: 1, "aria-label": "Frame", "data-testid": "viewer-frame",
      oninput: () => (this.stop(), state.setFrame(Number(this.slider.value))),
    });
    this.label = make("output", { class: "frame-label", "data-testid": "viewer-frame-label" });
    /** @param {number} by */
    const step = (by) => () => (this.stop(), state.setFrame(state.frame + by));
    element.replaceChildren(
      iconButton("previous", "One back", "←", step(-1)),
      state.offers("play") ? this.play : "",
      iconButton("next", "One on", "→", step(1)),
      this.slider,
      this.label,
    );
  }

  draw() {
    const { frames, frame, data } = this.state;
    this.element.hidden = frames === 1 && !data.labels?.[0];
    this.element.classList.toggle("single", frames === 1);
    this.slider.max = String(frames - 1);
    this.slider.value = String(frame);
    this.slider.style.setProperty("--part", `${(100 * frame) / Math.max(frames - 1, 1)}%`);
    this.label.textContent = data.labels?.[frame] ?? `${frame + 1} of ${frames}`;
    this.slider.setAttribute("aria-valuetext", this.label.textContent);
  }

  get playing() {
    return this.timer !== undefined;
  }

  toggle() {
    if (this.playing) return this.stop();
    if (this.state.frames === 1) return;
    if (this.state.frame === this.state.frames - 1) this.state.setFrame(0);
    this.timer = setInterval(() => this.advance(), FRAME_MS);
    this.play.replaceChildren(icon("pause"));
  }

  /** The next frame, once the pictures of this one are all here. */
  advance() {
    if (this.state.loader.waiting.size) return;
    if (this.state.frame === this.state.frames - 1) return this.stop();
    this.state.setFrame(this.state.frame + 1);
  }

  stop() {
    if (!this.playing) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.play.replaceChildren(icon("play"));
    this.state.reportFrame();
  }
}
