/** Output and target through VGG16's blocks: what is seen, what differs, and one number of it. */

import { make } from "../viewer/dom.js";
import { Figure } from "./figure.js";
import { figures, paint, quantile, usual } from "./painting.js";

const [PICTURES, PIXELS, BLOCKS, DIFFERENCES, NUMBERS] = [0, 1, 2, 5, 6];
const LOSS_TITLES = ["Two pictures", "Pixel by pixel", "Block 1", "Block 2", "Block 3", "What differs", "One number"];
const LOSS_SECONDS = [1, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5];

export class FeatureLoss extends Figure {
  /** @param {HTMLElement} root @param {FeatureLossData} data */
  constructor(root, data) {
    super(root, data, "How the feature loss comes to its number", LOSS_TITLES, LOSS_SECONDS);
    this.data = data;
    const { name, color, blocks, output, target, squares, colors } = data;
    /** What is shown of the slice and of each block: of output, of target, and of their differences.
     * @type {{ first: number, squared: number, number: number, names: string[], addresses: string[] }[]} */
    this.columns = [
      { first: PICTURES, squared: PIXELS, number: PIXELS, names: ["The slice", "mean squared error, MSE"], addresses: [output, target, squares] },
      ...blocks.map(({ seen, wanted, differences, maps }, i) => ({
        first: BLOCKS + i, squared: DIFFERENCES, number: NUMBERS,
        names: [`Block ${i + 1}`, "feature loss", `4 of ${maps} maps`], addresses: [seen, wanted, differences],
      })),
    ];
    this.cells = this.columns.map(({ addresses }) => addresses.map(() => make("div", { class: "area", role: "img", "aria-label": "Comes later." }, make("canvas"))));
    this.numbers = this.columns.map(() => make("output", {}));
    const head = this.columns.map(({ names: [title, , maps] }) => make("th", { scope: "col" }, title, make("small", {}, maps ?? "pixels")));
    /** @param {string} title @param {string} identity @param {(Node | string)[]} cells */
    const row = (title, identity, cells) => make("tr", {}, make("th", { scope: "row", style: `--identity: ${identity}` }, title), ...cells.map((cell) => make("td", {}, cell)));
    const rows = [[name, color], ["Full dose", colors.full], ["Difference, squared", "transparent"]].map(([title, identity], k) => row(title, identity, this.cells.map((cells) => cells[k])));
    const mean = row("Its mean", "transparent", this.columns.map(({ names }, i) => make("div", { class: "number" }, this.numbers[i], make("small", {}, names[1]))));
    this.panels.classList.add("matrix");
    this.panels.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, make("td", {}), ...head)), make("tbody", {}, ...rows, mean)));
    this.note.textContent = "The feature loss has no unit, and only numbers of one block can be compared. In the third row, bright is where the pictures differ most.";
    this.get(this.columns.flatMap(({ addresses }) => addresses), "VGG16 is looking at both pictures …", (found) => this.arrived(found));
  }

  /** @param {Picture[]} found */
  arrived(found) {
    this.means = this.columns.map((_, i) => {
      const [output, target, squares] = found.slice(3 * i, 3 * i + 3).map((picture) => this.seen(picture));
      /** @type {Interval} */
      const limits = i ? [0, 1] : this.data.window ?? usual(target.values);
      const canvases = this.cells[i].map((area) => /** @type {HTMLCanvasElement} */ (area.firstChild));
      paint(canvases[0], output, limits);
      paint(canvases[1], target, limits);
      paint(canvases[2], squares, [0, quantile(squares.values, 0.99)], "heat");
      for (const area of this.cells[i]) area.style.aspectRatio = String((target.columns * this.aspect) / target.rows);
      return squares.mean ?? NaN;
    });
    this.steps.show(PICTURES, 1);
  }

  /** @type {(step: number, part: number) => void} */
  draw(step, part) {
    if (!this.means) return;
    this.columns.forEach(({ first, squared, number }, i) => {
      /** How much of something there is to be seen that begins with a step.
       * @param {number} begins */
      const there = (begins) => (step > begins ? 1 : step < begins ? 0 : part);
      [first, first, squared].forEach((begins, k) => (this.cells[i][k].style.opacity = String(there(begins))));
      /** @type {HTMLElement} */ (this.numbers[i].parentElement).style.opacity = String(there(number));
      this.numbers[i].textContent = this.number(i, step >= number);
    });
    this.say(step);
  }

  /** @type {(column: number, known: boolean) => string} */
  number(column, known) {
    const unit = column || this.data.unit !== "HU" ? "" : " HU²";
    return known ? figures(this.means?.[column] ?? NaN, 4) + unit : "";
  }

  /** @param {number} step */
  say(step) {
    const { name, blocks } = this.data, number = (/** @type {number} */ i) => this.number(i, true);
    const told = [
      `${name} and full dose of the same slice. How different are they? There are several answers.`,
      `Subtract pixel from pixel, square, average: the mean squared error is ${number(0)}.`,
      ...blocks.map(({ maps, layer }, i) => `Both pictures go through VGG16. Its ${layer} makes ${maps} maps of each, bright where it finds its patterns; the four that differ most are drawn.${i ? " Each map is half as large as one of the block before." : ""}`),
      "The maps of both pictures are subtracted and squared, and averaged over all maps at each place.",
      `The mean of that is one number. If training looks at block 3, it makes ${number(3)} smaller, and not the ${number(0)} of the pixels.`,
    ];
    this.tell(`${step + 1} of ${LOSS_TITLES.length}. ${LOSS_TITLES[step]}.`, told[step]);
    this.columns.forEach(({ first, squared, names: [title, , maps] }, i) => {
      const what = maps ? `${title}, ${maps}` : title;
      [`${what}, ${name}`, `${what}, full dose`, `${what}: squared difference, with a mean of ${number(i)}`].forEach((label, k) =>
        this.cells[i][k].setAttribute("aria-label", (k < 2 ? first : squared) > step ? `${title}: comes later.` : label));
    });
    this.words.textContent = `${told.join(" ")} Feature loss of block 1: ${number(1)}; of block 2: ${number(2)}; of block 3: ${number(3)}.`;
  }
}
