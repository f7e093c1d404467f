/** The place that a person marks: by a press, by the arrow keys, and what Python hears of it. */

import assert from "node:assert/strict";
import test from "node:test";
import { radiological, View } from "../../../ctdenoise/ui/viewer/geometry.js";
import { moves, pointing, settled } from "../../../ctdenoise/ui/viewer/point.js";
import { near } from "./random.js";

function viewer() {
  const view = new View();
  view.setImage(40, 60, null, radiological([1, 0, 0, 0, -1, 0]).turn); // stored upside down
  [view.width, view.height] = [600, 400];
  const told = [];
  return { view, told, tool: "point", point: null, reported: {}, data: { point: null }, refresh() {}, report: (...said) => told.push(said) };
}

test("a press marks the pixel under it, told on release, and never one outside the picture", () => {
  const state = viewer(), gesture = pointing(state, 105, 5);
  assert.deepEqual(state.told, []);
  near(state.point[0], 39);
  near(state.point[1], 10);
  gesture.move(-50, 500);
  gesture.end();
  assert.deepEqual(state.told, [["point", [0, 0]]]);
});

test("the arrow keys mark the middle and move it, with the tool in hand alone", () => {
  const state = viewer();
  moves(state, "ArrowRight")();
  near(state.point[0], 19.5);
  near(state.point[1], 29.5);
  moves(state, "ArrowDown")(); // down on the screen is up in what is stored
  near(state.point[0], 18.5);
  settled(state, "ArrowDown");
  assert.deepEqual(state.told, [["point", [18.5, 29.5]]]);
  state.tool = "window";
  assert.equal(moves(state, "ArrowDown"), undefined);
});
