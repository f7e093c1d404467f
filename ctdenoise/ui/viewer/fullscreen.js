/**
 * The viewer on the whole screen and, for a projector, its presentation: large type, no tools, and
 * what is needed to go on only while the pointer moves.
 */

import { make } from "./dom.js";

const AWAKE_MS = 2500;

export class FullScreen {
  /** @param {HTMLElement} root @param {() => unknown} changed */
  constructor(root, changed) {
    this.root = root;
    this.changed = changed;
    this.on = this.presenting = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ this.sleeping = undefined;
    this.cue = make("div", { class: "cue" }, "Esc leaves, ? tells the keys");
    root.append(this.cue);
    root.onfullscreenchange = () => this.set(root.matches(":fullscreen"), this.presenting);
    root.onpointermove = root.onpointerdown = () => {
      if (this.presenting) this.wake();
    };
  }

  toggle() {
    return this.on ? this.leave() : this.enter(false);
  }

  present() {
    return this.presenting ? this.leave() : this.enter(true);
  }

  /** @param {boolean} presenting */
  async enter(presenting) {
    this.root.focus({ preventScroll: true }); // keys go on working when the button is gone
    this.set(true, presenting);
    if (!this.root.matches(":fullscreen"))
      await this.root.requestFullscreen?.().catch(() => {}); // a phone or a frame that forbids it: over the page
  }

  leave() {
    if (this.root.matches(":fullscreen")) document.exitFullscreen();
    this.set(false, false);
  }

  /** @type {(full: boolean, presenting: boolean) => void} */
  set(full, presenting) {
    this.on = full;
    this.presenting = full && presenting;
    this.root.classList.toggle("full", full);
    this.root.classList.toggle("presenting", this.presenting);
    this.changed();
  }

  wake() {
    this.root.classList.add("awake");
    clearTimeout(this.sleeping);
    this.sleeping = setTimeout(() => this.root.classList.remove("awake"), AWAKE_MS);
  }
}
