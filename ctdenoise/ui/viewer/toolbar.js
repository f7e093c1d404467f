/** Tools, presets, level and width above the pictures; hints and choices of the tool below. */

import { iconButton, make } from "./dom.js";
import { automaticWindow } from "./measure.js";
import { showButton } from "./showing.js";

/** What each tool does, and its key.
 * @type {Record<string, [tip: string, key: string]>} */
const TIPS = {
  window: ["Window: drag right for a wider, down for a darker one", "w"],
  zoom: ["Zoom and pan: the wheel zooms, dragging moves", "z"],
  distance: ["Distance: drag between two points", "d"],
  line: ["Line: drag across the pictures for the values along it", "l"],
  region: ["Region: drag a rectangle for mean and SD", "g"],
  point: ["Point: click on the place that is asked for", "x"],
  magnifier: ["Magnifier at the same place of every picture", "m"],
  curtain: ["Curtain: two pictures over each other", "c"],
};
/** @type {Record<string, string>} */
const HINTS = {
  window: "Drag on a picture: right widens the window, down darkens. The right button does this with every tool.",
  zoom: "The wheel zooms at the pointer, dragging moves, a double click shows the whole picture.",
  distance: "Drag between two points to read their distance; drag an end to correct it.",
  line: "Drag a line across an edge; then move it, or one of its ends.",
  region: "Drag a rectangle; move it by its middle, resize it by a corner.",
  point: "Click on the place, or move the mark with the arrow keys.",
};
const OWN_UNIT = "These pictures are not in HU, so the soft tissue, bone and lung windows are off.";

export class Toolbar {
  /**
   * @param {Viewer} state
   * @param {HTMLElement} element
   * @param {HTMLElement} options
   * @param {HTMLElement} help
   */
  constructor(state, element, options, help) {
    this.state = state;
    this.options = options;
    this.help = help;
    this.tools = Object.keys(TIPS).filter((name) => state.offers(name)).map((name) => ({ name, button: this.tool(name) }));
    /** @type {[string, LevelWidth | null][]} */
    const windows = [...Object.entries(state.data.presets), ["auto", null]];
    this.presets = windows.map(([name, window], i) => this.preset(name, window, i + 1));
    this.level = this.control("Level", "viewer-level", (level) => state.setWindow(level, state.width), (x) => x, (x) => x);
    this.width = this.control("Width", "viewer-width", (width) => state.setWindow(state.level, width), Math.exp, Math.log);
    this.range(...state.range);
    element.replaceChildren(
      make("div", { class: "group" }, ...this.tools.map(({ button }) => button)),
      make("div", { class: "group presets" }, ...this.presets.map(({ button }) => button)),
      make("div", { class: "group" }, ...this.level.nodes, ...this.width.nodes),
      make(
        "div", { class: "group end" },
        ...showButton(state),
        iconButton("reset", "Whole picture and first window", "r", () => state.reset(), "viewer-reset"),
        iconButton("fullscreen", "Full screen, and back", "f", () => state.fullScreen.toggle(), "viewer-fullscreen"),
        iconButton("present", "Present: the whole screen, large type, no tools", "s", () => state.fullScreen.present(), "viewer-present"),
        iconButton("help", "How to use the viewer", "?", () => (help.hidden = !help.hidden), "viewer-help"),
      ),
    );
  }

  /** @param {string} name */
  tool(name) {
    const [tip, key] = TIPS[name];
    return iconButton(name, tip, key, () => this.state.choose(name), `viewer-tool-${name}`);
  }

  /** @type {(name: string, window: LevelWidth | null, key: number) => { window: LevelWidth | null, button: HTMLElement }} */
  preset(name, window, key) {
    const tip = window ? `Level ${window[0]}, width ${window[1]} (${key})` : `Mean ± 3 SD of the first picture (${key})`;
    const onclick = () => this.state.usePreset(key - 1);
    const button = make("button", { type: "button", class: "preset", "data-tip": tip, "data-testid": `viewer-preset-${name}`, onclick }, name);
    return { window, button };
  }

  /**
   * A slider and a number for one quantity; the slider's scale goes through `from` and `to`.
   *
   * @param {string} name
   * @param {string} testid
   * @param {(value: number) => void} change
   * @param {(position: number) => number} from
   * @param {(value: number) => number} to
   */
  control(name, testid, change, from, to) {
    const end = () => this.state.reportWindow();
    /** @param {number} value */
    const set = (value) => Number.isFinite(value) && change(value);
    /** @type {HTMLInputElement} */
    const slider = make("input", {
      type: "range", step: "any", "aria-label": name, "data-testid": `${testid}-slider`,
      oninput: () => set(from(Number(slider.value))), onchange: end,
    });
    /** @type {HTMLInputElement} */
    const number = make("input", {
      type: "number", step: this.state.unit.step, "aria-label": name, "data-testid": testid,
      oninput: () => number.value !== "" && set(Number(number.value)), onchange: end,
    });
    /** @param {number} value */
    const show = (value) => {
      slider.value = String(to(value));
      const low = Number(slider.min), high = Number(slider.max);
      slider.style.setProperty("--part", `${(100 * (slider.valueAsNumber - low)) / (high - low)}%`);
      if (!number.matches(":focus")) number.value = String(this.state.unit.round(value));
    };
    return { slider, show, nodes: [make("label", { class: "quantity" }, name, slider, number)] };
  }

  /** Let the sliders cover values from `low` to `high`.
   * @type {(low: number, high: number) => void} */
  range(low, high) {
    this.level.slider.min = String(low);
    this.level.slider.max = String(high);
    const narrowest = this.state.unit.step;
    this.width.slider.min = String(Math.log(narrowest));
    this.width.slider.max = String(Math.log(Math.max(2 * (high - low), 10 * narrowest)));
    this.draw();
  }

  /** The window of a preset, by its place; null where there is none.
   * @type {(index: number) => LevelWidth | null} */
  windowOf(index) {
    const preset = this.presets[index];
    if (!preset) return null;
    const picture = this.state.panes.find((pane) => pane.picture && !pane.isDifference)?.picture;
    return preset.window ?? (picture ? automaticWindow(picture, this.state.unit.air) : null);
  }

  draw() {
    const { level, width } = this.state;
    this.level.show(level);
    this.width.show(width);
    for (const { window, button } of this.presets)
      button.setAttribute("aria-pressed", String(window?.[0] === level && window[1] === width));
  }

  /** Which tool is in hand, and what can be chosen with it. */
  drawTools() {
    const { state } = this;
    for (const { name, button } of this.tools) {
      const on = name === "magnifier" ? state.magnifier : name === "curtain" ? state.curtain.on : state.tool === name;
      button.setAttribute("aria-pressed", String(on));
      if (name === "curtain") button.disabled = state.panes.length < 2;
    }
    /** @type {HTMLElement[]} */
    const parts = [make("span", { class: "hint" }, HINTS[state.tool])];
    if (!state.unit.isHu) parts.push(make("span", { class: "hint", "data-testid": "viewer-own-unit" }, OWN_UNIT));
    if (state.tool === "region") {
      /** @type {(name: "region" | "background", text: string) => HTMLElement} */
      const choice = (name, text) => make(
        "button",
        { type: "button", "aria-pressed": String(state.regionInHand === name), "data-testid": `viewer-choose-${name}`, onclick: () => state.takeRegion(name) },
        make("i", { class: `swatch ${name}` }), text,
      );
      parts.push(choice("region", "Region"), choice("background", "Background for CNR"));
    }
    if (state.hasDrawing())
      parts.push(make("button", { type: "button", onclick: () => state.clearDrawing(), "data-testid": "viewer-clear" }, "Clear"));
    if (state.curtain.on) parts.push(...state.curtain.choices());
    this.options.replaceChildren(...parts);
    this.drawHelp();
  }

  drawHelp() {
    const many = this.state.frames > 1;
    const rows = [
      ["f", "full screen, and back"],
      ["s", "present, for a projector: the whole screen, large type, no tools; all keys go on working"],
      ["Esc", "leave the full screen; on the page: clear what the tool has drawn"],
      ["Left drag", "the tool in hand"],
      ["Right drag", "window: right widens, down darkens"],
      ["Wheel", many ? "next and previous frame" : "zoom at the pointer"],
      ...(many ? [["Ctrl + wheel", "zoom at the pointer"]] : []),
      ["Middle drag, Shift or Space + drag", "move the picture"],
      ["Double click", "whole picture"],
      ...(many ? [["← → Home End", "frames"], ["p", "play or stop"]] : []),
      ["+ − r", "zoom in, out, reset"],
      [`1 – ${this.presets.length}`, "window presets"],
      ["Enter", "ruler, line or region in the middle of the picture"],
      ["Shift + arrows, [ ]", "move it, make it smaller or larger"],
      ...this.tools.map(({ name }) => [TIPS[name][1], TIPS[name][0].split(":")[0].toLowerCase()]),
    ];
    this.help.replaceChildren(
      make("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => (this.help.hidden = true) }, "×"),
      make("dl", {}, ...rows.flatMap(([key, what]) => [make("dt", {}, key), make("dd", {}, what)])),
    );
  }
}
