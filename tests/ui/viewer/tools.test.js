/** What dragging draws; a pane is a box of the view's size whose upper left corner is the screen's. */

import assert from "node:assert/strict";
import test from "node:test";
import { Curtain } from "../../../ctdenoise/ui/viewer/curtain.js";
import { radiological, View } from "../../../ctdenoise/ui/viewer/geometry.js";
import { corners } from "../../../ctdenoise/ui/viewer/overlay.js";
import { attachTools } from "../../../ctdenoise/ui/viewer/tools.js";
import { near, uniform, whole } from "./random.js";

const TURNED = [null, [1, 0, 0, 0, -1, 0], [0, 1, 0, 1, 0, 0], [1, 0, 0, 0, 0, 1]];

function viewer(tool) {
  const view = new View();
  view.setImage(whole(20, 60), whole(20, 60), [1, uniform(0.8, 1.2)], radiological(TURNED[whole(0, 3)]).turn);
  [view.width, view.height] = [900, 800];
  const area = { getBoundingClientRect: () => ({ left: 0, top: 0 }), setPointerCapture() {} };
  const state = {
    view, tool, area, regionInHand: "region", line: null, ruler: null, region: null, spaceHeld: false, reports: 0,
    root: { focus() {} }, setPointer() {},
    setLine: (name, line) => (state[name] = line), setRegion: (name, region) => (state[name] = region),
    reportLine: () => state.reports++, reportRegions: () => state.reports++,
  };
  attachTools(state, { area });
  return state;
}

/** Press at a screen position, move to others, release. */
function drag({ area }, [x, y], ...moves) {
  const event = (clientX, clientY) => ({ clientX, clientY, button: 0, target: { closest: () => null }, preventDefault() {} });
  area.onpointerdown(event(x, y));
  for (const move of moves) area.onpointermove(event(...move));
  area.onpointerup();
}

const anywhere = (view) => [uniform(-50, view.width + 50), uniform(-50, view.height + 50)];
const somewhere = (view) => view.ofPixel([uniform(0, view.rows - 1), uniform(0, view.columns - 1)]);

test("a region lies within the picture, in whole pixels, between the corners that were dragged", () => {
  for (let i = 0; i < 300; i++) {
    const state = viewer("region"), { view } = state, from = [whole(0, view.rows - 3), whole(0, view.columns - 3)];
    const size = [whole(2, view.rows - from[0]), whole(2, view.columns - from[1])];
    drag(state, view.toScreen(from[1], from[0]), view.toScreen(from[1] + size[1], from[0] + size[0]));
    assert.deepEqual(state.region, [...from, ...size]);
    drag(state, anywhere(view), anywhere(view), anywhere(view));
    const [row, column, height, width] = state.region;
    assert.ok([row, column, height, width].every(Number.isInteger) && height >= 1 && width >= 1);
    assert.ok(row >= 0 && column >= 0 && row + height <= view.rows && column + width <= view.columns, String(state.region));
    assert.equal(state.reports, 2);
  }
});

test("dragging a corner of a region leaves the opposite corner, dragging its middle leaves its size", () => {
  for (let corner = 0; corner < 4; corner++) {
    const state = viewer("region"), { view } = state;
    state.region = [5, 6, 8, 9];
    const before = corners(view, state.region), opposite = before[(corner + 2) % 4];
    drag(state, before[corner], somewhere(view));
    assert.ok(corners(view, state.region).some((each) => Math.hypot(each[0] - opposite[0], each[1] - opposite[1]) < 1e-6));
    state.region = [5, 6, 8, 9];
    drag(state, view.toScreen(10, 9), view.toScreen(12, 8));
    assert.deepEqual(state.region, [4, 8, 8, 9]);
    drag(state, view.toScreen(12, 8), view.toScreen(-1000, -1000));
    assert.deepEqual(state.region, [0, 0, 8, 9]);
  }
});

test("a press without a drag leaves a region and a line as they were", () => {
  for (const [tool, kept] of [["region", [2, 3, 4, 5]], ["line", [[2, 3], [9, 9]]]]) {
    const state = viewer(tool), at = state.view.ofPixel([17, 18]);
    state[tool] = kept;
    drag(state, at, at);
    assert.equal(state[tool], kept);
    state[tool] = null;
    drag(state, at, at);
    assert.equal(state[tool], null);
  }
});

test("a line leads from where it was begun to where it was released", () => {
  for (const [tool, name] of [["line", "line"], ["distance", "ruler"]]) {
    const state = viewer(tool), { view } = state;
    drag(state, view.ofPixel([3, 4]), somewhere(view), view.ofPixel([15.5, 12.25]));
    near(state[name].flat(), [3, 4, 15.5, 12.25], 1e-6);
  }
});

test("an end of a line moves alone; its middle moves both, within the picture", () => {
  const state = viewer("line"), { view } = state;
  state.line = [[3, 4], [15, 12]];
  drag(state, view.ofPixel([15, 12]), view.ofPixel([10, 16]));
  near(state.line.flat(), [3, 4, 10, 16], 1e-6);
  drag(state, view.ofPixel([3, 4]), view.ofPixel([4, 4]));
  near(state.line.flat(), [4, 4, 10, 16], 1e-6);
  drag(state, view.ofPixel([7, 10]), view.ofPixel([9, 11]));
  near(state.line.flat(), [6, 5, 12, 17], 1e-6);
  for (let i = 0; i < 100; i++) {
    const middle = [0, 1].map((axis) => (state.line[0][axis] + state.line[1][axis]) / 2);
    drag(state, view.ofPixel(middle), anywhere(view));
    for (const [row, column] of state.line)
      assert.ok(row >= 0 && column >= 0 && row <= view.rows - 1 && column <= view.columns - 1);
  }
});

test("behind the curtain a place is seen in one of the two pictures only", () => {
  const { view } = viewer("window");
  const seen = (index, curtain) => Curtain.prototype.isSeen.call({ state: { view }, on: true, at: 0.5, ...curtain }, { index }, [1, 1]);
  for (let i = 0; i < 20; i++) {
    const at = uniform();
    assert.notEqual(seen(0, { at, left: 0, right: 2 }), seen(2, { at, left: 0, right: 2 }));
    assert.ok(seen(1, { at, left: 1, right: 1 }), "the same picture on both sides");
  }
  assert.ok(seen(0, { on: false, left: 0, right: 1 }) && seen(1, { on: false, left: 0, right: 1 }));
});
