/** Grey levels against the formula of a window, for every value there is. */

import assert from "node:assert/strict";
import test from "node:test";
import { GreyTable } from "../../../ctdenoise/ui/viewer/lut.js";
import { uniform } from "./random.js";

const EVERY = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);
const WINDOWS = [
  [40, 400], [480, 2500], [-600, 1500], [0, 1], [0.5, 1], [-32768, 1], [32767, 1], [0, 65535], [7.3, 12.9],
  ...Array.from({ length: 30 }, () => [Math.round(uniform(-40000, 40000)), Math.round(uniform(1, 70000))]),
];
const part = (value, level, width) => Math.min(Math.max((value - level + width / 2) / width, 0), 1);

function painted(table, values) {
  const target = new Uint32Array(values.length);
  table.paint(values, target);
  return target;
}

test("each of the 65,536 values has the grey level of the formula", () => {
  const table = new GreyTable();
  for (const [level, width] of WINDOWS) {
    table.set(level, width);
    const colours = painted(table, EVERY);
    for (let i = 0; i < EVERY.length; i++) {
      const grey = Math.round(255 * part(EVERY[i], level, width));
      if ((colours[i] & 255) !== grey) assert.fail(`${EVERY[i]} in ${level}, ${width}: ${colours[i] & 255}, not ${grey}`);
    }
  }
});

test("values of another unit get the grey level that is nearest to the formula", () => {
  const table = new GreyTable();
  for (let i = 0; i < 50; i++) {
    const level = uniform(-1, 1), width = 10 ** uniform(-6, 2);
    table.set(level, width);
    const values = Float32Array.from({ length: 500 }, () => level + uniform(-1, 1) * width);
    painted(table, values).forEach((colour, k) => {
      const exact = 255 * part(values[k], level, width);
      assert.ok(Math.abs((colour & 255) - exact) <= 0.5 + 1e-6, `${values[k]} in ${level}, ${width}`);
    });
  }
});

test("colours are opaque greys, byte by byte as a canvas has them", () => {
  const table = new GreyTable();
  table.set(0, 1000);
  for (const values of [EVERY, Float32Array.from(EVERY)]) {
    const bytes = new Uint8Array(painted(table, values).buffer);
    for (let i = 0; i < bytes.length; i += 4)
      if (bytes[i] !== bytes[i + 1] || bytes[i] !== bytes[i + 2] || bytes[i + 3] !== 255) assert.fail(String(EVERY[i / 4]));
  }
});
