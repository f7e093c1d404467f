/** Keys, while the viewer has the focus; the page itself hears none of those used here. */

import { drawing } from "./drawing.js";
import { moves, settled } from "./point.js";

/** @type {Record<string, string>} */
const TOOLS = { w: "window", z: "zoom", d: "distance", l: "line", g: "region", x: "point", m: "magnifier", c: "curtain" };
const MOVES_A_SLIDER = /^(Arrow.*|Home|End|Page.*)$/;

/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, PageUp: -5, PageDown: 5 };

/** The keys of who follows a teacher. */
const LED = ["f", "s", "?", "Escape"];

/** What a key does, if anything.
 * @type {(state: Viewer, key: string) => (() => unknown) | undefined} */
export function action(state, key) {
  if (state.led && !LED.includes(key)) return;
  const move = moves(state, key);
  if (move) return move;
  if (STEPS[key]) return () => state.setFrame(state.frame + STEPS[key]);
  if (TOOLS[key]) return () => state.choose(TOOLS[key]);
  if (/^[1-9]$/.test(key)) return () => state.usePreset(Number(key) - 1);
  const x = state.view.width / 2, y = state.view.height / 2;
  /** @type {Record<string, () => unknown>} */
  const others = {
    Home: () => state.setFrame(0),
    End: () => state.setFrame(state.frames - 1),
    "+": () => state.zoomAt(1.25, x, y),
    "=": () => state.zoomAt(1.25, x, y),
    "-": () => state.zoomAt(0.8, x, y),
    p: () => state.offers("play") && state.player.toggle(),
    r: () => state.reset(),
    f: () => state.fullScreen.toggle(),
    s: () => state.fullScreen.present(),
    "?": () => (state.help.hidden = !state.help.hidden),
    Escape: () => (!state.help.hidden ? (state.help.hidden = true) : state.fullScreen.on ? state.fullScreen.leave() : state.clearDrawing()),
    Delete: () => state.clearDrawing(),
    " ": () => (state.spaceHeld = true),
  };
  return others[key];
}

/** @param {Viewer} state */
export function attachKeyboard(state) {
  state.root.onkeydown = (event) => {
    const target = /** @type {Element} */ (event.target);
    const typing = target.matches("input[type=number], select");
    event.stopPropagation(); // Streamlit reruns the page on "r"
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.key === " " || event.key === "Enter") && target.matches("button")) return;
    if (MOVES_A_SLIDER.test(event.key) && target.matches("input")) return;
    const act = drawing(state, event.key, event.shiftKey) ?? action(state, event.key);
    if (!act) return;
    event.preventDefault();
    act();
  };
  state.root.onblur = () => (state.spaceHeld = false); // its release will not be heard
  state.root.onkeyup = (event) => {
    if (event.key === " ") state.spaceHeld = false;
    settled(state, event.key);
  };
}
