/** Two pictures over each other, parted by a handle that can be dragged. */

import { make } from "./dom.js";
import { clamp } from "./unit.js";

export class Curtain {
  /** @param {Viewer} state @param {HTMLElement} handle */
  constructor(state, handle) {
    this.state = state;
    this.handle = handle;
    this.on = false;
    this.at = 0.5;
    this.left = 0;
    this.right = 1;
    handle.replaceChildren(make("span", { class: "knob" }, "⇔"));
    handle.onpointerdown = (event) => {
      event.preventDefault();
      handle.focus({ preventScroll: true });
      handle.setPointerCapture(event.pointerId);
      handle.onpointermove = (move) => {
        const box = state.stage.getBoundingClientRect();
        this.moveTo((move.clientX - box.left) / box.width);
      };
    };
    handle.onpointerup = handle.onpointercancel = () => (handle.onpointermove = null);
    handle.onkeydown = (event) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
      if (!step) return;
      event.stopPropagation();
      event.preventDefault();
      this.moveTo(this.at + step);
    };
  }

  toggle() {
    if (this.state.panes.length < 2) return;
    this.on = !this.on;
    const last = this.state.data.panes.findLastIndex((pane) => pane.minus === null);
    if (this.right >= this.state.panes.length || this.right === 1) this.right = Math.max(last, 1);
    if (this.left === this.right) this.left = this.right ? 0 : 1;
    this.apply();
  }

  /** @param {number} part of the width, from the left */
  moveTo(part) {
    this.at = clamp(part, [0, 1]);
    this.part();
  }

  /** Show only the two panes, one over the other. */
  apply() {
    const { panes, root } = this.state;
    if (Math.max(this.left, this.right) >= panes.length) this.on = false;
    root.classList.toggle("curtain", this.on);
    panes.forEach(({ element }, i) => {
      element.classList.toggle("under", this.on && i === this.left);
      element.classList.toggle("over", this.on && i === this.right && i !== this.left);
      element.hidden = this.on && i !== this.left && i !== this.right;
    });
    this.handle.hidden = !this.on;
    this.part();
    this.state.layout();
  }

  /** Whether a pane, and not the one over or under it, is seen at a stored (row, column).
   * @type {(pane: PaneView, pixel: Pixel) => boolean} */
  isSeen(pane, pixel) {
    const { view } = this.state;
    return !this.on || this.left === this.right || (pane.index === this.right) === view.ofPixel(pixel)[0] >= this.at * view.width;
  }

  part() {
    const percent = `${(100 * this.at).toFixed(2)}%`;
    this.state.panes.forEach((pane, i) => {
      const over = this.on && i === this.right && i !== this.left;
      pane.holder.style.clipPath = over ? `inset(0 0 0 ${percent})` : "";
    });
    this.state.root.style.setProperty("--at", percent);
    this.handle.setAttribute("aria-valuenow", String(Math.round(100 * this.at)));
  }

  /** Which picture is left and which is right of the handle. */
  choices() {
    /** @type {(side: "left" | "right", text: string) => HTMLElement} */
    const chooser = (side, text) => {
      const names = this.state.data.panes.map(({ name }, i) => make("option", { value: i, selected: i === this[side] }, name));
      const onchange = () => ((this[side] = select.selectedIndex), this.apply());
      const select = make("select", { onchange, "data-testid": `viewer-curtain-${side}` }, ...names);
      return make("label", {}, text, select);
    };
    return [chooser("left", "Left"), chooser("right", "Right")];
  }
}
