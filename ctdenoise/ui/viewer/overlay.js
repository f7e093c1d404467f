/** What is drawn over a picture: bands, crosshair, line, ruler and regions, as SVG. */

import { make, shape } from "./dom.js";
import { distance } from "./measure.js";

export const COLOURS = { line: "#ffd84d", distance: "#8ce99a", region: "#74d7ff", background: "#ffb3d1" };

const LINE_HEIGHT = 15, MARK = 16; // screen pixels that a label, and an edge's letter, take

/** @param {number} value */
const number = (value) => value.toFixed(1);

/** @type {(from: Point, to: Point, attributes: Attributes) => SVGElement} */
function segment([x1, y1], [x2, y2], attributes) {
  return shape("line", { x1: number(x1), y1: number(y1), x2: number(x2), y2: number(y2), ...attributes });
}

/** A stroke with a dark seam, so that it is seen on bone and on air.
 * @type {(from: Point, to: Point, colour: string) => SVGElement[]} */
function seamed(from, to, colour) {
  return [
    segment(from, to, { stroke: "#000", "stroke-opacity": 0.55, "stroke-width": 4 }),
    segment(from, to, { stroke: colour, "stroke-width": 1.75 }),
  ];
}

/** @type {(at: Point, colour: string) => SVGElement} */
function grip([x, y], colour) {
  return shape("circle", { cx: number(x), cy: number(y), r: 4.5, fill: "#0008", stroke: colour, "stroke-width": 1.75 });
}

/** @type {(view: View, line: Ends, colour: string) => SVGElement[]} */
function ends(view, line, colour) {
  const from = view.ofPixel(line[0]), to = view.ofPixel(line[1]);
  return [...seamed(from, to, colour), grip(from, colour), grip(to, colour)];
}

/** @type {(text: string, x: number, y: number, colour: string, anchor?: string) => SVGElement} */
function label(text, x, y, colour, anchor) {
  const node = shape("text", { x: number(x), y: number(y), fill: colour, class: "label", "text-anchor": anchor });
  node.textContent = text;
  return node;
}

/** @type {(view: View, line: Ends, spacing: ViewerData["spacing"]) => SVGElement[]} */
function ruler(view, line, spacing) {
  const [x, y] = view.ofPixel(line[1]);
  const text = `${distance(...line, spacing).toFixed(1)} ${spacing ? "mm" : "px"}`;
  return [...ends(view, line, COLOURS.distance), label(text, Math.min(x + 9, view.width - 64), Math.max(y - 8, 14), COLOURS.distance)];
}

/** Screen corners of a region, in order round the rectangle.
 * @type {(view: View, region: Region) => Point[]} */
export function corners(view, [row, column, height, width]) {
  return [[0, 0], [1, 0], [1, 1], [0, 1]].map(([x, y]) => view.toScreen(column + x * width, row + y * height));
}

/** @type {(view: View, area: Region, colour: string, dashed: boolean) => SVGElement[]} */
function rectangle(view, area, colour, dashed) {
  const points = corners(view, area), path = points.map((p) => p.map(number)).join(" ");
  const line = { points: path, fill: "none", "stroke-linejoin": "round" };
  return [
    shape("polygon", { ...line, stroke: "#000", "stroke-opacity": 0.55, "stroke-width": 4 }),
    shape("polygon", { ...line, stroke: colour, "stroke-width": 1.75, "stroke-dasharray": dashed && "6 4" }),
    ...points.map(([x, y]) =>
      shape("rect", { x: number(x - 3), y: number(y - 3), width: 6, height: 6, fill: colour, stroke: "#000", "stroke-opacity": 0.5 })),
  ];
}

/** @type {(view: View, band: BandData, columns: number) => SVGElement[]} */
function band(view, { label: text, rows: [first, stop], color }, columns) {
  const points = corners(view, [first, 0, stop - first, columns]);
  const heights = points.map((p) => p[1]), x = Math.min(Math.max(...points.map((p) => p[0])), view.width - MARK);
  const top = Math.max(Math.min(...heights), 0), bottom = Math.min(Math.max(...heights), view.height);
  const seen = bottom - top > LINE_HEIGHT; // of a band that is out of view, no name lies on another's
  return [
    shape("polygon", { points: points.map((p) => p.map(number)).join(" "), fill: "none", stroke: color, "stroke-opacity": 0.9 }),
    ...(seen ? [label(text, x - 6, top + 15, color, "end")] : []),
  ];
}

/** @type {(view: View, pixel: Pixel) => SVGElement[]} */
function crosshair(view, pixel) {
  const [x, y] = view.ofPixel(pixel), white = { stroke: "#fff", "stroke-opacity": 0.85, "stroke-width": 1 };
  /** @type {[Point, Point][]} */
  const arms = [[[x - 18, y], [x - 5, y]], [[x + 5, y], [x + 18, y]], [[x, y - 18], [x, y - 5]], [[x, y + 5], [x, y + 18]]];
  return arms.flatMap(([from, to]) => [segment(from, to, { stroke: "#000", "stroke-opacity": 0.5, "stroke-width": 3 }), segment(from, to, white)]);
}

/** Everything that lies over one pane.
 * @type {(svg: SVGElement, state: Viewer, pane: PaneView) => void} */
export function drawOverlay(svg, state, pane) {
  const { view } = state;
  /** @type {SVGElement[]} */
  const nodes = [];
  for (const each of state.data.bands) nodes.push(...band(view, each, view.columns));
  if (state.region) nodes.push(...rectangle(view, state.region, COLOURS.region, false));
  if (state.background) nodes.push(...rectangle(view, state.background, COLOURS.background, true));
  if (state.line) nodes.push(...ends(view, state.line, COLOURS.line));
  if (state.ruler) nodes.push(...ruler(view, state.ruler, state.data.spacing));
  const { pointer } = state;
  if (pointer && pointer.pane !== pane && !state.magnifier) nodes.push(...crosshair(view, pointer.pixel));
  svg.replaceChildren(...nodes);
}

/** L, R, A, P at the edges; the lower edge has other text, and its mark stands there.
 * @param {Marks | null} marks */
export function orientationMarks(marks) {
  if (!marks) return [];
  return (/** @type {const} */ (["right", "left", "top"])).map((edge) => make("span", { class: `mark ${edge}` }, marks[edge]));
}
