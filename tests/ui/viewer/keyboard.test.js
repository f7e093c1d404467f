/** What each key does; the viewer only notes what is asked of it. */

import assert from "node:assert/strict";
import test from "node:test";
import { attachKeyboard } from "../../../ctdenoise/ui/viewer/keyboard.js";

function viewer() {
  const done = [];
  const note = (name) => (...given) => done.push([name, ...given]);
  const state = {
    done, root: {}, frame: 7, frames: 20, view: { width: 300, height: 200 }, help: { hidden: true }, spaceHeld: false,
    offers: () => true, player: { toggle: note("play") }, choose: note("choose"),
    fullScreen: { on: false, toggle: note("fullscreen"), present: note("present"), leave: note("leave") },
  };
  for (const name of ["setFrame", "usePreset", "zoomAt", "reset", "clearDrawing"]) state[name] = note(name);
  attachKeyboard(state);
  return state;
}

function press(state, key, on = "section", held = {}) {
  const event = { key, stopped: false, prevented: false, ...held };
  event.target = { matches: (selectors) => selectors.split(", ").some((each) => each.replace("[type=number]", "") === on || each === on) };
  event.stopPropagation = () => (event.stopped = true);
  event.preventDefault = () => (event.prevented = true);
  state.root.onkeydown(event);
  return event;
}

const DOES = {
  ArrowLeft: ["setFrame", 6], ArrowUp: ["setFrame", 6], ArrowRight: ["setFrame", 8], ArrowDown: ["setFrame", 8],
  PageUp: ["setFrame", 2], PageDown: ["setFrame", 12], Home: ["setFrame", 0], End: ["setFrame", 19],
  w: ["choose", "window"], z: ["choose", "zoom"], d: ["choose", "distance"], l: ["choose", "line"],
  g: ["choose", "region"], m: ["choose", "magnifier"], c: ["choose", "curtain"],
  1: ["usePreset", 0], 9: ["usePreset", 8], "+": ["zoomAt", 1.25, 150, 100], "=": ["zoomAt", 1.25, 150, 100],
  "-": ["zoomAt", 0.8, 150, 100], p: ["play"], r: ["reset"], f: ["fullscreen"], s: ["present"], Delete: ["clearDrawing"], Escape: ["clearDrawing"],
};

test("each key does one thing, and the page hears nothing of it", () => {
  for (const [key, does] of Object.entries(DOES)) {
    const state = viewer(), event = press(state, key);
    assert.deepEqual(state.done, [does], key);
    assert.ok(event.stopped && event.prevented, key);
  }
});

test("other keys, and those with Ctrl, Alt or Cmd, are the browser's", () => {
  for (const [key, held] of [["q"], ["Tab"], ["0"], ["c", { ctrlKey: true }], ["r", { metaKey: true }], ["d", { altKey: true }]]) {
    const state = viewer(), event = press(state, key, "section", held);
    assert.deepEqual([state.done, event.prevented], [[], false], key);
  }
});

test("whoever types a number, moves a slider or presses a button is left alone", () => {
  for (const [key, on] of [["5", "input[type=number]"], ["w", "select"], ["ArrowLeft", "input"], ["Home", "input"], [" ", "button"]]) {
    const state = viewer(), event = press(state, key, on);
    assert.deepEqual([state.done, event.prevented, state.spaceHeld], [[], false, false], key);
  }
});

test("Escape closes the help before it leaves the full screen or clears a drawing", () => {
  const state = viewer();
  state.fullScreen.on = true;
  press(state, "?");
  assert.equal(state.help.hidden, false);
  press(state, "Escape");
  assert.deepEqual([state.help.hidden, state.done], [true, []]);
  press(state, "Escape");
  assert.deepEqual(state.done, [["leave"]]);
});

test("Space is held until it is released or the viewer loses the focus", () => {
  const state = viewer();
  press(state, " ");
  assert.equal(state.spaceHeld, true);
  state.root.onkeyup({ key: " " });
  assert.equal(state.spaceHeld, false);
  press(state, " ");
  state.root.onblur({});
  assert.equal(state.spaceHeld, false);
});
