/** Pictures on canvases: turned to the radiological view, then from values to colours. */

import { context2d } from "../viewer/dom.js";

/** A picture as it is seen.
 * @type {(picture: Picture, turn: Turn) => Picture} */
export function turned(picture, [a, b, c, d]) {
  const { rows, columns, values } = picture;
  const wide = a ? columns : rows, high = a ? rows : columns;
  const left = a + c < 0 ? wide - 1 : 0, top = b + d < 0 ? high - 1 : 0;
  const seen = values.slice();
  for (let row = 0, i = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, i++)
      seen[(top + b * column + d * row) * wide + left + a * column + c * row] = values[i];
  return { ...picture, rows: high, columns: wide, values: seen };
}

/** Red, green and blue, 0 to 255, of a brightness from 0 to 1.
 * @type {Record<string, (part: number) => [number, number, number]>} */
const COLOURS = {
  grey: (part) => [255 * part, 255 * part, 255 * part],
  // black, orange, white: ever brighter, so that no colour need be told from another
  heat: (part) => [255 * Math.min(1, 1.7 * part), 255 * part ** 1.3 * 0.93, 255 * part ** 4],
};

/** Draw a picture, one pixel of the canvas for each of its own; `upper` is the brightest value.
 * @type {(canvas: HTMLCanvasElement, picture: Picture, limits: Interval, colours?: string) => void} */
export function paint(canvas, { rows, columns, values }, [lower, upper], colours = "grey") {
  canvas.width = columns;
  canvas.height = rows;
  const context = context2d(canvas), image = context.createImageData(columns, rows);
  const slope = 255 / (upper - lower || 1);
  const table = Array.from({ length: 256 }, (_, level) => COLOURS[colours](level / 255));
  for (let i = 0, at = 0; i < values.length; i++, at += 4) {
    const level = Math.min(Math.max(Math.round((values[i] - lower) * slope), 0), 255);
    [image.data[at], image.data[at + 1], image.data[at + 2]] = table[level];
    image.data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** The value that a `part` of all values does not exceed.
 * @type {(values: Picture["values"], part: number) => number} */
export function quantile(values, part) {
  const sorted = values.slice().sort();
  return sorted[Math.min(Math.floor(part * sorted.length), sorted.length - 1)];
}

/** Standard deviation of the values that are chosen.
 * @type {(values: Picture["values"], chosen?: (i: number) => boolean) => number} */
export function deviation(values, chosen = () => true) {
  let count = 0, sum = 0, squares = 0;
  for (let i = 0; i < values.length; i++)
    if (chosen(i)) {
      count++;
      sum += values[i];
      squares += values[i] ** 2;
    }
  return count ? Math.sqrt(Math.max(squares / count - (sum / count) ** 2, 0)) : 0;
}

/** The darkest and the brightest value where no window says them: mean ± 3 SD.
 * @type {(values: Picture["values"]) => Interval} */
export function usual(values) {
  let sum = 0;
  for (const value of values) sum += value;
  const middle = sum / values.length, spread = 3 * deviation(values);
  return [middle - spread, middle + spread];
}

/** A number as it is read: with so many digits, but never fewer than it has before the point.
 * @type {(value: number, digits?: number) => string} */
export function figures(value, digits = 3) {
  const rounded = Math.abs(value) < 10 ** digits ? Number(value.toPrecision(digits)) : Math.round(value);
  return rounded.toLocaleString("en", { maximumSignificantDigits: 15 }).replace("-", "−");
}
