/** A place that a person marks: by a press in any pane or, with the tool in hand, the arrow keys. */

import { shape } from "./dom.js";
import { corners } from "./overlay.js";
import { clamp } from "./unit.js";

const COLOUR = "#ffd84d", TARGET = "#8ce99a";
const STRIDE = 1 / 40; // of the picture, an arrow key's

/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Mark the stored pixel at a screen position.
 * @type {(state: Viewer, x: number, y: number) => void} */
function mark(state, x, y) {
  const { view } = state, [row, column] = view.toPixel(x, y);
  state.point = [clamp(row, [0, view.rows - 1]), clamp(column, [0, view.columns - 1])];
  state.refresh("overlay");
}

/** @param {Viewer} state */
function report(state) {
  state.reported.point ??= JSON.stringify(state.data.point);
  state.report("point", state.point && state.point.map((value) => Math.round(value * 100) / 100));
}

/** @type {(state: Viewer, x: number, y: number) => Gesture} */
export function pointing(state, x, y) {
  mark(state, x, y);
  return { move: (nowX, nowY) => mark(state, nowX, nowY), end: () => report(state) };
}

/** What an arrow key does while the tool is in hand: the first one marks the middle of the pane.
 * @type {(state: Viewer, key: string) => (() => void) | undefined} */
export function moves(state, key) {
  const step = ARROWS[key], { view } = state;
  if (state.tool !== "point" || !step) return undefined;
  const stride = STRIDE * Math.min(view.width, view.height);
  return () => {
    const [x, y] = state.point ? view.ofPixel(state.point) : [view.width / 2, view.height / 2];
    const far = state.point ? stride : 0;
    mark(state, x + step[0] * far, y + step[1] * far);
  };
}

/** A key has gone up: what the arrows marked is told.
 * @type {(state: Viewer, key: string) => void} */
export function settled(state, key) {
  if (state.tool === "point" && ARROWS[key]) report(state);
}

/** The mark, and where the right place is, once that is told.
 * @param {Viewer} state */
export function drawPoint({ view, point, data }) {
  /** @type {SVGElement[]} */
  const nodes = [];
  /** A stroke with a dark seam below it.
   * @type {(tag: "ellipse" | "path" | "circle", colour: string, attributes: Attributes) => void} */
  const seamed = (tag, colour, attributes) => {
    nodes.push(shape(tag, { fill: "none", stroke: "#000", "stroke-opacity": 0.6, "stroke-width": 5, ...attributes }));
    nodes.push(shape(tag, { fill: "none", stroke: colour, "stroke-width": 2, ...attributes }));
  };
  if (data.target) {
    const [from, , to] = corners(view, data.target);
    const [rx, ry] = [Math.abs(to[0] - from[0]) / 2, Math.abs(to[1] - from[1]) / 2];
    seamed("ellipse", TARGET, { cx: (from[0] + to[0]) / 2, cy: (from[1] + to[1]) / 2, rx, ry });
  }
  if (point) {
    const [x, y] = view.ofPixel(point);
    seamed("path", COLOUR, { d: `M${x - 14} ${y}h9m10 0h9M${x} ${y - 14}v9m0 10v9`, class: "point" });
    seamed("circle", COLOUR, { cx: x, cy: y, r: 9 });
  }
  return nodes;
}
