/** What dragging and the wheel do. A gesture is {move(x, y, dx, dy), end()}, in pane pixels. */

import { corners } from "./overlay.js";
import { clamp } from "./unit.js";

const REACH = 10; // how near, in screen pixels, an end counts as touched
const DIFFERENCE_SPEED = 1 / 200;

const near = ([x0, y0], [x1, y1]) => Math.hypot(x1 - x0, y1 - y0) < REACH;

/** Right is wider, down is a higher level (darker), in proportion to the window at the start. */
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

/** Nearness of a point to the segment between two others. */
function onSegment([x, y], [x0, y0], [x1, y1]) {
  const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const t = length ? Math.min(Math.max(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0), 1) : 0;
  return Math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0)) < REACH * 0.7;
}

/** Draw, lengthen or move the state's `line` or `ruler`. */
function lining(state, name, x, y) {
  const { view } = state, before = state[name];
  const screen = before?.map((point) => view.ofPixel(point));
  const kept = ([row, column]) => [clamp(row, [0, view.rows - 1]), clamp(column, [0, view.columns - 1])];
  let moved;
  if (screen && near(screen[0], [x, y])) moved = (p) => [p, before[1]];
  else if (screen && near(screen[1], [x, y])) moved = (p) => [before[0], p];
  else if (screen && onSegment([x, y], ...screen)) {
    const from = view.toPixel(x, y);
    moved = (p) => before.map((end) => kept([end[0] + p[0] - from[0], end[1] + p[1] - from[1]]));
  } else {
    const start = kept(view.toPixel(x, y));
    moved = (p) => (Math.hypot(p[0] - start[0], p[1] - start[1]) < 1 ? before : [start, p]);
  }
  return {
    move: (nowX, nowY) => state.setLine(name, moved(kept(view.toPixel(nowX, nowY)))),
    end: () => state.reportLine(),
  };
}

/** Draw, resize by a corner or move a region of whole pixels, kept inside the picture. */
function regioning(state, x, y) {
  const { view } = state, name = state.regionInHand;
  const grid = (px, py) => {
    const [u, v] = view.toImage(px, py);
    return [Math.min(Math.max(Math.round(v), 0), view.rows), Math.min(Math.max(Math.round(u), 0), view.columns)];
  };
  const before = state[name];
  const between = ([r0, c0], [r1, c1]) => [Math.min(r0, r1), Math.min(c0, c1), Math.max(Math.abs(r1 - r0), 1), Math.max(Math.abs(c1 - c0), 1)];
  const corner = before ? corners(view, before).findIndex((each) => near(each, [x, y])) : -1;
  let moved, start = grid(x, y);
  if (corner >= 0) {
    const [row, column, height, width] = before;
    start = [row + (corner < 2 ? height : 0), column + (corner === 0 || corner === 3 ? width : 0)];
  } else if (before) {
    const [v, u] = view.toPixel(x, y), [row, column, height, width] = before;
    if (v > row - 1 && v < row + height && u > column - 1 && u < column + width)
      moved = ([r, c]) => [
        Math.min(Math.max(row + r - start[0], 0), view.rows - height),
        Math.min(Math.max(column + c - start[1], 0), view.columns - width), height, width,
      ];
  }
  // A press without a drag leaves what was there.
  moved ??= (now) => (corner < 0 && Math.max(Math.abs(now[0] - start[0]), Math.abs(now[1] - start[1])) < 2 ? before : keep(between(start, now)));
  const keep = ([row, column, height, width]) => [Math.min(row, view.rows - height), Math.min(column, view.columns - width), height, width];
  return {
    move: (nowX, nowY) => state.setRegion(name, moved(grid(nowX, nowY))),
    end: () => state.reportRegions(),
  };
}

function gesture(state, pane, event, x, y) {
  if (event.button === 1 || event.shiftKey || state.spaceHeld) return panning(state);
  if (event.button === 2) return windowing(state, pane);
  switch (state.tool) {
    case "zoom": return panning(state);
    case "line": return lining(state, "line", x, y);
    case "distance": return lining(state, "ruler", x, y);
    case "region": return regioning(state, x, y);
    default: return windowing(state, pane);
  }
}

/** Assign a pane's pointer handlers. */
export function attachTools(state, pane) {
  const { area } = pane;
  let drag = null, box = null;

  const at = (event) => [event.clientX - box.left, event.clientY - box.top];

  area.onpointerdown = (event) => {
    if (event.target.closest("button")) return;
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
    if (!event.target.closest("button")) state.resetView();
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
