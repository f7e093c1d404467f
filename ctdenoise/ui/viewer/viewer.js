/** One viewer on the page: what it shows, what a person has set, and when it is drawn again. */

import { Curtain } from "./curtain.js";
import { drawCurves } from "./curves.js";
import { Dials } from "./dials.js";
import { FullScreen } from "./fullscreen.js";
import { radiological, View } from "./geometry.js";
import { attachKeyboard } from "./keyboard.js";
import { arranged, GAP } from "./layout.js";
import { Loader } from "./loader.js";
import { GreyTable } from "./lut.js";
import { extremes } from "./measure.js";
import { PaneView } from "./pane.js";
import { Player } from "./player.js";
import { Presenting } from "./presenting.js";
import { Readout } from "./readout.js";
import { applySetting } from "./setting.js";
import { Toolbar } from "./toolbar.js";
import { attachTools } from "./tools.js";
import { clamp, Unit } from "./unit.js";

const CAPTION = 24, LARGE_CAPTION = 40; // as high as in viewer.css
const ALL = ["pixels", "place", "overlay", "numbers", "window", "frame", "dials", "tools", "curves"];

export class Viewer {
  /** @param {HTMLElement} parent which holds viewer.html */
  constructor(parent) {
    /** @type {(name: string) => HTMLElement} */ this.part = (name) => /** @type {HTMLElement} */ (parent.querySelector(`.${name}`));
    this.root = this.part("viewer");
    this.stage = this.part("stage");
    this.grid = this.part("grid");
    this.figure = this.part("curves");
    this.help = this.part("help");
    this.view = new View();
    this.table = new GreyTable();
    this.differenceTable = new GreyTable();
    this.loader = new Loader(this);
    this.fullScreen = new FullScreen(this.root, () => this.layout());
    this.presenting = new Presenting(this);
    /** @type {PaneView[]} */ this.panes = [];
    /** @type {Set<string>} */ this.due = new Set(); // those of ALL that the next draw() draws
    this.tool = "window";
    this.magnifier = this.spaceHeld = false;
    this.led = false; // by a teacher: nothing is set by hand
    /** @type {"region" | "background"} */ this.regionInHand = "region";
    /** @type {Ends | null} */ this.line = null;
    /** @type {Ends | null} */ this.ruler = null;
    /** @type {Pixel | null} */ this.point = null;
    /** @type {Region | null} */ this.region = null;
    /** @type {Region | null} */ this.background = null;
    /** @type {{ pane: PaneView, pixel: Pixel } | null} */ this.pointer = null;
    /** @type {Record<string, string>} */ this.reported = {}; // what Python heard last, as JSON
    this.measured = false;
    /** @type {number | undefined} */ this.request = undefined;
    this.call = {}; // the latest of Streamlit's calls, see main.js
    // From here on: set by the first update().
    /** @type {ViewerData} */ this.data;
    /** @type {Component["setStateValue"]} */ this.send;
    /** @type {Curtain} */ this.curtain;
    /** @type {Toolbar} */ this.toolbar;
    /** @type {Player} */ this.player;
    /** @type {Dials} */ this.dials;
    /** @type {Readout} */ this.readout;
    /** @type {Unit} */ this.unit;
    /** @type {Interval} */ this.range; // what the sliders cover
    /** @type {Turn} */ this.turn;
    /** @type {number[]} */ this.dial;
    /** @type {number} */ this.frame;
    /** @type {number} */ this.frames;
    /** @type {number} */ this.level;
    /** @type {number} */ this.width;
    /** @type {number} */ this.difference; // width of its window
    this.resizing = new ResizeObserver(() => this.layout());
    attachKeyboard(this);
  }

  /** Take what Python sent; called at the start and again at every rerun that changes anything.
   * @param {Component} component */
  update({ data: [data], setStateValue }) {
    /** @type {ViewerData | undefined} */
    const before = this.data;
    this.send = setStateValue;
    if (before && JSON.stringify(before) === JSON.stringify(data)) return;
    this.data = data;
    const follows = before && data.follow && this.frame === this.frames - 1;
    this.frames = Math.max(...data.panes.map((pane) => pane.frames.length));
    if (!before || (!data.follow && before.frame !== data.frame)) this.frame = data.frame;
    if (follows) this.frame = this.frames - 1;
    this.frame = Math.min(Math.max(this.frame, 0), this.frames - 1);
    if (!before || String(before.window) !== String(data.window)) [this.level, this.width] = data.window;
    if (!before || String(before.dial) !== String(data.dial)) this.dial = data.dial;
    if (!before || String(before.point) !== String(data.point)) this.point = data.point;
    if (!before && data.tools.includes("point")) this.tool = "point";
    if (!before || String(before.view) !== String(data.view)) this.view.setHome(data.view);
    if (!before || before.unit !== data.unit) {
      this.unit = new Unit(data);
      this.range = this.unit.slider;
    }
    this.difference ??= data.difference;
    this.build(before);
    this.presenting.take(data.presenting);
    const { turn, marks } = radiological(data.orientation);
    this.turn = turn;
    this.panes.forEach((pane, i) => pane.describe(data.panes[i], marks));
    this.curtain.apply();
    if (!before && data.setting) applySetting(this, data.setting);
    this.loader.load();
    this.refresh(...ALL);
  }

  /** Make the parts anew where their number or kind has changed.
   * @param {ViewerData | undefined} before */
  build(before) {
    /** @param {ViewerData} data */
    const shape = ({ panes, tools, presets, unit, dials, readout, showing }) =>
      JSON.stringify([panes.length, tools, presets, unit, dials, readout?.charts.length, showing]);
    if (before && shape(before) === shape(this.data)) return;
    this.player?.stop();
    this.panes = this.data.panes.map((data, i) => new PaneView(this, i, data));
    this.panes.forEach((pane) => attachTools(this, pane));
    this.grid.replaceChildren(...this.panes.map((pane) => pane.element));
    if (!this.offers(this.tool)) this.tool = "window";
    this.root.classList.toggle("bare", !this.data.tools.length);
    this.curtain = new Curtain(this, this.part("handle"));
    this.toolbar = new Toolbar(this, this.part("toolbar"), this.part("options"), this.help);
    this.player = new Player(this, this.part("player"));
    this.dials = new Dials(this, this.part("dials"));
    this.readout = new Readout(this, this.part("readout"));
    this.resizing.observe(this.stage);
  }

  /** @param {string} tool */
  offers(tool) {
    return this.data.tools.includes(tool);
  }

  destroy() {
    this.resizing.disconnect();
    this.player?.stop();
    this.loader.stop();
    this.presenting.take(null);
    if (this.request) cancelAnimationFrame(this.request);
  }

  // Pictures

  /** A pane has a picture of the frame; a `rough` one stands in for one that is still to come.
   * @type {(pane: PaneView, picture: Picture, rough: boolean) => void} */
  arrived(pane, picture, rough) {
    const fresh = picture.rows !== this.view.rows || picture.columns !== this.view.columns || !this.measured;
    this.view.setImage(picture.rows, picture.columns, this.data.spacing, this.turn);
    pane.show(picture, rough);
    if (fresh) this.measure(picture);
    this.refresh("pixels", "place", "overlay", "numbers", "curves");
  }

  /** The first picture of a size: sliders for its range, and no drawing outside it.
   * @param {Picture} picture */
  measure(picture) {
    this.measured = true;
    if (!this.unit.isHu) {
      const [low, high] = extremes(picture);
      this.range = [Math.min(low, this.range[0]), Math.max(high, this.range[1])];
      this.toolbar.range(...this.range);
    }
    /** @type {(row: number, column: number) => boolean} */
    const inside = (row, column) => row < picture.rows && column < picture.columns;
    /** @param {Ends | null} line */
    const kept = (line) => (line?.every((end) => inside(...end)) ? line : null);
    /** @param {Region | null} area */
    const whole = (area) => (area && inside(area[0] + area[2] - 1, area[1] + area[3] - 1) ? area : null);
    this.line = kept(this.line);
    this.ruler = kept(this.ruler);
    this.region = whole(this.region);
    this.background = whole(this.background);
    this.layout();
  }

  // What a person sets

  /** @param {number} frame */
  setFrame(frame) {
    const inside = Math.min(Math.max(frame, 0), this.frames - 1);
    if (inside === this.frame) return;
    this.frame = inside;
    this.loader.load();
    this.refresh("frame");
  }

  /** @param {number[]} positions 0 to 1, one a dial */
  setDial(positions) {
    this.dial = positions;
    this.loader.show();
    this.refresh("dials");
  }

  /** @type {(level: number, width: number) => void} */
  setWindow(level, width) {
    const { unit } = this;
    this.level = unit.round(clamp(level, unit.levels));
    this.width = unit.round(clamp(width, unit.widths));
    this.refresh("pixels", "window");
  }

  /** @param {number} width */
  setDifference(width) {
    this.difference = clamp(width, this.unit.differences);
    this.refresh("pixels", "window");
  }

  /** @param {number} index */
  usePreset(index) {
    const window = this.toolbar.windowOf(index);
    if (!window) return;
    this.setWindow(...window);
    this.reportWindow();
  }

  /** @type {(name: "line" | "ruler", line: Ends | null) => void} */
  setLine(name, line) {
    this[name] = line;
    this.refresh("overlay", ...(name === "line" ? ["curves"] : []));
  }

  /** @type {(name: "region" | "background", area: Region | null) => void} */
  setRegion(name, area) {
    this[name] = area;
    this.refresh("overlay", "numbers");
  }

  /** @param {"region" | "background"} name */
  takeRegion(name) {
    this.regionInHand = name;
    this.refresh("tools");
  }

  /** @type {(pane: PaneView, x: number, y: number) => void} */
  setPointer(pane, x, y) {
    this.pointer = { pane, pixel: this.view.toPixel(x, y) };
    this.refresh("overlay", "numbers");
  }

  clearPointer() {
    this.pointer = null;
    this.refresh("overlay", "numbers");
  }

  /** @param {string} tool */
  choose(tool) {
    if (!this.offers(tool)) return;
    if (tool === "magnifier") this.magnifier = !this.magnifier;
    else if (tool === "curtain") this.curtain.toggle();
    else this.tool = tool;
    this.refresh("tools", "overlay");
  }

  /** @type {(factor: number, x: number, y: number) => void} */
  zoomAt(factor, x, y) {
    this.view.zoomAt(factor, x, y);
    this.refresh("place", "overlay");
  }

  resetView() {
    this.view.reset();
    this.refresh("place", "overlay");
  }

  reset() {
    this.resetView();
    this.difference = this.data.difference;
    this.setWindow(...this.data.window);
    this.reportWindow();
  }

  /** Whether the tool in hand has drawn anything. */
  hasDrawing() {
    /** @type {Record<string, unknown>} */
    const drawn = { distance: this.ruler, line: this.line, region: this.region ?? this.background };
    return Boolean(drawn[this.tool]);
  }

  clearDrawing() {
    if (this.tool === "distance") this.ruler = null;
    if (this.tool === "line") this.line = null;
    if (this.tool === "region") this.region = this.background = null;
    this.reportLine();
    this.reportRegions();
    this.refresh("overlay", "numbers", "curves");
  }

  // What Python hears: on release only, and only what has changed

  /** @type {(name: string, value: unknown) => void} */
  report(name, value) {
    const text = JSON.stringify(value);
    if (!this.data.report.includes(name) || (this.reported[name] ?? "null") === text) return;
    this.reported[name] = text;
    this.send(name, value);
  }

  reportFrame() {
    this.reported.frame ??= JSON.stringify(this.data.frame);
    this.report("frame", this.frame);
  }

  reportDial() {
    this.reported.dial ??= JSON.stringify(this.data.dial);
    this.report("dial", this.dial);
  }

  reportWindow() {
    this.reported.window ??= JSON.stringify(this.data.window);
    this.report("window", [this.level, this.width]);
  }

  reportLine() {
    this.report("line", this.line && this.line.flat().map((value) => Math.round(value * 100) / 100));
    this.refresh("tools");
  }

  reportRegions() {
    this.report("region", this.region);
    this.report("background", this.background);
    this.refresh("tools");
  }

  // Drawing

  layout() {
    const width = this.grid.clientWidth;
    if (!width || !this.data) return;
    const { on: full, presenting } = this.fullScreen, caption = presenting ? LARGE_CAPTION : CAPTION;
    const size = arranged({
      count: this.curtain.on ? 1 : this.panes.length, extent: this.view.extent, asked: this.curtain.on ? 1 : this.data.columns,
      width, most: this.data.height, height: full ? this.stage.clientHeight - 2 * GAP : null, caption,
    });
    this.grid.style.gridTemplateColumns = `repeat(${size.columns}, ${size.width}px)`;
    this.grid.style.gridAutoRows = `${size.height + caption}px`;
    this.root.classList.toggle("tight", size.width < 260);
    this.view.width = size.width;
    this.view.height = size.height;
    this.refresh("place", "overlay", "curves");
  }

  /** Ask for parts to be drawn with the next frame of the screen, however often they change.
   * @param {string[]} parts of ALL */
  refresh(...parts) {
    for (const part of parts) this.due.add(part);
    if (this.due.size) this.request ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    const due = this.due;
    this.due = new Set();
    this.request = undefined;
    if (due.has("pixels")) this.paint(due.has("window"));
    if (due.has("place")) this.panes.forEach((pane) => pane.place());
    if (due.has("overlay")) this.panes.forEach((pane) => pane.drawOverlay());
    if (due.has("numbers")) this.panes.forEach((pane) => pane.drawNumbers());
    if (due.has("window")) {
      this.toolbar.draw();
      this.panes.forEach((pane) => pane.drawWindow());
    }
    if (due.has("frame")) this.player.draw();
    if (due.has("dials")) this.dials.draw();
    if (due.has("frame")) this.readout.draw();
    if (due.has("tools")) this.toolbar.drawTools();
    if (due.has("tools")) this.root.dataset.tool = this.tool;
    if (due.has("curves")) drawCurves(this.figure, this);
    if (due.has("frame") || due.has("pixels"))
      this.panes.forEach((pane) => pane.canvas.setAttribute("aria-label", `${pane.data.name}, ${this.player.label.textContent}`));
    this.presenting.look();
  }

  /** All panes if the window has changed, else those with a new picture.
   * @param {boolean} all */
  paint(all) {
    this.table.set(this.level, this.width);
    this.differenceTable.set(0, this.difference);
    for (const pane of this.panes)
      if (all || pane.stale) pane.paint(pane.isDifference ? this.differenceTable : this.table);
  }
}
