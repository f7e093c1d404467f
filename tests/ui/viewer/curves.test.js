/** Ticks and labels of the live curves. */

import assert from "node:assert/strict";
import test from "node:test";
import { apart, ticks } from "../../../ctdenoise/ui/viewer/curves.js";
import { near, uniform, whole } from "./random.js";

test("ticks are round numbers inside the extent, evenly spaced", () => {
  for (let i = 0; i < 500; i++) {
    const low = uniform(-1, 1) * 10 ** whole(-6, 4), high = low + 10 ** uniform(-3, 4) * Math.abs(low), count = whole(3, 9);
    const found = ticks(low, high, count);
    assert.ok(found.length <= count + 1 && found.length >= 1, `${low} to ${high}: ${found}`);
    const slack = 1e-8 * (high - low) + 1e-11 * Math.abs(high);
    assert.ok(found[0] >= low - slack && found[found.length - 1] <= high + slack);
    if (found.length < 2) continue;
    const step = (found[found.length - 1] - found[0]) / (found.length - 1), lead = step / 10 ** Math.floor(Math.log10(step) + 1e-6);
    assert.ok([1, 2, 5, 10].some((m) => Math.abs(m - lead) < 1e-4), `step ${step}`);
    found.forEach((tick, k) => near(tick, found[0] + k * step, 1e-6 * step + slack));
  }
  assert.deepEqual(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks(0, 0, 8), [0]);
});

test("labels keep their order, stand a line apart and above the lowest place", () => {
  for (let i = 0; i < 300; i++) {
    const heights = Array.from({ length: whole(1, 6) }, () => uniform(10, 120)), moved = apart(heights, 120);
    const order = heights.map((_, k) => k).sort((p, q) => heights[p] - heights[q]);
    for (let k = 1; k < order.length; k++) assert.ok(moved[order[k]] - moved[order[k - 1]] >= 14 - 1e-9);
    assert.ok(Math.max(...moved) <= 120);
  }
  assert.deepEqual(apart([10, 50], 120), [10, 50]);
});
