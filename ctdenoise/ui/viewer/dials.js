/** The row of a network with a dial: one slider a loss term and, for two of them, a pad. */

import { make } from "./dom.js";

const percent = (value) => `${Math.round(100 * value)} %`;

/** Stops around a position 0..1 as [[stop, weight], ...]; the weights add up to 1. */
function around(position, stops) {
  const at = position * (stops - 1), below = Math.min(Math.floor(at), Math.max(stops - 2, 0));
  return [[below, 1 - (at - below)], [below + 1, at - below]].filter(([, weight]) => weight > 0);
}

/** The settings to mix for a position of all dials: [["0.25-0.5", weight], ...]. */
export function mixture(positions, stops) {
  const name = (stop) => String(+(stop / (stops - 1)).toFixed(4));
  return positions.reduce(
    (mixed, position) =>
      mixed.flatMap(([text, weight]) =>
        around(position, stops).map(([stop, part]) => [text === "" ? name(stop) : `${text}-${name(stop)}`, weight * part])),
    [["", 1]],
  );
}

/** Every setting there is a picture for, those nearest to `positions` first. */
export function everySetting(positions, stops) {
  const each = Array.from({ length: stops }, (_, i) => i / (stops - 1));
  const all = positions.reduce((known, _) => known.flatMap((k) => each.map((x) => [...k, x])), [[]]);
  const far = (setting) => Math.hypot(...setting.map((x, i) => x - positions[i]));
  return all.sort((p, q) => far(p) - far(q)).map((setting) => mixture(setting, stops)[0][0]);
}

export class Dials {
  constructor(state, element) {
    this.state = state;
    this.element = element;
    const { dials } = state.data;
    this.rows = dials.map((dial, i) => this.row(dial, i));
    this.knob = make("i", { class: "knob" });
    this.pad = dials.length === 2 && this.makePad(dials);
    element.hidden = dials.length === 0;
    element.replaceChildren(...[this.pad, make("div", { class: "rows" }, ...this.rows.map(({ row }) => row))].filter(Boolean));
  }

  row({ title, low, high }, i) {
    const { state } = this;
    const slider = make("input", {
      type: "range", min: 0, max: 1, step: 0.01, "aria-label": title, "data-testid": `viewer-dial-${i}`,
      oninput: () => state.setDial(state.dial.map((value, j) => (j === i ? Number(slider.value) : value))),
      onchange: () => state.reportDial(),
    });
    const output = make("output", { class: "dial-value", "data-testid": `viewer-dial-value-${i}` });
    const row = make("div", { class: "dial" }, make("span", {}, low), slider, make("span", {}, high), output);
    return { row, slider, output };
  }

  makePad([across, up]) {
    const { state } = this;
    const pad = make(
      "div", { class: "pad", "data-testid": "viewer-pad", "data-tip": `Across: ${across.title}. Up: ${up.title}.` },
      this.knob,
    );
    const move = (event) => {
      const box = pad.getBoundingClientRect(), inside = (x) => Math.min(Math.max(x, 0), 1);
      state.setDial([inside((event.clientX - box.left) / box.width), inside(1 - (event.clientY - box.top) / box.height)]);
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
      slider.value = dial[i];
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
