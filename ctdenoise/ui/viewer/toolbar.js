/** Tools, presets, level and width above the pictures; hints and choices of the tool below. */

import { iconButton, make } from "./dom.js";
import { automaticWindow } from "./measure.js";

const TIPS = {
  window: ["Window: drag right for a wider, down for a darker one", "w"],
  zoom: ["Zoom and pan: the wheel zooms, dragging moves", "z"],
  distance: ["Distance: drag between two points", "d"],
  line: ["Line: drag across the pictures for the values along it", "l"],
  region: ["Region: drag a rectangle for mean and SD", "g"],
  magnifier: ["Magnifier at the same place of every picture", "m"],
  curtain: ["Curtain: two pictures over each other", "c"],
};
const HINTS = {
  window: "Drag on a picture: right widens the window, down darkens. The right button does this with every tool.",
  zoom: "The wheel zooms at the pointer, dragging moves, a double click shows the whole picture.",
  distance: "Drag between two points to read their distance; drag an end to correct it.",
  line: "Drag a line across an edge; then move it, or one of its ends.",
  region: "Drag a rectangle; move it by its middle, resize it by a corner.",
};
const OWN_UNIT = "These pictures are not in HU, so the soft tissue, bone and lung windows are off.";

export class Toolbar {
  constructor(state, element, options, help) {
    Object.assign(this, { state, options, help });
    this.tools = Object.keys(TIPS).filter((name) => state.offers(name)).map((name) => [name, this.tool(name)]);
    this.presets = [...Object.entries(state.data.presets), ["auto", null]].map(([name, window], i) => this.preset(name, window, i + 1));
    this.level = this.control("Level", "viewer-level", (level) => state.setWindow(level, state.width), (x) => x, (x) => x);
    this.width = this.control("Width", "viewer-width", (width) => state.setWindow(state.level, width), Math.exp, Math.log);
    this.range(...state.range);
    element.replaceChildren(
      make("div", { class: "group" }, ...this.tools.map(([, button]) => button)),
      make("div", { class: "group presets" }, ...this.presets.map(({ button }) => button)),
      make("div", { class: "group" }, ...this.level.nodes, ...this.width.nodes),
      make(
        "div", { class: "group end" },
        iconButton("reset", "Whole picture and first window", "r", () => state.reset(), "viewer-reset"),
        iconButton("fullscreen", "Full screen", "f", () => state.fullscreen()),
        iconButton("help", "How to use the viewer", "?", () => (help.hidden = !help.hidden), "viewer-help"),
      ),
    );
  }

  tool(name) {
    const [tip, key] = TIPS[name];
    return iconButton(name, tip, key, () => this.state.choose(name), `viewer-tool-${name}`);
  }

  preset(name, window, key) {
    const tip = window ? `Level ${window[0]}, width ${window[1]} (${key})` : `Mean ± 3 SD of the first picture (${key})`;
    const onclick = () => this.state.usePreset(key - 1);
    const button = make("button", { type: "button", class: "preset", "data-tip": tip, "data-testid": `viewer-preset-${name}`, onclick }, name);
    return { name, window, button };
  }

  /** A slider and a number for one quantity; the slider's scale goes through `from` and `to`. */
  control(name, testid, change, from, to) {
    const end = () => this.state.reportWindow();
    const set = (value) => Number.isFinite(value) && change(value);
    const slider = make("input", {
      type: "range", step: "any", "aria-label": name, "data-testid": `${testid}-slider`,
      oninput: () => set(from(Number(slider.value))), onchange: end,
    });
    const number = make("input", {
      type: "number", step: this.state.unit.step, "aria-label": name, "data-testid": testid,
      oninput: () => number.value !== "" && set(Number(number.value)), onchange: end,
    });
    const show = (value) => {
      slider.value = to(value);
      const part = (slider.value - slider.min) / (slider.max - slider.min);
      slider.style.setProperty("--part", `${100 * part}%`);
      if (number !== number.getRootNode().activeElement) number.value = this.state.unit.round(value);
    };
    return { slider, show, to, nodes: [make("label", { class: "quantity" }, name, slider, number)] };
  }

  /** Let the sliders cover values from `low` to `high`. */
  range(low, high) {
    this.level.slider.min = low;
    this.level.slider.max = high;
    const narrowest = this.state.unit.step;
    this.width.slider.min = Math.log(narrowest);
    this.width.slider.max = Math.log(Math.max(2 * (high - low), 10 * narrowest));
    this.draw();
  }

  windowOf(index) {
    const preset = this.presets[index];
    if (!preset) return null;
    const first = this.state.panes.find((pane) => pane.picture && !pane.isDifference);
    return preset.window ?? (first ? automaticWindow(first.picture, this.state.unit.air) : null);
  }

  draw() {
    const { level, width } = this.state;
    this.level.show(level);
    this.width.show(width);
    for (const { window, button } of this.presets)
      button.setAttribute("aria-pressed", Boolean(window) && window[0] === level && window[1] === width);
  }

  /** Which tool is in hand, and what can be chosen with it. */
  drawTools() {
    const { state } = this;
    for (const [name, button] of this.tools) {
      const on = name === "magnifier" ? state.magnifier : name === "curtain" ? state.curtain.on : state.tool === name;
      button.setAttribute("aria-pressed", on);
      if (name === "curtain") button.disabled = state.panes.length < 2;
    }
    const parts = [make("span", { class: "hint" }, HINTS[state.tool])];
    if (!state.unit.isHu) parts.push(make("span", { class: "hint", "data-testid": "viewer-own-unit" }, OWN_UNIT));
    const clear = (has, action) => has && parts.push(make("button", { type: "button", onclick: action, "data-testid": "viewer-clear" }, "Clear"));
    if (state.tool === "region") {
      const choice = (name, text) => make(
        "button",
        { type: "button", "aria-pressed": String(state.regionInHand === name), "data-testid": `viewer-choose-${name}`, onclick: () => state.takeRegion(name) },
        make("i", { class: `swatch ${name}` }), text,
      );
      parts.push(choice("region", "Region"), choice("background", "Background for CNR"));
    }
    clear(state.hasDrawing(), () => state.clearDrawing());
    if (state.curtain.on) parts.push(...state.curtain.choices());
    this.options.replaceChildren(...parts);
    this.drawHelp();
  }

  drawHelp() {
    const many = this.state.frames > 1;
    const rows = [
      ["Left drag", "the tool in hand"],
      ["Right drag", "window: right widens, down darkens"],
      ["Wheel", many ? "next and previous frame" : "zoom at the pointer"],
      ...(many ? [["Ctrl + wheel", "zoom at the pointer"]] : []),
      ["Middle drag, Shift or Space + drag", "move the picture"],
      ["Double click", "whole picture"],
      ...(many ? [["← → Home End", "frames"], ["p", "play or stop"]] : []),
      ["+ − r", "zoom in, out, reset"],
      [`1 – ${this.presets.length}`, "window presets"],
      ...this.tools.map(([name]) => [TIPS[name][1], TIPS[name][0].split(":")[0].toLowerCase()]),
      ["Esc", "clear what the tool has drawn"],
    ];
    this.help.replaceChildren(
      make("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => (this.help.hidden = true) }, "×"),
      make("dl", {}, ...rows.flatMap(([key, what]) => [make("dt", {}, key), make("dd", {}, what)])),
    );
  }
}
