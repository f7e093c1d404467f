/** Measurements against closed forms and direct sums. */

import assert from "node:assert/strict";
import test from "node:test";
import { automaticWindow, distance, extremes, profile, statistics } from "../../../ctdenoise/ui/viewer/measure.js";
import { near, uniform, whole } from "./random.js";

function picture(rows, columns, value) {
  const values = new Float32Array(rows * columns);
  for (let i = 0; i < values.length; i++) values[i] = value(Math.floor(i / columns), i % columns);
  return { rows, columns, values };
}

test("a profile reproduces a bilinear picture at every point of the line", () => {
  for (let i = 0; i < 200; i++) {
    const rows = whole(1, 40), columns = whole(1, 40);
    const [p, q, r, s] = [0, 0, 0, 0].map(() => whole(-3, 3)), value = (row, column) => p + q * row + r * column + s * row * column;
    const [start, end] = [0, 0].map(() => [uniform(0, rows - 1), uniform(0, columns - 1)]);
    const samples = profile(picture(rows, columns, value), start, end), last = samples.length - 1;
    samples.forEach((sample, k) => {
      const [row, column] = start.map((from, axis) => from + (k / last) * (end[axis] - from));
      near(sample, value(row, column), 1e-6);
    });
  }
});

test("a profile has a value at least every half pixel, both ends included", () => {
  const flat = picture(50, 50, (row, column) => 100 * row + column);
  for (let i = 0; i < 100; i++) {
    const [start, end] = [0, 0].map(() => [whole(0, 49), whole(0, 49)]), samples = profile(flat, start, end);
    near([samples[0], samples[samples.length - 1]], [start, end].map(([row, column]) => 100 * row + column), 1e-6);
    const length = Math.hypot(end[0] - start[0], end[1] - start[1]), step = length / (samples.length - 1);
    assert.ok(step <= 0.5 + 1e-9 && (length < 1 || step > 0.3));
  }
});

test("outside the picture a profile has the values of its edge", () => {
  const across = picture(3, 4, (row, column) => column);
  near([...profile(across, [1, -2], [1, -1])], [0, 0, 0]);
  near([...profile(across, [9, 3], [9, 4])], [3, 3, 3]);
});

test("mean and SD of a region are those of a direct sum, far from zero too", () => {
  for (let i = 0; i < 200; i++) {
    const rows = whole(1, 30), columns = whole(1, 30), offset = [0, 1000, 1e6][whole(0, 2)];
    const noisy = picture(rows, columns, () => offset + uniform(-50, 50));
    const row = whole(0, rows - 1), column = whole(0, columns - 1);
    const region = [row, column, whole(1, rows - row), whole(1, columns - column)];
    const chosen = [...noisy.values].filter((_, at) => {
      const r = Math.floor(at / columns) - row, c = (at % columns) - column;
      return r >= 0 && c >= 0 && r < region[2] && c < region[3];
    });
    const mean = chosen.reduce((sum, value) => sum + value, 0) / chosen.length;
    const squares = chosen.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const found = statistics(noisy, region);
    near([found.mean, found.sd], [mean, chosen.length > 1 ? Math.sqrt(squares / (chosen.length - 1)) : 0], 1e-6);
  }
});

test("distance is in mm where the spacing of rows and columns is known, else in pixels", () => {
  assert.equal(distance([1, 1], [4, 5], null), 5);
  assert.equal(distance([0, 0], [3, 8], [1, 0.5]), 5);
  assert.equal(distance([2, 3], [2, 3], [0.7, 0.7]), 0);
});

test("the automatic window is mean and three SD of what is not air", () => {
  const halves = picture(2, 4, (row, column) => (row ? -1000 : 10 * (column % 2)));
  near(automaticWindow(halves, -900), [5, 30]);
  near(automaticWindow(picture(1, 2, (_, column) => (column ? -1000 : -2000)), -900), [-1500, 3000]); // air alone
});

test("extremes", () => {
  assert.deepEqual(extremes(picture(2, 2, (row, column) => 3 * row - column)), [-1, 3]);
});
