/** Columns and size of the panes for the room there is. */

import assert from "node:assert/strict";
import test from "node:test";
import { arranged } from "../../../ctdenoise/ui/viewer/layout.js";

/** [columns, width, height] of panes with square pictures, 420 pixels high at most on a page. */
function laidOut({ width, count, asked = null, height = null, extent = [512, 512] }) {
  const size = arranged({ count, extent, asked, width, most: 420, height, caption: 24 });
  return [size.columns, size.width, size.height];
}

test("panes share the width, four pixels apart, and are no higher than asked for", () => {
  assert.deepEqual(laidOut({ width: 804, count: 2 }), [2, 400, 400]);
  assert.deepEqual(laidOut({ width: 1200, count: 1 }), [1, 1200, 420]);
});

test("what does not fit side by side goes into rows of one length", () => {
  assert.deepEqual(laidOut({ width: 600, count: 4 })[0], 2);
  assert.deepEqual(laidOut({ width: 5000, count: 6 })[0], 3);
  assert.deepEqual(laidOut({ width: 100, count: 3 })[0], 1);
});

test("columns that a page asks for stay, with fewer panes too", () => {
  assert.deepEqual(laidOut({ width: 808, count: 2, asked: 3 }), [3, 266, 266]);
});

test("a full screen is filled with the largest pictures, whatever their number", () => {
  const screen = { width: 1280, height: 640 };
  assert.deepEqual(laidOut({ ...screen, count: 1 }), [1, 1280, 616]);
  assert.deepEqual(laidOut({ ...screen, count: 2 }), [2, 638, 616]);
  assert.deepEqual(laidOut({ ...screen, count: 3 }), [3, 424, 424]);
  assert.deepEqual(laidOut({ ...screen, count: 6 }), [3, 424, 294]); // in one row 210
  assert.deepEqual(laidOut({ width: 390, height: 640, count: 2 }), [1, 390, 294]); // a phone held upright
  assert.deepEqual(laidOut({ ...screen, count: 6, extent: [512, 100] }), [2, 638, 125]); // wide pictures
});

test("a full screen of more than it can hold scrolls, and keeps the columns that a page asks for", () => {
  assert.deepEqual(laidOut({ width: 800, height: 300, count: 12, asked: 3 }), [3, 264, 120]);
});
