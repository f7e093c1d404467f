/** Axes of the charts below the pictures. */

import assert from "node:assert/strict";
import test from "node:test";
import { logTicks, spoken } from "../../../ctdenoise/ui/viewer/readout.js";
import { uniform, whole } from "./random.js";

test("a log axis has a few round numbers in order, whatever it covers", () => {
  for (let i = 0; i < 500; i++) {
    const low = 10 ** uniform(-6, 6), high = low * 10 ** uniform(0.05, 8), count = whole(3, 6), found = logTicks(low, high, count);
    assert.ok(found.length >= 1 && found.length <= 2 * count + 1, `${low} to ${high}: ${found}`);
    found.forEach((tick, k) => {
      assert.ok(tick >= low * 0.99 && tick <= high * 1.01);
      assert.ok(k === 0 || tick > found[k - 1]);
    });
  }
  assert.deepEqual(logTicks(300, 190_000, 4), [1000, 10_000, 100_000]);
  assert.deepEqual(logTicks(150, 1200, 4), [200, 400, 600, 800, 1000, 1200]);
  assert.deepEqual(logTicks(90, 2100, 4), [100, 200, 500, 1000, 2000]);
});

test("numbers are written out as people read them", () => {
  assert.deepEqual([0, 0.0025, 12.34, 653.4, 10_000, 215_483].map(spoken), ["0", "0.0025", "12.3", "653", "10,000", "215,483"]);
  assert.deepEqual([2e-6, 3e8].map(spoken), ["2e-6", "3e8"]);
});
