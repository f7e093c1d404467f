/** What dragging and the wheel do. A gesture is {move(x, y, dx, dy), end()}, in pane pixels. */

import { corners } from "./overlay.js";
import { pointing } from "./point.js";
import { clamp } from "./unit.js";

const REACH = 10; // how near, in screen pixels, an end counts as touched
const DIFFERENCE_SPEED = 1 / 200;

/** @type {(p: Point, q: Point) => boolean} */
const near = ([x0, y0], [x1, y1]) => Math.hypot(x1 - x0, y1 - y0) < REACH;

/** Right is wider, down is a higher level (darker), in proportion to the window at the start.
 * @type {(state: Viewer, pane: PaneView) => Gesture} */
function windowing(state, pane) {
  const { level, width, difference } = state, speed = clamp(width / 300, state.unit.speeds);
  return {
    move(x, y, dx, dy) {
      if (pane.isDifference) state.setDifference(difference * Math.exp((dx + dy) * DIFFERENCE_SPEED));
      else state.setWindow(level + dy * speed, width + dx * speed);
    },
    end: () => state.reportWindow(),
  };
}

/** @type {(state: Viewer) => Gesture} */
function panning(state) {
  let lastX = 0, lastY = 0;
  return {
    move(x, y, dx, dy) {
      state.view.pan(dx - lastX, dy - lastY);
      [lastX, lastY] = [dx, dy];
      state.refresh("place", "overlay");
    },
    end() {},
  };
}

/** Nearness of a point to the segment between two others.
 * @type {(point: Point, from: Point, to: Point) => boolean} */
function onSegment([x, y], [x0, y0], [x1, y1]) {
  const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const t = length ? Math.min(Math.max(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0), 1) : 0;
  return Math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0)) < REACH * 0.7;
}

/** Draw, lengthen or move the state's `line` or `ruler`.
 * @type {(state: Viewer, name: "line" | "ruler", x: number, y: number) => Gesture} */
function lining(state, name, x, y) {
  const { view } = state, before = state[name];
  /** @type {(pixel: Pixel) => Pixel} */
  const kept = ([row, column]) => [clamp(row, [0, view.rows - 1]), clamp(column, [0, view.columns - 1])];
  const start = kept(view.toPixel(x, y));
  /** The line while the pointer is at a stored pixel. A press without a drag leaves what was there.
   * @type {(now: Pixel) => Ends | null} */
  let moved = (now) => (Math.hypot(now[0] - start[0], now[1] - start[1]) < 1 ? before : [start, now]);
  if (before) {
    const from = view.ofPixel(before[0]), to = view.ofPixel(before[1]);
    if (near(from, [x, y])) moved = (now) => [now, before[1]];
    else if (near(to, [x, y])) moved = (now) => [before[0], now];
    else if (onSegment([x, y], from, to)) {
      /** @type {(end: Pixel, now: Pixel) => Pixel} */
      const along = ([row, column], now) => kept([row + now[0] - start[0], column + now[1] - start[1]]);
      moved = (now) => [along(before[0], now), along(before[1], now)];
    }
  }
  return {
    move: (nowX, nowY) => state.setLine(name, moved(kept(view.toPixel(nowX, nowY)))),
    end: () => state.reportLine(),
  };
}

/** Draw, resize by a corner or move a region of whole pixels, kept inside the picture.
 * @type {(state: Viewer, x: number, y: number) => Gesture} */
function regioning(state, x, y) {
  const { view } = state, name = state.regionInHand;
  /** The corner of a pixel that is nearest, as (v, u).
   * @type {(px: number, py: number) => Pixel} */
  const grid = (px, py) => {
    const [u, v] = view.toImage(px, py);
    return [clamp(Math.round(v), [0, view.rows]), clamp(Math.round(u), [0, view.columns])];
  };
  const before = state[name];
  /** The region between two opposite corners, at least one pixel high and wide.
   * @type {(p: Pixel, q: Pixel) => Region} */
  const between = ([r0, c0], [r1, c1]) => {
    const height = Math.max(Math.abs(r1 - r0), 1), width = Math.max(Math.abs(c1 - c0), 1);
    return [Math.min(r0, r1, view.rows - height), Math.min(c0, c1, view.columns - width), height, width];
  };
  const corner = before ? corners(view, before).findIndex((each) => near(each, [x, y])) : -1;
  const start = grid(x, y);
  /** The region while the pointer is at a corner of a pixel. A press without a drag leaves what was there.
   * @type {(now: Pixel) => Region | null} */
  let moved = (now) =>
    Math.max(Math.abs(now[0] - start[0]), Math.abs(now[1] - start[1])) < 2 ? before : between(start, now);
  if (before) {
    const [r, c] = view.toPixel(x, y), [row, column, height, width] = before;
    /** @type {Pixel} */
    const opposite = [row + (corner < 2 ? height : 0), column + (corner === 0 || corner === 3 ? width : 0)];
    if (corner >= 0) moved = (now) => between(opposite, now);
    else if (r > row - 1 && r < row + height && c > column - 1 && c < column + width)
      moved = (now) => [
        clamp(row + now[0] - start[0], [0, view.rows - height]),
        clamp(column + now[1] - start[1], [0, view.columns - width]), height, width,
      ];
  }
  return {
    move: (nowX, nowY) => state.setRegion(name, moved(grid(nowX, nowY))),
    end: () => state.reportRegions(),
  };
}

/** @type {(state: Viewer, pane: PaneView, event: PointerEvent, x: number, y: number) => Gesture} */
function gesture(state, pane, event, x, y) {
  if (event.button === 1 || event.shiftKey || state.spaceHeld) return panning(state);
  if (event.button === 2) return windowing(state, pane);
  switch (state.tool) {
    case "zoom": return panning(state);
    case "line": return lining(state, "line", x, y);
    case "distance": return lining(state, "ruler", x, y);
    case "region": return regioning(state, x, y);
    case "point": return pointing(state, x, y);
    default: return windowing(state, pane);
  }
}

/** Assign a pane's pointer handlers.
 * @type {(state: Viewer, pane: PaneView) => void} */
export function attachTools(state, pane) {
  const { area } = pane;
  /** @type {{ x: number, y: number, gesture: Gesture } | null} */
  let drag = null;
  let box = area.getBoundingClientRect();

  /** @type {(event: MouseEvent) => Point} */
  const at = (event) => [event.clientX - box.left, event.clientY - box.top];
  /** @type {(event: MouseEvent) => boolean} */
  const onButton = (event) => /** @type {Element} */ (event.target).closest("button") !== null;

  area.onpointerdown = (event) => {
    if (onButton(event)) return;
    state.root.focus({ preventScroll: true });
    event.preventDefault();
    if (drag) return;
    box = area.getBoundingClientRect();
    const [x, y] = at(event);
    area.setPointerCapture(event.pointerId);
    drag = { x, y, gesture: gesture(state, pane, event, x, y) };
  };
  area.onpointermove = (event) => {
    if (!drag) box = area.getBoundingClientRect();
    const [x, y] = at(event);
    state.setPointer(pane, x, y);
    drag?.gesture.move(x, y, x - drag.x, y - drag.y);
  };
  area.onpointerup = area.onpointercancel = () => {
    const ended = drag;
    drag = null;
    ended?.gesture.end();
  };
  area.onpointerleave = () => state.clearPointer();
  area.ondblclick = (event) => {
    if (!onButton(event)) state.resetView();
  };
  area.oncontextmenu = (event) => event.preventDefault();
  let turned = 0;
  area.onwheel = (event) => {
    event.preventDefault();
    if (state.frames === 1 || event.ctrlKey || event.metaKey || state.tool === "zoom") {
      box = area.getBoundingClientRect();
      state.zoomAt(Math.exp(-event.deltaY * 0.002), ...at(event));
      return;
    }
    turned += event.deltaMode ? event.deltaY * 40 : event.deltaY;
    if (Math.abs(turned) < 40) return; // a touchpad sends many small turns
    state.setFrame(state.frame + Math.sign(turned));
    turned = 0;
  };
}
