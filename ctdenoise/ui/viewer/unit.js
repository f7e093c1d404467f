/** What depends on the unit of the pictures: in HU it is fixed, else it follows the first window. */

/** @type {Interval} */
const HU_SLIDER = [-1000, 2000];
const OWN_DIGITS = 3000; // the first window, mean ± 3 SD, is divided into at least so many steps

export class Unit {
  /** `name` is "HU" or "" for a unit of its own, the window the first one in that unit.
   * @param {Pick<ViewerData, "unit" | "window">} data */
  constructor({ unit: name, window: [level, width] }) {
    this.isHu = name === "HU";
    this.name = name;
    this.suffix = name && ` ${name}`;
    this.digits = this.isHu ? 0 : Math.min(Math.max(Math.ceil(Math.log10(OWN_DIGITS / width)), 0), 100);
    this.step = 10 ** -this.digits;
    /** @type {Interval} */
    this.slider = this.isHu ? HU_SLIDER : [level - width, level + width];
    /** @type {Interval} */
    this.levels = this.isHu ? [-32768, 32767] : [-Infinity, Infinity];
    /** @type {Interval} */
    this.widths = [this.step, this.isHu ? 65535 : Infinity];
    /** Widths of the window of differences.
     * @type {Interval} */
    this.differences = [4 * this.step, this.isHu ? 8000 : Infinity];
    /** How fast dragging changes a window, per screen pixel.
     * @type {Interval} */
    this.speeds = [0.2 * this.step, this.isHu ? 20 : Infinity];
    this.air = this.isHu ? -900 : -Infinity; // up to here it is air or padding
  }

  /** To a whole number of steps.
   * @param {number} value */
  round(value) {
    return Math.round(value * 10 ** this.digits) / 10 ** this.digits;
  }

  /** A number as it is read, with `more` digits than a single value has.
   * @type {(value: number, more?: number) => string} */
  text(value, more = 0) {
    const text = value.toFixed(this.digits + more);
    return text.replace("-", Number(text) ? "−" : ""); // not "−0.0"
  }
}

/** @type {(value: number, limits: Interval) => number} */
export const clamp = (value, [low, high]) => Math.min(Math.max(value, low), high);
