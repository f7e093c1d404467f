/** The magnifier: the same place of every picture, three times larger. */

import { context2d, make } from "./dom.js";

const DIAMETER = 132, FACTOR = 3;

export class Lens {
  constructor() {
    this.canvas = make("canvas", { class: "lens", hidden: true });
  }

  hide() {
    this.canvas.hidden = true;
  }

  /** Show `source` around a stored (row, column).
   * @type {(source: HTMLCanvasElement, view: View, pixel: Pixel) => void} */
  show(source, view, pixel) {
    const ratio = window.devicePixelRatio || 1, size = Math.round(DIAMETER * ratio), { canvas } = this;
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const [x, y] = view.ofPixel(pixel), context = context2d(canvas);
    const [a, b, c, d] = view.matrix.map((value) => value * FACTOR * ratio);
    const u = pixel[1] + 0.5, v = pixel[0] + 0.5;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillRect(0, 0, size, size);
    context.setTransform(a, b, c, d, size / 2 - a * u - c * v, size / 2 - b * u - d * v);
    context.imageSmoothingEnabled = Math.abs(a) + Math.abs(c) < 12;
    context.drawImage(source, 0, 0);
    canvas.style.transform = `translate(${x - DIAMETER / 2}px, ${y - DIAMETER / 2}px)`;
    canvas.hidden = false;
  }
}
