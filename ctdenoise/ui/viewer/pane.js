/** One pane: a canvas with the picture's own pixels, turned and scaled by CSS, and its captions. */

import { filled, isTemplate, mixture, mixtures } from "./dials.js";
import { context2d, make, shape } from "./dom.js";
import { Lens } from "./lens.js";
import { statistics } from "./measure.js";
import { drawOverlay, orientationMarks } from "./overlay.js";
import { difference, mix } from "./pixels.js";
import { drawPoint } from "./point.js";

/** @type {(pane: PaneData, frame: number) => string} */
const address = ({ frames }, frame) => frames[Math.min(frame, frames.length - 1)];

const PATIENCE_MS = 150; // a wait shorter than this shows no spinner
const PIXELATED_FROM = 6; // screen pixels per image pixel

export class PaneView {
  /** @param {Viewer} state @param {number} index @param {PaneData} data as Python sent it */
  constructor(state, index, data) {
    this.state = state;
    this.index = index;
    this.data = data;
    /** @type {Picture | null} */
    this.picture = null;
    this.pending = this.stale = false;
    this.rough = false; // whether the picture stands in for one that is still to come
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.canvas = make("canvas", { role: "img", "data-testid": `viewer-canvas-${index}`, width: 1, height: 1 });
    this.context = context2d(this.canvas, { willReadFrequently: true });
    this.image = this.context.createImageData(1, 1);
    this.holder = make("div", { class: "picture" }, this.canvas);
    this.overlay = shape("svg", { class: "overlay" });
    this.name = make("span", { class: "name" });
    this.note = make("span", { class: "note" });
    this.value = make("span", { class: "value", "data-testid": `viewer-value-${index}` });
    this.region = make("span", { class: "region", "data-testid": `viewer-region-${index}` });
    this.window = make("span", { class: "window", "data-testid": `viewer-window-${index}` });
    this.bottom = make("span", { class: "mark bottom" });
    this.marks = make("div", { class: "marks" });
    this.message = make("div", { class: "message", "data-testid": `viewer-message-${index}`, hidden: true });
    this.lens = new Lens();
    this.area = make(
      "div",
      { class: "area", "data-testid": `viewer-pane-${index}` },
      this.holder,
      this.overlay,
      this.marks,
      make(
        "div", { class: "foot" },
        make("div", { class: "corner" }, this.region, this.value), this.bottom, make("div", { class: "corner right" }, this.window),
      ),
      make("div", { class: "spinner", role: "status", "aria-label": "Loading" }),
      this.message,
      this.lens.canvas,
    );
    this.element = make("div", { class: "pane" }, make("div", { class: "caption" }, this.name, this.note), this.area);
  }

  get isDifference() {
    return this.data.minus !== null;
  }

  /** New captions.
   * @type {(data: PaneData, marks: Marks | null) => void} */
  describe(data, marks) {
    this.data = data;
    this.name.textContent = this.name.title = data.name;
    this.note.textContent = data.note;
    this.element.style.setProperty("--identity", data.color);
    this.marks.replaceChildren(...orientationMarks(marks));
    this.bottom.textContent = marks?.bottom ?? "";
  }

  /** The address of a frame, and of what is subtracted from it.
   * @type {(frame: number) => string[]} */
  addresses(frame) {
    const { minus } = this.data;
    return [this.data, ...(minus === null ? [] : [this.state.data.panes[minus]])].map((data) => address(data, frame));
  }

  /** What to fetch for a frame; of settings of the dials, mixed as they stand or as `weighted` says.
   * @type {(frame: number, weighted?: Weighted[]) => Source} */
  source(frame, weighted = mixture(this.state.dial, this.state.data.stops)) {
    const [own, other] = this.addresses(frame).map((address) =>
      isTemplate(address) ? mix(weighted.map(([setting, weight]) => [filled(address, setting), weight])) : address);
    return other === undefined ? own : difference(own, other);
  }

  /** Of what the picture of a frame may be mixed, the best first.
   * @type {(frame: number) => Iterable<Weighted[]>} */
  mixtures(frame) {
    return this.addresses(frame).some(isTemplate) ? mixtures(this.state.dial, this.state.data.stops) : [[]];
  }

  /** The previous picture stays, dimmed, until the next is here. */
  wait() {
    if (this.pending) return;
    this.pending = true;
    this.timer = setTimeout(() => this.element.classList.add("waiting"), PATIENCE_MS);
  }

  /** A `rough` picture stands in for one that is still to come.
   * @type {(picture: Picture, rough: boolean) => void} */
  show(picture, rough) {
    this.settle();
    this.message.hidden = true;
    this.rough = rough;
    this.element.classList.toggle("rough", rough);
    if (picture === this.picture) return;
    this.picture = picture;
    const { rows, columns } = picture;
    if (this.canvas.width !== columns || this.canvas.height !== rows) {
      this.canvas.width = columns;
      this.canvas.height = rows;
      this.image = this.context.createImageData(columns, rows);
    }
    this.stale = true;
  }

  /** @type {(sentence: string, retry: () => void) => void} */
  fail(sentence, retry) {
    this.settle();
    this.rough = false;
    this.element.classList.remove("rough");
    this.picture = null;
    this.message.replaceChildren(sentence, make("button", { type: "button", onclick: retry }, "Try again"));
    this.message.hidden = false;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  settle() {
    this.pending = false;
    clearTimeout(this.timer);
    this.element.classList.remove("waiting");
  }

  /** @param {import("./lut.js").GreyTable} table */
  paint(table) {
    if (!this.picture) return;
    table.paint(this.picture.values, new Uint32Array(this.image.data.buffer));
    this.context.putImageData(this.image, 0, 0);
    this.stale = false;
  }

  /** Put the canvas where the shared view says. */
  place() {
    const { view } = this.state;
    this.canvas.style.transform = `matrix(${view.matrix.join(",")})`;
    this.canvas.style.imageRendering = view.scale >= PIXELATED_FROM ? "pixelated" : "auto";
  }

  drawOverlay() {
    drawOverlay(this.overlay, this.state, this);
    this.overlay.append(...drawPoint(this.state));
    const { pointer, magnifier, view, curtain } = this.state;
    if (magnifier && pointer && this.picture && curtain.isSeen(this, pointer.pixel)) this.lens.show(this.canvas, view, pointer.pixel);
    else this.lens.hide();
  }

  /** The value under the pointer and the statistics of the region. */
  drawNumbers() {
    const { pointer, region, background, unit } = this.state;
    const picture = this.pending ? null : this.picture; // no numbers of a picture that is on its way out
    this.value.textContent = "";
    if (picture && pointer) {
      const [row, column] = pointer.pixel.map(Math.round);
      if (row >= 0 && column >= 0 && row < picture.rows && column < picture.columns)
        this.value.textContent = this.about + unit.text(picture.values[row * picture.columns + column]) + unit.suffix;
    }
    this.region.textContent = picture && region ? this.regionText(picture, region, background, unit) : "";
  }

  /** Before every number of a picture that is still to become finer. */
  get about() {
    return this.rough ? "≈ " : "";
  }

  /** @type {(picture: Picture, region: Region, background: Region | null, unit: Viewer["unit"]) => string} */
  regionText(picture, region, background, unit) {
    const inside = statistics(picture, region);
    const text = `${this.about}${unit.text(inside.mean, 1)} ± ${unit.text(inside.sd, 1)}${unit.suffix}`;
    if (!background || this.isDifference) return text;
    const outside = statistics(picture, background);
    return outside.sd > 0 ? `${text}\nCNR ${(Math.abs(inside.mean - outside.mean) / outside.sd).toFixed(2)}` : text;
  }

  drawWindow() {
    const { level, width, difference, unit } = this.state;
    this.window.textContent = this.isDifference
      ? `± ${unit.text(difference / 2)}`
      : `L ${unit.text(level)}  W ${unit.text(width)}`;
  }
}
