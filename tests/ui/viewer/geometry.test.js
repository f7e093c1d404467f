/** Stored pixels on screen and back, in every orientation. */

import assert from "node:assert/strict";
import test from "node:test";
import { radiological, View } from "../../../ctdenoise/ui/viewer/geometry.js";
import { near, uniform, whole } from "./random.js";

const AXES = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];
const dot = (p, q) => p[0] * q[0] + p[1] * q[1] + p[2] * q[2];
/** Every way in which the rows and columns of a picture can run along the patient's axes. */
const ORIENTATIONS = AXES.flatMap((x) => AXES.filter((y) => dot(x, y) === 0).map((y) => [...x, ...y]));

function randomView() {
  const view = new View();
  const { turn } = radiological(ORIENTATIONS[whole(0, ORIENTATIONS.length - 1)]);
  view.setImage(whole(2, 600), whole(2, 600), uniform() < 0.5 ? null : [uniform(0.3, 5), uniform(0.3, 5)], turn);
  [view.width, view.height] = [whole(50, 900), whole(50, 900)];
  return view;
}

const inside = (view) => [uniform(0, view.rows - 1), uniform(0, view.columns - 1)];

test("there are 24 orientations along the axes", () => assert.equal(ORIENTATIONS.length, 24));

test("left is on the right, front or head is up", () => {
  for (const cosines of ORIENTATIONS) {
    const { turn: [a, b, c, d], marks } = radiological(cosines);
    const x = cosines.slice(0, 3), y = cosines.slice(3);
    // The directions in the patient that lead to the right and down on screen.
    const right = x.map((value, i) => a * value + c * y[i]), down = x.map((value, i) => b * value + d * y[i]);
    const across = dot(x, [1, 0, 0]) || dot(y, [1, 0, 0]), along = dot(x, [0, 0, 1]) || dot(y, [0, 0, 1]);
    const seen = !along ? "axial" : across ? "coronal" : "sagittal";
    const wanted = {
      axial: [[1, 0, 0], [0, 1, 0], { right: "L", left: "R", bottom: "P", top: "A" }],
      coronal: [[1, 0, 0], [0, 0, -1], { right: "L", left: "R", bottom: "F", top: "H" }],
      sagittal: [[0, 1, 0], [0, 0, -1], { right: "P", left: "A", bottom: "F", top: "H" }],
    }[seen];
    near(right, wanted[0]);
    near(down, wanted[1]);
    assert.deepEqual(marks, wanted[2]);
  }
});

test("without an orientation a picture stays as it is stored and has no marks", () => {
  assert.deepEqual(radiological(null), { turn: [1, 0, 0, 1], marks: null });
});

test("from a stored pixel to the screen and back", () => {
  for (let i = 0; i < 500; i++) {
    const view = randomView();
    view.zoomAt(uniform(0.5, 20), uniform(0, view.width), uniform(0, view.height));
    view.pan(uniform(-50, 50), uniform(-50, 50));
    const pixel = inside(view);
    near(view.toPixel(...view.ofPixel(pixel)), pixel, 1e-7);
    const screen = [uniform(0, view.width), uniform(0, view.height)];
    near(view.ofPixel(view.toPixel(...screen)), screen, 1e-7);
  }
});

test("the whole picture fits the pane, centred, and touches two of its sides", () => {
  for (let i = 0; i < 200; i++) {
    const view = randomView();
    const [x0, y0] = view.toScreen(0, 0), [x1, y1] = view.toScreen(view.columns, view.rows);
    near([x0 + x1, y0 + y1], [view.width, view.height], 1e-6);
    const width = Math.abs(x1 - x0), height = Math.abs(y1 - y0);
    assert.ok(width <= view.width + 1e-6 && height <= view.height + 1e-6);
    assert.ok(Math.abs(width - view.width) < 1e-6 || Math.abs(height - view.height) < 1e-6);
  }
});

test("a millimetre is as long along rows as along columns", () => {
  for (let i = 0; i < 200; i++) {
    const view = randomView(), spacing = [uniform(0.3, 5), uniform(0.3, 5)];
    view.setImage(view.rows, view.columns, spacing, view.turn);
    const [x, y] = view.ofPixel([0, 0]), [xr, yr] = view.ofPixel([1, 0]), [xc, yc] = view.ofPixel([0, 1]);
    near(Math.hypot(xr - x, yr - y) / spacing[0], Math.hypot(xc - x, yc - y) / spacing[1], 1e-6);
    near(Math.min(Math.hypot(xr - x, yr - y), Math.hypot(xc - x, yc - y)), view.scale, 1e-6);
  }
});

test("zooming keeps what is under the pointer", () => {
  for (let i = 0; i < 200; i++) {
    const view = randomView(), [x, y] = view.ofPixel(inside(view)), before = view.toPixel(x, y), scale = view.scale;
    const factor = uniform(1.1, 39);
    view.zoomAt(factor, x, y);
    near(view.toPixel(x, y), before, 1e-6);
    near(view.scale / scale, factor, 1e-6);
  }
});

test("zoom stays between the whole picture and forty times, and ends in the whole picture", () => {
  const view = randomView(), whole = view.matrix;
  view.zoomAt(1000, 3, 4);
  assert.equal(view.zoom, 40);
  view.zoomAt(1e-6, 20, 10);
  near(view.matrix, whole);
});

test("dragging moves the picture with the pointer, but not its last pixel out of the middle", () => {
  for (let i = 0; i < 200; i++) {
    const view = randomView(), pixel = inside(view), dx = uniform(-3, 3), dy = uniform(-3, 3);
    view.setHome([view.rows / 2, view.columns / 2, 40]);
    const [x, y] = view.ofPixel(pixel), room = Math.min(...view.extent) * view.scale;
    view.pan(dx, dy);
    if (room > 10) near(view.ofPixel(pixel), [x + dx, y + dy], 1e-6);
    view.pan(1e6 * Math.sign(dx), 1e6 * Math.sign(dy));
    const [row, column] = view.toPixel(view.width / 2, view.height / 2);
    assert.ok(row >= -0.5 - 1e-6 && row <= view.rows - 0.5 + 1e-6, String(row));
    assert.ok(column >= -0.5 - 1e-6 && column <= view.columns - 0.5 + 1e-6, String(column));
  }
});

test("a view begins at its home and a reset leads there", () => {
  const view = randomView();
  view.setHome([12, 3.5, 6]);
  for (let i = 0; i < 2; i++) {
    near(view.ofPixel([12, 3.5]), [view.width / 2, view.height / 2]);
    assert.equal(view.zoom, 6);
    view.pan(5, 5);
    view.reset();
  }
});

test("a picture of another size is shown whole again, one of the same size where it was", () => {
  const view = randomView();
  view.zoomAt(3, 10, 10);
  const before = view.matrix;
  view.setImage(view.rows, view.columns, [view.aspect[1], view.aspect[0]], view.turn);
  near(view.matrix, before, 1e-6);
  view.setImage(view.rows + 1, view.columns, null, view.turn);
  assert.equal(view.zoom, 1);
});
