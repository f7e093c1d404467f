/** Columns and size of the panes for the room there is. */

import assert from "node:assert/strict";
import test from "node:test";
import { View } from "../../../ctdenoise/ui/viewer/geometry.js";
import { Viewer } from "../../../ctdenoise/ui/viewer/viewer.js";

globalThis.document = { fullscreenElement: null };

/** [columns, width, height] of panes with square pictures, 420 pixels high at most. */
function laidOut({ width, panes, columns = null, curtain = false }) {
  const style = {}, view = new View();
  const state = {
    view, grid: { clientWidth: width, style }, curtain: { on: curtain }, panes: Array(panes), data: { columns, height: 420 },
    root: { matches: () => false, classList: { toggle() {} } }, refresh() {},
  };
  Viewer.prototype.layout.call(state);
  assert.ok(style.gridTemplateColumns.endsWith(` ${view.width}px)`));
  return [Number(style.gridTemplateColumns.match(/\d+/)[0]), view.width, view.height];
}

test("panes share the width, four pixels apart, and are no higher than asked for", () => {
  assert.deepEqual(laidOut({ width: 804, panes: 2 }), [2, 400, 400]);
  assert.deepEqual(laidOut({ width: 1200, panes: 1 }), [1, 1200, 420]);
});

test("what does not fit side by side goes into rows of one length", () => {
  assert.deepEqual(laidOut({ width: 600, panes: 4 })[0], 2);
  assert.deepEqual(laidOut({ width: 5000, panes: 6 })[0], 3);
  assert.deepEqual(laidOut({ width: 100, panes: 3 })[0], 1);
});

test("columns that a page asks for stay, with fewer panes too", () => {
  assert.deepEqual(laidOut({ width: 808, panes: 2, columns: 3 }), [3, 266, 266]);
});

test("behind a curtain the two pictures have the whole width, over which its handle moves", () => {
  for (const columns of [null, 3]) assert.deepEqual(laidOut({ width: 400, panes: 5, columns, curtain: true }), [1, 400, 400]);
});
