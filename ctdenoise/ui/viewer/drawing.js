/** Drawing by keys: Enter puts what the tool in hand draws into the middle, Shift and the arrows move it
 * by a pixel, [ and ] make it smaller and larger. */

import { clamp } from "./unit.js";

const PART = 0.25; // of the picture's smaller side: how large it is at first

/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
/** @type {Record<string, number>} */
const GROWTH = { "[": -1, "]": 1 };

/** What a key does to the drawing of the tool in hand, if anything.
 * @type {(state: Viewer, key: string, shift: boolean) => (() => void) | undefined} */
export function drawing(state, key, shift) {
  const { tool } = state;
  const change = tool === "region" ? areaChange(state, key, shift) : tool === "line" || tool === "distance" ? lineChange(state, tool, key, shift) : null;
  return change ?? undefined;
}

/** Along the picture as it is stored: which way an arrow of the screen leads there.
 * @type {(state: Viewer, way: [number, number]) => Pixel} */
function led(state, [down, right]) {
  const { view } = state, x = view.width / 2, y = view.height / 2, step = 10 * view.scale;
  const [row, column] = view.toPixel(x, y), [toRow, toColumn] = view.toPixel(x + right * step, y + down * step);
  return [Math.round((toRow - row) / 10), Math.round((toColumn - column) / 10)];
}

/** @type {(state: Viewer, tool: string, key: string, shift: boolean) => (() => void) | null} */
function lineChange(state, tool, key, shift) {
  const name = tool === "line" ? "line" : "ruler", { view } = state, before = state[name];
  const row = (view.rows - 1) / 2, column = (view.columns - 1) / 2, half = (PART * Math.min(view.rows, view.columns)) / 2;
  /** @type {(pixel: Pixel) => boolean} */
  const inside = ([r, c]) => r >= 0 && c >= 0 && r <= view.rows - 1 && c <= view.columns - 1;
  /** @type {(line: Ends) => () => void} */
  const set = (line) => () => {
    if (!line.every(inside)) return;
    state.setLine(name, line);
    state.reportLine();
  };
  if (key === "Enter") return set([[row, column - half], [row, column + half]]);
  if (!before) return null;
  const [[r0, c0], [r1, c1]] = before;
  if (shift && WAYS[key]) {
    const [down, right] = led(state, WAYS[key]);
    return set([[r0 + down, c0 + right], [r1 + down, c1 + right]]);
  }
  const length = Math.hypot(r1 - r0, c1 - c0), part = GROWTH[key] / (length || 1);
  if (!GROWTH[key] || length + 2 * GROWTH[key] < 1) return null;
  const [down, right] = [(r1 - r0) * part, (c1 - c0) * part];
  return set([[r0 - down, c0 - right], [r1 + down, c1 + right]]);
}

/** @type {(state: Viewer, key: string, shift: boolean) => (() => void) | null} */
function areaChange(state, key, shift) {
  const { view, regionInHand: name } = state, before = state[name];
  /** @type {(row: number, column: number, height: number, width: number) => () => void} */
  const set = (row, column, height, width) => () => {
    const high = clamp(height, [1, view.rows]), wide = clamp(width, [1, view.columns]);
    state.setRegion(name, [clamp(row, [0, view.rows - high]), clamp(column, [0, view.columns - wide]), high, wide]);
    state.reportRegions();
  };
  const side = Math.max(Math.round(PART * Math.min(view.rows, view.columns)), 1);
  if (key === "Enter") return set(Math.round((view.rows - side) / 2), Math.round((view.columns - side) / 2), side, side);
  if (!before) return null;
  const [row, column, height, width] = before;
  if (shift && WAYS[key]) {
    const [down, right] = led(state, WAYS[key]);
    return set(row + down, column + right, height, width);
  }
  const growth = GROWTH[key];
  return growth ? set(row - growth, column - growth, height + 2 * growth, width + 2 * growth) : null;
}
