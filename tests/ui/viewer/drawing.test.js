/** What is drawn by keys alone: it appears, follows the arrows of the screen and stays inside. */

import assert from "node:assert/strict";
import test from "node:test";
import { drawing } from "../../../ctdenoise/ui/viewer/drawing.js";
import { View, radiological } from "../../../ctdenoise/ui/viewer/geometry.js";

function viewer(tool, turn = null) {
  const view = new View();
  view.setImage(40, 60, null, turn);
  view.width = 300;
  view.height = 200;
  return {
    tool, view, regionInHand: "region", line: null, ruler: null, region: null, background: null, reports: 0,
    setLine(name, line) { this[name] = line; },
    setRegion(name, area) { this[name] = area; },
    reportLine() { this.reports += 1; },
    reportRegions() { this.reports += 1; },
  };
}

function press(state, key, shift = false) {
  const act = drawing(state, key, shift);
  act?.();
  return Boolean(act);
}

test("Enter draws in the middle, what the tool in hand draws", () => {
  const upright = radiological([1, 0, 0, 0, 1, 0]).turn;
  for (const [tool, name] of [["line", "line"], ["distance", "ruler"], ["region", "region"]]) {
    const state = viewer(tool, upright);
    assert.ok(!press(state, "ArrowLeft", true), "nothing is there to be moved");
    assert.ok(press(state, "Enter") && state.reports === 1);
    const [first, second] = name === "region" ? [state.region.slice(0, 2), state.region.slice(2)] : state[name];
    assert.deepEqual(name === "region" ? [first, second] : [first, second].map(([r]) => r), name === "region" ? [[15, 25], [10, 10]] : [19.5, 19.5]);
  }
});

test("the arrows lead as on the screen, however the picture is turned", () => {
  for (const cosines of [[1, 0, 0, 0, 1, 0], [-1, 0, 0, 0, 1, 0], [0, 1, 0, 1, 0, 0]]) {
    const state = viewer("region", radiological(cosines).turn);
    press(state, "Enter");
    const middle = ([row, column, height, width]) => state.view.ofPixel([row + height / 2 - 0.5, column + width / 2 - 0.5]);
    for (const [key, dx, dy] of [["ArrowLeft", -1, 0], ["ArrowRight", 1, 0], ["ArrowUp", 0, -1], ["ArrowDown", 0, 1]]) {
      const [x, y] = middle(state.region);
      press(state, key, true);
      const [toX, toY] = middle(state.region);
      assert.deepEqual([Math.sign(Math.round(toX - x)), Math.sign(Math.round(toY - y))], [dx, dy], key);
    }
  }
});

test("whatever is pressed, a drawing stays inside and has a size", () => {
  for (const tool of ["line", "distance", "region"]) {
    const state = viewer(tool, radiological([1, 0, 0, 0, 1, 0]).turn);
    press(state, "Enter");
    for (const [key, shift, times] of [["[", false, 50], ["]", false, 90], ["ArrowDown", true, 90], ["ArrowLeft", true, 90]])
      for (let i = 0; i < times; i++) press(state, key, shift);
    if (tool === "region") {
      const [row, column, height, width] = state.region;
      assert.ok(row >= 0 && column >= 0 && row + height <= 40 && column + width <= 60 && height > 0 && width > 0);
    } else {
      const ends = state.line ?? state.ruler;
      assert.ok(ends.every(([r, c]) => r >= 0 && c >= 0 && r <= 39 && c <= 59));
      assert.ok(Math.hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]) >= 1);
    }
  }
});

test("other tools and keys are not meant", () => {
  for (const [tool, key, shift] of [["window", "Enter", false], ["zoom", "]", false], ["line", "ArrowLeft", false], ["region", "w", false]])
    assert.ok(!press(viewer(tool, radiological([1, 0, 0, 0, 1, 0]).turn), key, shift));
});
