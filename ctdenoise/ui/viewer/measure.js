/** Measurements on a stored picture: the same formulas as ctdenoise/metrics. */

/** Bilinear values every half pixel from start to end, both included.
 * @type {(picture: Picture, start: Pixel, end: Pixel) => Float64Array} */
export function profile({ rows, columns, values }, [row0, column0], [row1, column1]) {
  const count = Math.max(Math.ceil(Math.hypot(row1 - row0, column1 - column0) / 0.5), 1) + 1;
  const samples = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const t = i / (count - 1);
    const row = Math.min(Math.max(row0 + t * (row1 - row0), 0), rows - 1);
    const column = Math.min(Math.max(column0 + t * (column1 - column0), 0), columns - 1);
    const r = Math.min(Math.floor(row), Math.max(rows - 2, 0)), c = Math.min(Math.floor(column), Math.max(columns - 2, 0));
    const y = row - r, x = column - c, at = r * columns + c;
    const down = rows > 1 ? columns : 0, across = columns > 1 ? 1 : 0;
    samples[i] =
      (values[at] * (1 - x) + values[at + across] * x) * (1 - y) +
      (values[at + down] * (1 - x) + values[at + down + across] * x) * y;
  }
  return samples;
}

/** Mean and SD (n - 1) of a region.
 * @type {(picture: Pick<Picture, "columns" | "values">, region: Region) => { mean: number, sd: number }} */
export function statistics({ columns, values }, [row, column, height, width]) {
  let sum = 0, squares = 0;
  const first = values[row * columns + column], count = height * width;
  for (let r = row; r < row + height; r++)
    for (let at = r * columns + column, stop = at + width; at < stop; at++) {
      const value = values[at] - first; // keeps the difference of squares accurate
      sum += value;
      squares += value * value;
    }
  const variance = count > 1 ? Math.max((squares - (sum * sum) / count) / (count - 1), 0) : 0;
  return { mean: first + sum / count, sd: Math.sqrt(variance) };
}

/** Length between two stored pixels in mm, or in pixels where the spacing is unknown.
 * @type {(start: Pixel, end: Pixel, spacing: ViewerData["spacing"]) => number} */
export function distance(start, end, spacing) {
  const [rowMm, columnMm] = spacing ?? [1, 1];
  return Math.hypot((end[0] - start[0]) * rowMm, (end[1] - start[1]) * columnMm);
}

/** Level and width of mean ± 3 SD of what is above `air`, or of all where nothing is.
 * @type {(picture: Pick<Picture, "values">, air: number) => LevelWidth} */
export function automaticWindow({ values }, air) {
  /** @type {(above: number) => LevelWidth | null} */
  const measure = (above) => {
    let count = 0, sum = 0, squares = 0;
    for (const value of values)
      if (value > above) {
        count++;
        sum += value;
        squares += value * value;
      }
    const mean = sum / count;
    return count ? [mean, 6 * Math.sqrt(Math.max(squares / count - mean * mean, 0))] : null;
  };
  return measure(air) ?? measure(-Infinity) ?? [0, 0];
}

/** The lowest and the highest value.
 * @type {(picture: Pick<Picture, "values">) => Interval} */
export function extremes({ values }) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
