/**
 * Below the pictures: what belongs to the frame in view, its figures, the curves over all frames
 * with a mark at it, and a table. The viewer's frame is the only one there is, so that picture,
 * figures and mark cannot tell of different ones.
 */

import { DASHES, text, ticks } from "./curves.js";
import { make, shape } from "./dom.js";
import { clamp } from "./unit.js";

const PLOT = { height: 150, left: 58, right: 14, top: 8, bottom: 34 };
const APART = 16; // pixels between two ticks

/** Readable numbers on a log axis: round ones where it spans little, else 1, 2, 5 or powers of ten.
 * @type {(low: number, high: number, count: number) => number[]} */
export function logTicks(low, high, count) {
  const decades = Math.log10(high / low);
  if (decades < 1) return ticks(low, high, 2 * count).filter((value) => value > 0);
  const every = Math.ceil(decades / count), first = Math.floor(Math.log10(low));
  const between = decades <= 2 ? [1, 2, 5] : [1];
  const powers = Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => first + i);
  return powers
    .filter((power) => power % every === 0)
    .flatMap((power) => between.map((lead) => Number(`${lead}e${power}`)))
    .filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

/** A number as axes and legends say it.
 * @param {number} value */
export function spoken(value) {
  const size = Math.abs(value);
  if (size && (size < 1e-4 || size >= 1e7)) return Number(value.toPrecision(3)).toExponential().replace("e+", "e");
  return value.toLocaleString("en-US", { maximumSignificantDigits: size >= 100 ? Math.ceil(Math.log10(size + 1)) : 3 });
}

export class Readout {
  /** @param {Viewer} state @param {HTMLElement} element */
  constructor(state, element) {
    this.state = state;
    this.element = element;
    this.label = make("strong", { "data-testid": "viewer-readout-label" });
    this.newest = make(
      "button",
      { type: "button", class: "newest", "data-testid": "viewer-newest", onclick: () => (state.player.stop(), state.setFrame(state.frames - 1)) },
      "Show the newest",
    );
    this.remark = make("p", { class: "remark" });
    this.figures = make("dl", { class: "figures", "data-testid": "viewer-figures" });
    this.summary = make("summary");
    this.table = make("table", { "data-testid": "viewer-table" });
    this.note = make("p", { class: "remark" });
    this.details = make("details", {}, this.summary, make("div", { class: "scrolled" }, this.table), this.note);
    this.charts = (state.data.readout?.charts ?? []).map((_, i) => this.chart(i));
    element.hidden = !state.data.readout;
    element.replaceChildren(
      this.remark,
      make("div", { class: "told" }, make("div", { class: "heading" }, this.label, this.newest), this.figures),
      make("div", { class: "charts" }, ...this.charts.map(({ whole }) => whole)),
      this.details,
    );
    this.width = 0;
    new ResizeObserver(() => this.width !== element.clientWidth && this.draw()).observe(element);
  }

  /** A chart whose every place can be clicked: that frame is shown.
   * @param {number} i */
  chart(i) {
    const title = make("strong"), legend = make("div", { class: "legend" });
    const plot = make("div", { class: "plot", "data-testid": `viewer-chart-${i}` });
    /** @param {PointerEvent} event */
    const choose = (event) => {
      const at = this.state.data.readout?.at ?? [], box = plot.getBoundingClientRect();
      const { low, high } = this.across(), inside = box.width - PLOT.left - PLOT.right;
      const wanted = low + ((event.clientX - box.left - PLOT.left) / inside) * (high - low);
      const near = at.reduce((best, value, k) => (Math.abs(value - wanted) < Math.abs(at[best] - wanted) ? k : best), 0);
      this.state.player.stop();
      this.state.setFrame(near);
    };
    plot.onpointerdown = (event) => {
      plot.setPointerCapture(event.pointerId);
      plot.onpointermove = choose;
      choose(event);
    };
    plot.onpointerup = plot.onpointercancel = () => (plot.onpointermove = null);
    return { title, legend, plot, whole: make("div", { class: "chart" }, title, legend, plot) };
  }

  /** What the charts cover from left to right. */
  across() {
    const { at, end } = /** @type {ReadoutData} */ (this.state.data.readout);
    return { low: at[0], high: Math.max(end, at[at.length - 1], at[0] + 1) };
  }

  draw() {
    const { frame, frames, data } = this.state, { readout } = data;
    if (!readout) return;
    this.width = this.element.clientWidth;
    this.label.textContent = data.labels?.[frame] ?? String(frame + 1);
    this.newest.hidden = !data.follow || frame === frames - 1;
    this.remark.textContent = readout.remarks[frame] ?? "";
    this.remark.hidden = !this.remark.textContent;
    this.figures.replaceChildren(
      ...readout.figures.map(({ title, help, values, notes }) =>
        make("div", { title: help }, make("dt", {}, title), make("dd", {}, make("strong", {}, values[frame]), notes[frame] ?? ""))),
    );
    readout.charts.forEach((chart, i) => this.drawChart(chart, this.charts[i], readout));
    this.drawTable(readout.table);
  }

  /** @param {TableData | null} table each cell with a text a frame, or one for all */
  drawTable(table) {
    this.details.hidden = !table;
    if (!table) return;
    this.summary.textContent = table.title;
    this.note.textContent = table.note;
    this.table.replaceChildren(
      make("tr", {}, ...table.head.map((title) => make("th", {}, title))),
      ...table.rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell[this.state.frame] ?? cell[0])))),
    );
  }

  /** @type {(chart: ChartData, parts: { title: HTMLElement, legend: HTMLElement, plot: HTMLElement }, readout: ReadoutData) => void} */
  drawChart({ title, log, curves }, parts, { at, across }) {
    const { frame } = this.state, width = parts.plot.clientWidth;
    parts.title.textContent = title;
    parts.legend.replaceChildren(
      ...curves.map(({ name, color, dash, values }) => {
        const key = shape("svg", { width: 26, height: 8, "aria-hidden": "true" }, shape("line", { x1: 0, x2: 26, y1: 4, y2: 4, ...stroke(color, dash) }));
        const value = values[frame];
        return make("span", {}, key, value === null ? name : `${name} ${spoken(value)}`);
      }),
    );
    const drawn = curves.flatMap(({ values }) => values.filter((value) => value !== null && (!log || value > 0)));
    const whole = /** @type {number[]} */ (drawn);
    if (!width || !whole.length) return parts.plot.replaceChildren();
    const { low, high } = this.across(), [bottom, top] = extent(whole, log);
    const inside = width - PLOT.left - PLOT.right, tall = PLOT.height - PLOT.top - PLOT.bottom;
    /** @param {number} value */
    const scale = (value) => (log ? Math.log10(value) : value);
    /** @param {number} value */
    const x = (value) => PLOT.left + ((value - low) / (high - low)) * inside;
    /** @param {number} value */
    const y = (value) => PLOT.top + ((scale(top) - scale(value)) / (scale(top) - scale(bottom))) * tall;
    const svg = shape("svg", { width, height: PLOT.height, role: "img", "aria-label": `${title}: ${parts.legend.textContent}` });
    let below = Infinity;
    for (const value of (log ? logTicks : ticks)(bottom, top, 4)) {
      if (below - y(value) < APART) continue;
      below = y(value);
      svg.append(
        shape("line", { x1: PLOT.left, x2: PLOT.left + inside, y1: below, y2: below, class: "gridline" }),
        text(spoken(value), { x: PLOT.left - 6, y: below + 4, "text-anchor": "end" }),
      );
    }
    for (const value of ticks(low, high, clamp(Math.floor(inside / 44), [1, 8])).filter(Number.isInteger))
      svg.append(text(spoken(value), { x: x(value), y: PLOT.height - PLOT.bottom + 15, "text-anchor": "middle" }));
    svg.append(text(across, { x: PLOT.left + inside / 2, y: PLOT.height - 4, "text-anchor": "middle" }));
    const mark = x(at[frame]);
    svg.append(shape("line", { x1: mark, x2: mark, y1: PLOT.top, y2: PLOT.height - PLOT.bottom, class: "mark-line", "data-testid": "viewer-mark", "data-at": at[frame] }));
    for (const { color, dash, values } of curves) {
      const there = (/** @type {number | null} */ value) => value !== null && (!log || value > 0);
      const points = values.flatMap((value, i) => (value !== null && there(value) ? [`${x(at[i]).toFixed(1)},${y(value).toFixed(1)}`] : []));
      svg.append(shape("polyline", { points: points.join(" "), fill: "none", ...stroke(color, dash) }));
      const here = values[frame];
      if (here !== null && there(here)) svg.append(shape("circle", { cx: mark, cy: y(here), r: 4, fill: color, class: "dot" }));
    }
    parts.plot.replaceChildren(svg);
  }
}

/** @type {(color: string, dash: string) => Attributes} */
function stroke(color, dash) {
  return { stroke: color, "stroke-dasharray": DASHES[dash], "stroke-width": 2 };
}

/** What an axis covers: all values, with a little air.
 * @type {(values: number[], log: boolean) => [low: number, high: number]} */
function extent(values, log) {
  const low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
  if (log) return [low / 1.08, high * 1.08];
  const air = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - air, high + air];
}
