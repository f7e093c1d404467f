/** From int16 values to grey levels through a table of 65,536 entries. */

const BLACK = 0xff000000, WHITE = 0xffffffff;

/** Grey levels of one window, packed as the canvas stores them (little-endian RGBA). */
export class GreyTable {
  constructor() {
    this.table = new Uint32Array(65536);
    this.level = this.width = NaN;
  }

  set(level, width) {
    if (level === this.level && width === this.width) return;
    this.level = level;
    this.width = width;
    const lower = level - width / 2;
    const first = Math.min(Math.max(Math.ceil(lower), -32768), 32768);
    const stop = Math.min(Math.max(Math.floor(level + width / 2) + 1, first), 32768);
    this.put(-32768, first, BLACK);
    this.put(stop, 32768, WHITE);
    for (let value = first; value < stop; value++) {
      const grey = Math.round(((value - lower) / width) * 255);
      this.table[value & 0xffff] = BLACK | (grey << 16) | (grey << 8) | grey;
    }
  }

  // A value indexes the table by its bits as an unsigned number: negative ones are the upper half.
  put(from, to, colour) {
    if (to > 0) this.table.fill(colour, Math.max(from, 0), to);
    if (from < 0) this.table.fill(colour, from + 65536, Math.min(to, 0) + 65536);
  }

  paint(values, target) {
    const table = this.table;
    for (let i = 0; i < values.length; i++) target[i] = table[values[i] & 0xffff];
  }
}
