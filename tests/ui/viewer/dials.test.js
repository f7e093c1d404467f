/** Mixing pictures between the settings that were computed. */

import assert from "node:assert/strict";
import test from "node:test";
import { everySetting, mixture, mixtures, mostUseful } from "../../../ctdenoise/ui/viewer/dials.js";
import { near, uniform, whole } from "./random.js";

/** What a mixture makes of a quantity that is known at each setting. */
const mixed = (positions, stops, known) =>
  mixture(positions, stops).reduce((sum, [name, weight]) => sum + weight * known(...name.split("-").map(Number)), 0);

test("one dial mixes as linear interpolation between the two nearest stops does", () => {
  const square = (x) => x * x;
  for (let i = 0; i < 500; i++) {
    const stops = whole(2, 9), at = uniform(), step = 1 / (stops - 1);
    const below = Math.min(Math.floor(at / step), stops - 2) * step, t = (at - below) / step;
    near(mixed([at], stops, square), (1 - t) * square(below) + t * square(below + step), 1e-3);
  }
});

test("two dials reproduce every bilinear function, as bilinear interpolation does", () => {
  for (let i = 0; i < 500; i++) {
    const [p, q, r, s] = [0, 0, 0, 0].map(() => uniform(-5, 5)), known = (x, y) => p + q * x + r * y + s * x * y;
    const positions = [uniform(), uniform()];
    near(mixed(positions, whole(2, 11), known), known(...positions), 1e-3); // names have four digits
  }
});

test("weights are positive and add up to one; no more pictures than corners", () => {
  for (let i = 0; i < 500; i++) {
    const positions = Array.from({ length: whole(1, 3) }, () => [0, 1, uniform(), whole(0, 4) / 4][whole(0, 3)]);
    const weights = mixture(positions, 5).map(([, weight]) => weight);
    near(weights.reduce((sum, weight) => sum + weight), 1);
    assert.ok(weights.every((weight) => weight > 0) && weights.length <= 2 ** positions.length);
  }
});

test("at a stop there is nothing to mix", () => {
  assert.deepEqual(mixture([0.25, 0.5], 9), [["0.25-0.5", 1]]);
  assert.deepEqual(mixture([0], 9), [["0", 1]]);
  assert.deepEqual(mixture([1], 2), [["1", 1]]);
  assert.deepEqual(mixture([1, 0], 2), [["1-0", 1]]);
  assert.deepEqual(mixture([], 9), [["", 1]]);
});

test("every setting is there once, by its own name, the nearest first", () => {
  for (let stops = 2; stops <= 60; stops++) {
    const names = Array.from({ length: stops }, (_, i) => String(+(i / (stops - 1)).toFixed(4)));
    const at = uniform(), each = everySetting([at], stops);
    assert.deepEqual([...each].sort(), [...names].sort());
    const far = each.map((name) => Math.abs(Number(name) - at));
    for (let i = 1; i < stops; i++) assert.ok(far[i] >= far[i - 1] - 1e-3);
  }
  assert.equal(new Set(everySetting([0.3, 0.9], 9)).size, 81);
  assert.equal(everySetting([0.3, 0.9], 9)[0], "0.25-0.875");
});

test("what is mixed is among the settings there are", () => {
  for (let i = 0; i < 300; i++) {
    const stops = whole(2, 60), known = new Set(everySetting([0], stops));
    for (const [name] of mixture([uniform()], stops)) assert.ok(known.has(name), name);
  }
});

test("the ends are fetched first, then what the dials stand on, then ever finer grids", () => {
  const order = mostUseful([0.3], 29);
  assert.deepEqual(order.slice(0, 7), ["0", "1", "0.2857", "0.3214", "0.5", "0.25", "0.75"]);
  assert.deepEqual(new Set(order), new Set(everySetting([0.3], 29)));
  assert.equal(order.length, 29);
  assert.deepEqual(new Set(mostUseful([0.6, 0.6], 5).slice(0, 4)), new Set(["0-0", "0-1", "1-0", "1-1"]));
});

test("until they are here it is mixed of those that are, as near to it as there are", () => {
  const best = (here) => [...mixtures([0.3], 29)].find((parts) => parts.every(([name]) => here.includes(name)));
  const names = (here) => best(here).map(([name]) => name);
  assert.deepEqual(names(["0", "0.2857", "0.3214", "1"]), ["0.2857", "0.3214"]);
  assert.deepEqual(names(["0", "0.25", "0.5", "1"]), ["0.25", "0.5"]);
  assert.deepEqual(names(["0", "0.5", "1"]), ["0", "0.5"]);
  assert.deepEqual(names(["0", "1"]), ["0", "1"]);
  assert.deepEqual(best(["0"]), [["0", 1]]);
});
