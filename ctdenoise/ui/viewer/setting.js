/** What a viewer shows, as another one is told of it. */

import { make } from "./dom.js";

const SAID_MS = 4000;

/** @type {(state: Viewer) => Setting} */
export function settingOf({ frame, level, width, difference, line, region, background, view, dial }) {
  return { frame, window: [level, width], difference, line: line && line.flat(), region, background, view: view.now, dial };
}

/** @type {(state: Viewer) => Shown} */
export function shownBy(state) {
  const { panes, labels, spacing, orientation, unit, dials, stops } = state.data;
  return { ...settingOf(state), panes, labels, spacing, orientation, unit, dials, stops };
}

/** Set what another viewer told.
 * @type {(state: Viewer, told: Setting) => void} */
export function applySetting(state, told) {
  const line = told.line;
  [state.level, state.width] = told.window;
  state.difference = told.difference ?? state.data.difference;
  state.line = line && [[line[0], line[1]], [line[2], line[3]]];
  state.region = told.region;
  state.background = told.background;
  state.view.setHome(told.view);
  state.setFrame(told.frame);
  if (String(told.dial) !== String(state.dial)) state.setDial(told.dial);
  state.refresh("pixels", "window", "place", "overlay", "numbers", "curves");
}

/** A sentence over the pictures, for a while.
 * @type {(state: Viewer, sentence: string) => void} */
export function say(state, sentence) {
  const said = make("div", { class: "said", role: "status", "data-testid": "viewer-said" }, sentence);
  state.stage.querySelector(".said")?.remove();
  state.stage.append(said);
  setTimeout(() => said.remove(), SAID_MS);
}
