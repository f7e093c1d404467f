/** From values to grey levels: int16 through a table of 65,536 entries, others by arithmetic. */

const BLACK = 0xff000000, WHITE = 0xffffffff;
const GREYS = Uint32Array.from({ length: 256 }, (_, grey) => BLACK | (grey << 16) | (grey << 8) | grey);

/** Grey levels of one window, packed as the canvas stores them (little-endian RGBA). */
export class GreyTable {
  constructor() {
    this.table = new Uint32Array(65536);
    this.level = this.width = NaN;
  }

  /** Level and width in the unit of the values.
   * @type {(level: number, width: number) => void} */
  set(level, width) {
    if (level === this.level && width === this.width) return;
    this.level = level;
    this.width = width;
    const lower = level - width / 2;
    const first = Math.min(Math.max(Math.ceil(lower), -32768), 32768);
    const stop = Math.min(Math.max(Math.floor(level + width / 2) + 1, first), 32768);
    this.put(-32768, first, BLACK);
    this.put(stop, 32768, WHITE);
    for (let value = first; value < stop; value++)
      this.table[value & 0xffff] = GREYS[Math.round(((value - lower) / width) * 255)];
  }

  /**
   * Values from `from` up to `to` get one colour. A value indexes the table by its bits as an
   * unsigned number: negative ones are the upper half.
   *
   * @type {(from: number, to: number, colour: number) => void}
   */
  put(from, to, colour) {
    if (to > 0) this.table.fill(colour, Math.max(from, 0), to);
    if (from < 0) this.table.fill(colour, from + 65536, Math.min(to, 0) + 65536);
  }

  /** Colours of `values` into `target`, of the same length.
   * @type {(values: Picture["values"], target: Uint32Array) => void} */
  paint(values, target) {
    if (!(values instanceof Int16Array)) return this.compute(values, target);
    const table = this.table;
    for (let i = 0; i < values.length; i++) target[i] = table[values[i] & 0xffff];
  }

  /** @type {(values: Float32Array, target: Uint32Array) => void} */
  compute(values, target) {
    const lower = this.level - this.width / 2, slope = 255 / this.width;
    for (let i = 0; i < values.length; i++) {
      const grey = (values[i] - lower) * slope;
      target[i] = grey <= 0 ? BLACK : grey >= 255 ? WHITE : GREYS[Math.round(grey)];
    }
  }
}
