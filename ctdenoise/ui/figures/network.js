/** A network's layers, one after the other, and the square of the picture that each of them sees. */

import { make, shape } from "../viewer/dom.js";
import { clamp } from "../viewer/unit.js";
import { Figure, panel } from "./figure.js";
import { figures, paint, usual } from "./painting.js";

const FIRST = "One output value";
const GROWS = 1.4; // seconds
const FAR = 10; // pixels that an arrow moves the square with Shift
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class NetworkStory extends Figure {
  /** @param {HTMLElement} root @param {NetworkData} data */
  constructor(root, data) {
    const titles = [FIRST, ...data.lines.map(({ name }) => name)];
    super(root, data, "The layers of the network, and what each sees of the picture", titles, titles.map(() => GROWS));
    this.data = data;
    this.titles = titles;
    this.sides = [1, ...data.lines.map(({ side }) => side)];
    this.fixed = false;
    /** Column and row, as seen, of the value that is looked at. @type {[number, number]} */
    this.at = [0, 0];
    this.canvas = make("canvas");
    this.over = shape("svg", { "aria-hidden": "true", preserveAspectRatio: "none" });
    this.near = make("canvas");
    this.squares = shape("svg", { "aria-hidden": "true", preserveAspectRatio: "none" });
    this.whole = panel("Low dose", this.canvas, this.over);
    this.close = panel("Enlarged", this.near, this.squares);
    this.buttons = titles.map((name, step) => make("button", { type: "button", onclick: () => this.steps.go(step) }, name, make("small", {}, this.kind(step))));
    this.panels.classList.add("two");
    this.panels.replaceChildren(this.whole.element, this.close.element,
      make("div", { class: "layers", role: "group", "aria-label": "Layers", tabindex: 0 }, ...this.buttons));
    this.note.textContent = `${data.words}.`;
    this.follow();
    this.get([data.picture], "The slice is on its way …", (found) => this.arrived(found));
  }

  /** Kernel, stride and maps of a line of the table.
   * @param {number} step */
  kind(step) {
    if (!step) return "1 pixel";
    const { kernel, stride, shape: [maps] } = this.data.lines[step - 1];
    return [kernel, stride > 1 && `stride ${stride}`, `${maps} ${maps > 1 ? "maps" : "map"}`].filter(Boolean).join(", ");
  }

  /** @param {Picture[]} found */
  arrived([stored]) {
    const picture = (this.picture = this.seen(stored));
    const limits = this.data.window ?? usual(picture.values);
    for (const canvas of [this.canvas, this.near]) paint(canvas, picture, limits);
    const { columns, rows } = picture;
    this.at = [Math.floor(columns / 2), Math.floor(rows / 2)];
    this.over.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
    this.whole.area.style.aspectRatio = String((columns * this.aspect) / rows);
    this.close.area.style.aspectRatio = String(this.aspect);
    for (const { element } of [this.whole, this.close]) element.classList.remove("ahead");
    this.steps.show(0, 1);
  }

  /** The square follows the pointer until a click, and the arrows always. */
  follow() {
    const { area } = this.whole;
    area.tabIndex = 0;
    area.setAttribute("role", "application"); // it has keys of its own
    area.classList.add("aimed");
    /** @param {PointerEvent} event */
    const move = (event) => {
      if (!this.picture) return;
      const box = area.getBoundingClientRect(), { columns, rows } = this.picture;
      this.look(((event.clientX - box.left) / box.width) * columns, ((event.clientY - box.top) / box.height) * rows);
    };
    area.onpointermove = (event) => this.fixed || move(event);
    area.onclick = (event) => {
      this.fixed = !this.fixed;
      if (this.fixed) move(/** @type {PointerEvent} */ (event));
      else this.look(...this.at);
    };
    area.onkeydown = (event) => {
      const arrow = ARROWS[event.key];
      if (!arrow && event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      if (!arrow) this.fixed = !this.fixed;
      const far = event.shiftKey ? FAR : 1, [dx, dy] = arrow ?? [0, 0];
      this.look(this.at[0] + far * dx, this.at[1] + far * dy);
    };
  }

  /** @type {(column: number, row: number) => void} */
  look(column, row) {
    if (!this.picture) return;
    const { columns, rows } = this.picture;
    this.at = [clamp(Math.floor(column), [0, columns - 1]), clamp(Math.floor(row), [0, rows - 1])];
    this.draw(this.steps.step, this.steps.part);
  }

  /** @type {(step: number, part: number) => void} */
  draw(step, part) {
    if (!this.picture) return;
    const [x, y] = this.at, { sides } = this;
    const before = sides[Math.max(step - 1, 0)], side = before + (sides[step] - before) * part;
    const half = Math.max(Math.ceil(0.65 * sides[sides.length - 1]), 8);
    this.over.replaceChildren(...this.square(x + 0.5, y + 0.5, side, "edge now"));
    const whole = 2 * half + 1;
    this.near.style.width = `${(100 * this.canvas.width) / whole}%`;
    this.near.style.height = `${(100 * this.canvas.height) / whole}%`;
    this.near.style.left = `${(100 * (half - x)) / whole}%`;
    this.near.style.top = `${(100 * (half - y)) / whole}%`;
    this.squares.setAttribute("viewBox", `${-half} ${-half} ${whole} ${whole}`);
    const passed = [...new Set(sides.slice(0, step))].flatMap((each) => this.square(0.5, 0.5, each, "edge"));
    this.squares.replaceChildren(...passed, ...this.square(0.5, 0.5, side, "edge now"));
    this.buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === step)));
    this.say(step);
  }

  /** A square around a place, with a dark rim that shows it on bright pixels.
   * @type {(x: number, y: number, side: number, kind: string) => SVGElement[]} */
  square(x, y, side, kind) {
    const place = { x: x - side / 2, y: y - side / 2, width: side, height: side, "vector-effect": "non-scaling-stroke" };
    return [shape("rect", { ...place, class: `${kind} rim` }), shape("rect", { ...place, class: kind })];
  }

  /** The side of a step's square in pixels and, where their distance is known, in mm.
   * @param {number} step */
  size(step) {
    const side = this.sides[step], [down, across] = this.data.spacing ?? [0, 0];
    const [wide, high] = this.turn[0] ? [across, down] : [down, across];
    const mm = down ? ` (${figures(side * wide, 2)} × ${figures(side * high, 2)} mm)` : "";
    return `${side} × ${side} ${side > 1 ? "pixels" : "pixel"}${mm}`;
  }

  /** @param {number} step */
  say(step) {
    const last = this.titles.length - 1;
    const sees = step ? `One value behind it depends on a square of the picture of ${this.size(step)}.` : `Each value of the denoised picture stands for ${this.size(0)}. What does the network look at, to know it?`;
    const all = step === last ? " Nothing outside that square can change the value." : "";
    this.tell(`${step + 1} of ${last + 1}. ${this.titles[step]}.`, sees + all);
    this.whole.note.textContent = this.fixed ? "fixed; click lets go" : "click fixes the square";
    this.close.note.textContent = this.size(step);
    this.whole.area.setAttribute("aria-label", `Low dose with the square of ${this.size(step)} around column ${this.at[0] + 1}, row ${this.at[1] + 1}. Arrow keys move it, with Shift by ${FAR} pixels; Enter fixes it.`);
    this.close.area.setAttribute("aria-label", `The same place enlarged, with the squares of all layers up to this one: ${this.sides.slice(0, step + 1).join(", ")} pixels wide.`);
    const lines = this.titles.slice(1).map((name, i) => `${name} (${this.kind(i + 1)}): ${this.size(i + 1)}`);
    this.words.textContent = `What one value behind each layer sees of the picture. ${lines.join("; ")}.`;
  }
}
