/** The row of a network with a dial: one slider a loss term and, for two of them, a pad. */

import { make } from "./dom.js";
import { clamp } from "./unit.js";

const SETTING = "{}"; // stands in an address for where the dials stand

/** @param {string} address */
export const isTemplate = (address) => address.includes(SETTING);
/** @type {(address: string, setting: string) => string} */
export const filled = (address, setting) => address.replace(SETTING, setting);

/** @param {number} value 0 to 1 */
const percent = (value) => `${Math.round(100 * value)} %`;

/** Stops around a position 0..1; the weights add up to 1.
 * @type {(position: number, stops: number) => [stop: number, weight: number][]} */
function around(position, stops) {
  const at = position * (stops - 1), below = Math.min(Math.floor(at), Math.max(stops - 2, 0));
  /** @type {[number, number][]} */
  const both = [[below, 1 - (at - below)], [below + 1, at - below]];
  return both.filter(([, weight]) => weight > 0);
}

/** The name of stops, one a dial, in an address: "0.25-0.5".
 * @type {(chosen: number[], stops: number) => string} */
const setting = (chosen, stops) => chosen.map((stop) => +(stop / (stops - 1)).toFixed(4)).join("-");

/** The settings to mix for a position of all dials, weighted as in (bi)linear interpolation.
 * @type {(positions: number[], stops: number) => Weighted[]} */
export function mixture(positions, stops) {
  /** @type {[number[], number][]} */
  let mixed = [[[], 1]];
  for (const position of positions)
    mixed = mixed.flatMap(([chosen, weight]) =>
      around(position, stops).map(([stop, part]) => /** @type {[number[], number]} */ ([[...chosen, stop], weight * part])));
  return mixed.map(([chosen, weight]) => [setting(chosen, stops), weight]);
}

/** Every setting there is a picture for, those nearest to `positions` first.
 * @type {(positions: number[], stops: number) => string[]} */
export function everySetting(positions, stops) {
  /** @type {number[][]} */
  let all = [[]];
  for (const _ of positions)
    all = all.flatMap((chosen) => Array.from({ length: stops }, (_, stop) => [...chosen, stop]));
  /** @param {number[]} chosen */
  const far = (chosen) => Math.hypot(...chosen.map((stop, i) => stop / (stops - 1) - positions[i]));
  return all.sort((p, q) => far(p) - far(q)).map((chosen) => setting(chosen, stops));
}

/** Numbers of stops, the largest first, whose grid has all its settings among those of `stops`.
 * @param {number} stops */
const grids = (stops) => Array.from({ length: stops - 1 }, (_, i) => stops - i).filter((each) => (stops - 1) % (each - 1) === 0);

/** What can stand for a position of all dials, the best first: a mixture of the settings around it,
 * those of ever coarser grids, and at last the nearest setting alone.
 * @type {(positions: number[], stops: number) => Generator<Weighted[]>} */
export function* mixtures(positions, stops) {
  for (const each of grids(stops)) yield mixture(positions, each);
  for (const each of everySetting(positions, stops)) yield [[each, 1]];
}

/** Every setting there is a picture for, the most useful first: the ends, between which everything
 * can be mixed, those around `positions`, then grid by grid, the nearest first.
 * @type {(positions: number[], stops: number) => string[]} */
export function mostUseful(positions, stops) {
  const around = new Set(mixture(positions, stops).map(([each]) => each));
  const all = grids(stops).reverse().map((each) => new Set(everySetting(positions.map(() => 0), each)));
  /** @param {string} each */
  const rank = (each) => {
    const grid = all.findIndex((some) => some.has(each));
    return grid && around.has(each) ? 0.5 : grid;
  };
  return everySetting(positions, stops).sort((p, q) => rank(p) - rank(q));
}

export class Dials {
  /** @param {Viewer} state @param {HTMLElement} element */
  constructor(state, element) {
    this.state = state;
    this.element = element;
    const { dials } = state.data;
    this.rows = dials.map((dial, i) => this.row(dial, i));
    this.knob = make("i", { class: "knob" });
    this.pad = dials.length === 2 ? this.makePad(dials[0], dials[1]) : "";
    element.hidden = dials.length === 0;
    element.replaceChildren(this.pad, make("div", { class: "rows" }, ...this.rows.map(({ row }) => row)));
  }

  /** @type {(dial: DialData, i: number) => { row: HTMLElement, slider: HTMLInputElement, output: HTMLElement }} */
  row({ title, low, high }, i) {
    const { state } = this;
    /** @type {HTMLInputElement} */
    const slider = make("input", {
      type: "range", min: 0, max: 1, step: 0.01, "aria-label": title, "data-testid": `viewer-dial-${i}`,
      oninput: () => state.setDial(state.dial.map((value, j) => (j === i ? Number(slider.value) : value))),
      onchange: () => state.reportDial(),
    });
    const output = make("output", { class: "dial-value", "data-testid": `viewer-dial-value-${i}` });
    const row = make("div", { class: "dial" }, make("span", {}, low), slider, make("span", {}, high), output);
    return { row, slider, output };
  }

  /** @type {(across: DialData, up: DialData) => HTMLElement} */
  makePad(across, up) {
    const { state } = this;
    const pad = make(
      "div", { class: "pad", "data-testid": "viewer-pad", "data-tip": `Across: ${across.title}. Up: ${up.title}.` },
      this.knob,
    );
    /** @param {PointerEvent} event */
    const move = (event) => {
      const box = pad.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width, y = 1 - (event.clientY - box.top) / box.height;
      state.setDial([clamp(x, [0, 1]), clamp(y, [0, 1])]);
    };
    pad.onpointerdown = (event) => {
      event.preventDefault();
      pad.setPointerCapture(event.pointerId);
      pad.onpointermove = move;
      move(event);
    };
    pad.onpointerup = pad.onpointercancel = () => {
      pad.onpointermove = null;
      state.reportDial();
    };
    return pad;
  }

  draw() {
    const { dial } = this.state;
    this.rows.forEach(({ slider, output }, i) => {
      slider.value = String(dial[i]);
      slider.style.setProperty("--part", percent(dial[i]).replace(" ", ""));
      slider.setAttribute("aria-valuetext", percent(dial[i]));
      output.textContent = percent(dial[i]);
    });
    if (this.pad) {
      this.knob.style.left = `${100 * dial[0]}%`;
      this.knob.style.top = `${100 * (1 - dial[1])}%`;
    }
  }
}
