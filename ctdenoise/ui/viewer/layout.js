/** Columns and size of the panes for the room there is. */

export const GAP = 4;
const NARROWEST = 190, MOST_COLUMNS = 5; // side by side on a page
const LOWEST = 120; // below this a full screen scrolls

/**
 * Panes as large as the room lets their pictures be: `width` screen pixels wide and no higher than
 * `most` each, or, on a full screen, all together `height` pixels high with captions.
 *
 * `count`: of panes. `extent`: width and height of a picture. `asked`: how many side by side, null
 * for as many as suit. `caption`: height of what stands above a pane.
 *
 * @param {{ count: number, extent: Point, asked: number | null, width: number, most: number, height: number | null, caption: number }} room
 * @returns {{ columns: number, width: number, height: number }} of a pane, without its caption
 */
export function arranged({ count, extent: [w, h], asked, width, most, height, caption }) {
  /** @param {number} columns */
  const wide = (columns) => Math.floor((width - GAP * (columns - 1)) / columns);
  if (height === null) {
    const fitting = Math.min(count, MOST_COLUMNS, Math.max(Math.floor((width + GAP) / (NARROWEST + GAP)), 1));
    const columns = asked ?? Math.ceil(count / Math.ceil(count / fitting));
    return { columns, width: wide(columns), height: Math.round(Math.min(most, (wide(columns) * h) / w)) };
  }
  const ways = (asked ? [asked] : Array.from({ length: count }, (_, i) => i + 1)).map((columns) => {
    const rows = Math.ceil(count / columns);
    const high = Math.max(Math.floor((height - GAP * (rows - 1)) / rows) - caption, LOWEST);
    return { columns, width: wide(columns), height: Math.round(Math.min(high, (wide(columns) * h) / w)) };
  });
  /** @param {{ width: number, height: number }} way */
  const scale = (way) => Math.min(way.width / w, way.height / h);
  return ways.reduce((best, way) => (scale(way) > scale(best) ? way : best));
}
