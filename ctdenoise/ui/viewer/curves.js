/** The live curves along the line, drawn under the pictures while it is dragged. */

import { shape } from "./dom.js";
import { distance, profile } from "./measure.js";

const HEIGHT = 150, LEFT = 52, TOP = 10, BOTTOM = 30, LINE = 14;

/** Plotly's names as SVG's lengths.
 * @type {Record<string, string>} */
export const DASHES = {
  dot: "1.5 3", dash: "7 4", longdash: "12 4", dashdot: "7 3 1.5 3", longdashdot: "12 3 1.5 3 1.5 3",
};

/** Round numbers that divide an extent into about `count` steps.
 * @type {(low: number, high: number, count: number) => number[]} */
export function ticks(low, high, count) {
  const raw = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw) ?? raw;
  /** @type {number[]} */
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++) found.push(+(i * step).toPrecision(12));
  return found;
}

/** Heights moved apart so that labels do not cover one another, in the order given.
 * @type {(heights: number[], lowest: number) => number[]} */
export function apart(heights, lowest) {
  const order = heights.map((y, i) => [y, i]).sort((p, q) => p[0] - q[0]);
  order.forEach((item, i) => { if (i) item[0] = Math.max(item[0], order[i - 1][0] + LINE); });
  for (let i = order.length - 1; i >= 0; i--)
    order[i][0] = Math.min(order[i][0], i === order.length - 1 ? lowest : order[i + 1][0] - LINE);
  /** @type {number[]} */
  const moved = [];
  for (const [y, i] of order) moved[i] = y;
  return moved;
}

/** @type {(content: string | number, attributes: Attributes) => SVGElement} */
export function text(content, attributes) {
  const node = shape("text", attributes);
  node.textContent = String(content);
  return node;
}

/** Draw the values of every pane along the viewer's line; difference maps are left out.
 * @type {(figure: HTMLElement, state: Viewer) => void} */
export function drawCurves(figure, state) {
  const { line } = state;
  const curves = state.panes.flatMap(({ picture, data }) =>
    line && picture && data.minus === null ? [{ ...data, values: profile(picture, ...line) }] : []);
  figure.hidden = curves.length === 0;
  if (!line || figure.hidden) return;
  const length = distance(...line, state.data.spacing);
  const longest = Math.max(...curves.map((curve) => curve.name.length));
  const width = figure.clientWidth, right = Math.min(42 + 6.6 * longest, width * 0.3);
  let low = Infinity, high = -Infinity;
  for (const { values } of curves) for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  const margin = Math.max((high - low) * 0.06, state.unit.step);
  low -= margin;
  high += margin;
  const plotWidth = width - LEFT - right, plotHeight = HEIGHT - TOP - BOTTOM;
  /** @param {number} t 0 to 1 along the line */
  const x = (t) => LEFT + t * plotWidth;
  /** @param {number} value */
  const y = (value) => TOP + ((high - value) / (high - low)) * plotHeight;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": "Values along the line" });
  for (const value of ticks(low, high, 4))
    svg.append(
      shape("line", { x1: LEFT, x2: LEFT + plotWidth, y1: y(value), y2: y(value), class: "gridline" }),
      text(value, { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }),
    );
  for (const value of ticks(0, length, 8))
    svg.append(text(value, { x: x(value / (length || 1)), y: HEIGHT - BOTTOM + 14, "text-anchor": "middle" }));
  svg.append(
    text(`Distance along the line (${state.data.spacing ? "mm" : "pixels"})`, { x: LEFT + plotWidth / 2, y: HEIGHT - 3, "text-anchor": "middle" }),
    text(state.unit.name || "Value", { x: 4, y: TOP + 4, class: "axis" }),
  );
  const labels = apart(curves.map(({ values }) => y(values[values.length - 1])), HEIGHT - BOTTOM);
  curves.forEach(({ name, color, dash, values }, i) => {
    const last = values.length - 1;
    const points = Array.from(values, (value, j) => `${x(j / last).toFixed(1)},${y(value).toFixed(1)}`);
    const stroke = { stroke: color, "stroke-dasharray": DASHES[dash], "stroke-width": 1.75, fill: "none" };
    const start = LEFT + plotWidth;
    svg.append(
      shape("polyline", { ...stroke, points: points.join(" "), "data-testid": `viewer-curve-${i}` }),
      shape("line", { ...stroke, "stroke-width": 2.5, x1: start + 8, x2: start + 32, y1: labels[i], y2: labels[i] }),
      text(name, { x: start + 36, y: labels[i] + 4, class: "name" }),
    );
  });
  figure.replaceChildren(svg);
}
