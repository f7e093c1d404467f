/**
 * Which pictures a viewer fetches, in which order: those of the frame, then what its dials can be
 * turned to, then the neighbours of the frame.
 */

import { filled, isTemplate, mostUseful } from "./dials.js";
import { addresses, isAbort, PixelStore } from "./pixels.js";

const REST_MS = 250; // a frame is reported, and its neighbours fetched, once scrolling rests

export class Loader {
  /** @param {Viewer} state */
  constructor(state) {
    this.state = state;
    this.pixels = new PixelStore();
    /** @type {Set<PaneView>} */ this.waiting = new Set(); // panes without a picture of this frame
    /** @type {Map<string, string>} */ this.failed = new Map(); // addresses, and why
    this.goal = {}; // another object with every frame
    this.rested = Promise.resolve();
  }

  /** The frame or the panes have changed. */
  load() {
    const { panes, frame } = this.state, goal = (this.goal = {});
    const exact = new Set(panes.flatMap((pane) => addresses(pane.source(frame))));
    this.waiting.clear();
    this.failed.clear();
    this.pixels.keepOnly([...exact, ...this.settings()]);
    this.show();
    this.rested = new Promise((done) => setTimeout(done, REST_MS));
    this.rested.then(() => goal === this.goal && !this.state.player.playing && this.state.reportFrame());
    Promise.all([...exact].map((address) => this.fetch(address, goal))).then(() => this.ahead(goal));
  }

  /** Every pane's best picture of what is here. */
  show() {
    this.state.panes.forEach((pane) => {
      try {
        this.showIn(pane);
      } catch (error) {
        this.tell(pane, error instanceof Error ? error.message : String(error));
      }
    });
  }

  /** The picture itself or, while a dial turns ahead of what is here, a coarser mixture.
   * @param {PaneView} pane */
  showIn(pane) {
    const { frame } = this.state;
    let rough = false;
    for (const weighted of pane.mixtures(frame)) {
      const picture = this.pixels.peek(pane.source(frame, weighted));
      if (picture) {
        this.waiting.delete(pane);
        return this.state.arrived(pane, picture, rough);
      }
      rough = true;
    }
    const why = addresses(pane.source(frame)).map((address) => this.failed.get(address)).find(Boolean);
    if (why) return this.tell(pane, why);
    this.waiting.add(pane);
    pane.wait();
    this.state.refresh("numbers");
  }

  /** @type {(pane: PaneView, sentence: string) => void} */
  tell(pane, sentence) {
    this.waiting.delete(pane);
    pane.fail(sentence, () => this.load());
    this.state.refresh("numbers", "curves");
  }

  /** Addresses of this frame for everywhere that the dials can stand, the most useful first. */
  settings() {
    const { panes, frame, dial, data } = this.state;
    const templates = [...new Set(panes.flatMap((pane) => pane.addresses(frame)))].filter(isTemplate);
    return mostUseful(dial, data.stops).flatMap((setting) => templates.map((template) => filled(template, setting)));
  }

  /** @type {(address: string, goal: object) => Promise<void>} */
  async fetch(address, goal) {
    try {
      await this.pixels.get(address);
    } catch (error) {
      if (!isAbort(error)) this.failed.set(address, /** @type {Error} */ (error).message);
    }
    if (goal === this.goal) this.show();
  }

  /** One after the other; what is most useful is asked anew each time, for the dials may have moved.
   * @param {object} goal */
  async ahead(goal) {
    const missing = () => this.settings().find((address) => !this.pixels.peek(address) && !this.failed.has(address));
    for (let next = missing(); next && goal === this.goal; next = missing()) await this.fetch(next, goal);
    await this.rested;
    const { frame, frames, panes } = this.state;
    const near = [frame + 1, frame - 1, frame + 2].filter((each) => each >= 0 && each < frames);
    for (const address of near.flatMap((each) => panes.flatMap((pane) => addresses(pane.source(each))))) {
      if (goal !== this.goal) return;
      await this.pixels.get(address).catch(() => {}); // an error is told when the frame is shown
    }
  }

  stop() {
    this.goal = {};
    this.pixels.keepOnly([]);
  }
}
