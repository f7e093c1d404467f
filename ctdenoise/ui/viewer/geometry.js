/**
 * Where a stored pixel appears on screen.
 *
 * (u, v) are canvas coordinates of the stored image: pixel (row, column) covers u from column to
 * column + 1 and v from row to row + 1, so its centre is at (column + 0.5, row + 0.5).
 */

import { clamp } from "./unit.js";

/** @type {Turn[]} */
const TURNS = [
  [1, 0, 0, 1], [-1, 0, 0, 1], [1, 0, 0, -1], [-1, 0, 0, -1],
  [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, -1, 0], [0, -1, -1, 0],
];

/** @type {(p: Direction, q: Direction) => number} */
const dot = (p, q) => p[0] * q[0] + p[1] * q[1] + p[2] * q[2];
/** @type {(a: number, p: Direction, b: number, q: Direction) => Direction} */
const blend = (a, p, b, q) => [a * p[0] + b * q[0], a * p[1] + b * q[1], a * p[2] + b * q[2]];

/** The patient's side that a direction points to.
 * @param {Direction} direction */
function side(direction) {
  const sizes = direction.map(Math.abs);
  const axis = sizes.indexOf(Math.max(...sizes));
  return (direction[axis] > 0 ? "LPH" : "RAF")[axis];
}

/**
 * Turn and flip that bring an image with these six cosines to the radiological view: the patient's
 * left on the right of the screen, front (axial) or head (coronal, sagittal) up. Python's
 * ctdenoise.units.upright turns pictures the same way.
 *
 * @param {number[] | null} cosines of a row, then of a column (DICOM PS3.3 C.7.6.2.1.1)
 * @returns {{ turn: Turn, marks: Marks | null }}
 */
export function radiological(cosines) {
  if (!cosines) return { turn: TURNS[0], marks: null };
  const [x0, x1, x2, y0, y1, y2] = cosines;
  /** @type {Direction} */
  const x = [x0, x1, x2];
  /** @type {Direction} */
  const y = [y0, y1, y2];
  const normal = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
  const sizes = normal.map(Math.abs);
  const axis = sizes.indexOf(Math.max(...sizes));
  /** @type {Direction} */
  const right = axis === 0 ? [0, 1, 0] : [1, 0, 0];
  /** @type {Direction} */
  const down = axis === 2 ? [0, 1, 0] : [0, 0, -1];
  /** How well a turn brings the row to the right and the column down.
   * @param {Turn} turn */
  const score = ([a, b, c, d]) => dot(blend(a, x, c, y), right) + dot(blend(b, x, d, y), down);
  const turn = TURNS.reduce((best, each) => (score(each) > score(best) ? each : best));
  const [a, b, c, d] = turn;
  const toRight = blend(a, x, c, y), toBottom = blend(b, x, d, y);
  /** @type {(p: Direction) => Direction} */
  const minus = ([p, q, r]) => [-p, -q, -r];
  return {
    turn,
    marks: { right: side(toRight), left: side(minus(toRight)), bottom: side(toBottom), top: side(minus(toBottom)) },
  };
}

/** Zoom and position, shared by all panes, which have one size. */
export class View {
  constructor() {
    this.turn = TURNS[0];
    /** How much wider and higher than the smaller side a stored pixel is, [along u, along v].
     * @type {[number, number]} */
    this.aspect = [1, 1];
    // Of the picture in pixels, of a pane in screen pixels.
    this.columns = this.rows = this.width = this.height = 1;
    this.setHome(null);
  }

  /** Where the view begins and a reset leads: [row, column, zoom], or null for the whole image.
   * @param {ViewerData["view"]} home */
  setHome(home) {
    this.home = home;
    this.reset();
  }

  reset() {
    const [row, column, zoom] = this.home ?? [0, 0, 1];
    this.zoom = zoom;
    /** (u, v) in the middle of the pane; null: the image's own centre.
     * @type {Point | null} */
    this.centre = this.home && [column + 0.5, row + 0.5];
  }

  /** What a home is made of, as it is now.
   * @returns {ViewerData["view"]} */
  get now() {
    return this.zoom === 1 && !this.centre ? null : [this.middle[1] - 0.5, this.middle[0] - 0.5, this.zoom];
  }

  /** (u, v) in the middle of the pane.
   * @returns {Point} */
  get middle() {
    return this.centre ?? [this.columns / 2, this.rows / 2];
  }

  /**
   * Shape of an image, distance of its rows and columns in mm, and how it is turned.
   *
   * @param {number} rows
   * @param {number} columns
   * @param {ViewerData["spacing"]} spacing
   * @param {Turn} turn
   */
  setImage(rows, columns, spacing, turn) {
    if (rows !== this.rows || columns !== this.columns) this.reset();
    this.rows = rows;
    this.columns = columns;
    this.turn = turn;
    const smallest = spacing ? Math.min(...spacing) : 1;
    this.aspect = spacing ? [spacing[1] / smallest, spacing[0] / smallest] : [1, 1];
  }

  /** Width and height of the whole image on screen at scale 1.
   * @returns {Point} */
  get extent() {
    const w = this.columns * this.aspect[0], h = this.rows * this.aspect[1];
    return this.turn[0] ? [w, h] : [h, w];
  }

  /** Screen pixels per shorter side of a stored pixel. */
  get scale() {
    const [w, h] = this.extent;
    return this.zoom * Math.min(this.width / w, this.height / h);
  }

  /** From (u, v) to the pane.
   * @returns {Matrix} */
  get matrix() {
    const [a, b, c, d] = this.turn, s = this.scale, [x, y] = this.aspect;
    const [u, v] = this.middle;
    const p = a * x * s, q = b * x * s, r = c * y * s, t = d * y * s;
    return [p, q, r, t, this.width / 2 - p * u - r * v, this.height / 2 - q * u - t * v];
  }

  /** @type {(u: number, v: number) => Point} */
  toScreen(u, v) {
    const [a, b, c, d, e, f] = this.matrix;
    return [a * u + c * v + e, b * u + d * v + f];
  }

  /** @type {(x: number, y: number) => Point} */
  toImage(x, y) {
    const [a, b, c, d, e, f] = this.matrix, determinant = a * d - b * c;
    return [(d * (x - e) - c * (y - f)) / determinant, (a * (y - f) - b * (x - e)) / determinant];
  }

  /** Screen position of a stored (row, column).
   * @param {Pixel} pixel */
  ofPixel([row, column]) {
    return this.toScreen(column + 0.5, row + 0.5);
  }

  /** Stored (row, column), not rounded, at a screen position.
   * @type {(x: number, y: number) => Pixel} */
  toPixel(x, y) {
    const [u, v] = this.toImage(x, y);
    return [v - 0.5, u - 0.5];
  }

  /** Enlarge; what is at screen position (x, y) stays there. At 1 the whole image is back.
   * @type {(factor: number, x: number, y: number) => void} */
  zoomAt(factor, x, y) {
    const [u, v] = this.toImage(x, y);
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), 40);
    if (this.zoom === 1) {
      this.centre = null;
      return;
    }
    const [nowU, nowV] = this.toImage(x, y);
    this.moveBy(u - nowU, v - nowV);
  }

  /** Move the image by (dx, dy) screen pixels.
   * @type {(dx: number, dy: number) => void} */
  pan(dx, dy) {
    const [u0, v0] = this.toImage(0, 0), [u1, v1] = this.toImage(dx, dy);
    this.moveBy(u0 - u1, v0 - v1);
  }

  /** Move the middle of the pane by (du, dv), but not out of the image.
   * @type {(du: number, dv: number) => void} */
  moveBy(du, dv) {
    const [u, v] = this.middle;
    this.centre = [clamp(u + du, [0, this.columns]), clamp(v + dv, [0, this.rows])];
  }
}
