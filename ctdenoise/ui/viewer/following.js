/** A viewer that shows what a teacher's viewer shows, for as long as one likes. */

import { make } from "./dom.js";
import { applySetting } from "./setting.js";
import { Stream } from "./stream.js";
import { Viewer } from "./viewer.js";

const ALONE = "ctdenoise-alone"; // in the tab's memory, while one looks oneself
const NOBODY = "Your teacher presents nothing at the moment. What is presented appears here by itself.";

export class Following {
  /** @param {HTMLElement} parent which holds viewer.html */
  constructor(parent) {
    this.viewer = new Viewer(parent);
    this.root = this.viewer.root;
    this.call = {}; // the latest of Streamlit's calls, see main.js
    this.status = make("span", { class: "standing", role: "status", "data-testid": "follow-status" });
    this.page = make("a", { class: "where", target: "_self", "data-testid": "follow-page" });
    this.button = make("button", { type: "button", "data-testid": "follow-button", onclick: () => this.toggle() });
    this.root.prepend(make("div", { class: "lead" }, this.status, this.page, this.button));
    this.nothing = make("p", { class: "nothing", "data-testid": "follow-nothing" }, NOBODY);
    this.root.append(this.nothing);
    this.follows = sessionStorage.getItem(ALONE) === null;
    /** @type {Stream | null} */ this.stream = null;
    /** @type {Follows} */ this.how; // set by the first update()
  }

  /** @param {Followed} component */
  update({ data: [{ follows }] }) {
    const first = !this.how;
    this.how = follows;
    if (first) this.draw("");
    if (first && this.follows) this.listen();
  }

  toggle() {
    this.follows = !this.follows;
    if (this.follows) sessionStorage.removeItem(ALONE);
    else sessionStorage.setItem(ALONE, "yes");
    this.stream?.stop();
    this.draw("");
    if (this.follows) this.listen();
  }

  listen() {
    this.stream = new Stream(this.how.url, {
      whole: (told) => this.show(told),
      setting: (told) => applySetting(this.viewer, told),
      nothing: () => this.draw("nothing"),
      stands: (sentence) => (this.status.textContent = sentence),
      end: (sentence) => this.end(sentence),
    });
  }

  /** @param {{ title: string, page: string } & Shown} told */
  show({ title, page, ...shown }) {
    const { how } = this;
    this.page.textContent = title;
    this.page.toggleAttribute("href", Boolean(page));
    if (page) this.page.setAttribute("href", how.pages + page);
    this.draw("shown");
    this.viewer.update({
      data: [{
        ...shown, presets: shown.unit === "HU" ? how.presets : {}, difference: shown.difference ?? how.difference,
        follow: false, height: how.height, columns: null, tools: how.tools, bands: [], report: [], readout: null, point: null, target: null,
        presenting: null, showing: null, setting: null,
      }],
      parentElement: this.root, setStateValue() {},
    });
    applySetting(this.viewer, shown);
  }

  /** @param {string} sentence */
  end(sentence) {
    this.follows = false;
    this.draw("");
    this.status.textContent = sentence;
  }

  /** @param {string} what there is: "shown" or "nothing"; empty where that is not known, or stays */
  draw(what) {
    if (what || !this.root.dataset.there) this.root.dataset.there = what || "nothing";
    const shown = this.root.dataset.there === "shown";
    this.viewer.led = this.follows;
    this.root.classList.toggle("led", this.follows);
    this.nothing.hidden = shown || !this.follows;
    this.page.hidden = !shown;
    this.button.textContent = this.follows ? "Leave" : "Follow again";
    if (!this.follows) this.status.textContent = "You look by yourself";
    for (const part of ["stage", "toolbar", "player", "options", "dials"]) this.viewer.part(part).classList.toggle("off", !shown);
    for (const part of ["player", "dials"]) this.viewer.part(part).inert = this.follows;
    this.viewer.layout();
  }

  destroy() {
    this.stream?.stop();
    this.viewer.destroy();
  }
}
