/** Numbers as they are read. */

import assert from "node:assert/strict";
import test from "node:test";
import { clamp, Unit } from "../../../ctdenoise/ui/viewer/unit.js";
import { uniform } from "./random.js";

const HU = new Unit({ unit: "HU", window: [40, 400] });

test("HU are whole numbers, a mean has one digit more, minus is a minus sign", () => {
  assert.equal(HU.text(-1024) + HU.suffix, "−1024 HU");
  assert.equal(HU.text(12.345, 1), "12.3");
  assert.equal(HU.round(39.6), 40);
});

test("what rounds to nothing has no sign", () => {
  assert.equal(HU.text(-0.04, 1), "0.0");
  assert.equal(HU.text(-0), "0");
  assert.equal(HU.text(-0.05001, 1), "−0.1");
});

test("a unit of its own divides its first window into 3,000 steps or more", () => {
  for (let i = 0; i < 200; i++) {
    const width = 10 ** uniform(-9, 5), unit = new Unit({ unit: "", window: [uniform(-1, 1), width] });
    const steps = width / unit.step;
    assert.ok(steps >= 3000 * (1 - 1e-9) && (steps < 30000 * (1 + 1e-9) || unit.digits === 0), `${width}: ${steps} steps`);
    assert.equal(unit.suffix, "");
    const level = uniform(-1, 1) * width, rounded = unit.round(level);
    assert.ok(Math.abs(rounded - level) <= unit.step * 0.5001);
    assert.equal(unit.round(rounded), rounded);
    assert.equal(Number(unit.text(rounded).replace("−", "-")), rounded + 0);
  }
});

test("clamp", () => assert.deepEqual([-5, 0.5, 9].map((value) => clamp(value, [0, 1])), [0, 0.5, 1]));
