/**
 * Where a stored pixel appears on screen.
 *
 * (u, v) are canvas coordinates of the stored image: pixel (row, column) covers u from column to
 * column + 1 and v from row to row + 1, so its centre is at (column + 0.5, row + 0.5).
 */

const TURNS = [
  [1, 0, 0, 1], [-1, 0, 0, 1], [1, 0, 0, -1], [-1, 0, 0, -1],
  [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, -1, 0], [0, -1, -1, 0],
];

const dot = (p, q) => p[0] * q[0] + p[1] * q[1] + p[2] * q[2];
const blend = (a, p, b, q) => p.map((value, i) => a * value + b * q[i]);

/** The patient's side that a direction (left, posterior, head positive) points to. */
function side(direction) {
  const sizes = direction.map(Math.abs);
  const axis = sizes.indexOf(Math.max(...sizes));
  return (direction[axis] > 0 ? "LPH" : "RAF")[axis];
}

/**
 * Turn and flip that bring an image with these six cosines to the radiological view: the patient's
 * left on the right of the screen, front (axial) or head (coronal, sagittal) up.
 * Returns the turn as a CSS matrix (a, b, c, d) and the marks at the four edges.
 */
export function radiological(cosines) {
  if (!cosines) return { turn: TURNS[0], marks: null };
  const x = cosines.slice(0, 3), y = cosines.slice(3);
  const normal = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
  const sizes = normal.map(Math.abs);
  const axis = sizes.indexOf(Math.max(...sizes));
  const right = axis === 0 ? [0, 1, 0] : [1, 0, 0];
  const down = axis === 2 ? [0, 1, 0] : [0, 0, -1];
  const score = ([a, b, c, d]) => dot(blend(a, x, c, y), right) + dot(blend(b, x, d, y), down);
  const turn = TURNS.reduce((best, each) => (score(each) > score(best) ? each : best));
  const [a, b, c, d] = turn;
  const toRight = blend(a, x, c, y), toBottom = blend(b, x, d, y);
  const minus = (p) => p.map((value) => -value);
  return {
    turn,
    marks: { right: side(toRight), left: side(minus(toRight)), bottom: side(toBottom), top: side(minus(toBottom)) },
  };
}

/** Zoom and position, shared by all panes, which have one size. */
export class View {
  constructor() {
    this.turn = TURNS[0];
    this.aspect = [1, 1];
    this.columns = this.rows = this.width = this.height = 1;
    this.setHome(null);
  }

  /** Where the view begins and a reset leads: [row, column, zoom], or null for the whole image. */
  setHome(home) {
    this.home = home;
    this.reset();
  }

  reset() {
    const [row, column, zoom] = this.home ?? [];
    this.zoom = zoom ?? 1;
    this.centre = this.home && [column + 0.5, row + 0.5]; // null: the image's own centre
  }

  /** Shape of an image and distance of its rows and columns. */
  setImage(rows, columns, spacing, turn) {
    if (rows !== this.rows || columns !== this.columns) this.reset();
    this.rows = rows;
    this.columns = columns;
    this.turn = turn;
    const smallest = spacing ? Math.min(...spacing) : 1;
    this.aspect = spacing ? [spacing[1] / smallest, spacing[0] / smallest] : [1, 1];
  }

  /** Extent of the whole image on screen at scale 1. */
  get extent() {
    const w = this.columns * this.aspect[0], h = this.rows * this.aspect[1];
    return this.turn[0] ? [w, h] : [h, w];
  }

  get scale() {
    const [w, h] = this.extent;
    return this.zoom * Math.min(this.width / w, this.height / h);
  }

  /** The six numbers of a CSS matrix from (u, v) to the pane. */
  get matrix() {
    const [a, b, c, d] = this.turn, s = this.scale, [x, y] = this.aspect;
    const [u, v] = this.centre ?? [this.columns / 2, this.rows / 2];
    const m = [a * x * s, b * x * s, c * y * s, d * y * s];
    return [...m, this.width / 2 - m[0] * u - m[2] * v, this.height / 2 - m[1] * u - m[3] * v];
  }

  toScreen(u, v) {
    const [a, b, c, d, e, f] = this.matrix;
    return [a * u + c * v + e, b * u + d * v + f];
  }

  toImage(x, y) {
    const [a, b, c, d, e, f] = this.matrix, determinant = a * d - b * c;
    return [(d * (x - e) - c * (y - f)) / determinant, (a * (y - f) - b * (x - e)) / determinant];
  }

  /** Screen position of a stored (row, column). */
  ofPixel([row, column]) {
    return this.toScreen(column + 0.5, row + 0.5);
  }

  /** Stored (row, column), not rounded, at a screen position. */
  toPixel(x, y) {
    const [u, v] = this.toImage(x, y);
    return [v - 0.5, u - 0.5];
  }

  zoomAt(factor, x, y) {
    const [u, v] = this.toImage(x, y);
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), 40);
    if (this.zoom === 1) {
      this.centre = null;
      return;
    }
    this.centre ??= [this.columns / 2, this.rows / 2];
    const [nowU, nowV] = this.toImage(x, y);
    this.centre = [this.centre[0] + u - nowU, this.centre[1] + v - nowV];
    this.keepInside();
  }

  pan(dx, dy) {
    const [u0, v0] = this.toImage(0, 0), [u1, v1] = this.toImage(dx, dy);
    const [u, v] = this.centre ?? [this.columns / 2, this.rows / 2];
    this.centre = [u - u1 + u0, v - v1 + v0];
    this.keepInside();
  }

  keepInside() {
    this.centre = [
      Math.min(Math.max(this.centre[0], 0), this.columns),
      Math.min(Math.max(this.centre[1], 0), this.rows),
    ];
  }
}
