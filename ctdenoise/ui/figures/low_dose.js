/** How a low dose is made of a full one: rays through the slice, fewer photons, their noise. */

import { make, shape } from "../viewer/dom.js";
import { Figure, labelled, panel } from "./figure.js";
import { deviation, figures, paint, quantile } from "./painting.js";

const TISSUE = -300; // HU above which a pixel is body
const ROOM = 1.5; // around the slice, for rays and detector
const [SLICE, SINOGRAM, PHOTONS, RAYS, NOISE, LOW] = [0, 1, 2, 3, 4, 5];
const DOSE_TITLES = ["Full dose", "Sinogram", "Photons lost", "Noise of the rays", "Noise, reconstructed", "Low dose"];
const DOSE_SECONDS = [1, 8, 3, 4, 2, 3];

/** A power of ten in few letters.
 * @param {number} value */
const count = (value) => (value < 1e3 ? String(value) : value < 1e6 ? `${value / 1e3} k` : `${value / 1e6} M`);
/** @param {number} fraction */
const percent = (fraction) => `${+(100 * fraction).toPrecision(2)} %`;

export class LowDoseStory extends Figure {
  /** @param {HTMLElement} root @param {LowDoseData} data */
  constructor(root, data) {
    super(root, data, "How a low dose is made of the full dose", DOSE_TITLES, DOSE_SECONDS);
    this.data = data;
    this.chosen = data.dose;
    this.view = 0;
    /** @type {Record<string, Picture>} */ this.pictures = {};
    this.canvases = Array.from({ length: 4 }, () => make("canvas"));
    const [slice, sinogram, noise, low] = this.canvases;
    this.rays = shape("svg", { "aria-hidden": "true" });
    this.chart = shape("svg", { class: "chart", viewBox: "0 0 100 100", "aria-hidden": "true" });
    this.rayCanvas = make("canvas");
    const cover = () => [make("i", { class: "cover" }), make("i", { class: "row" })];
    this.parts = [
      panel("Full dose", slice, this.rays),
      panel("Sinogram", sinogram, ...cover()),
      panel("Photons of one view", this.chart),
      panel("Noise of the rays", this.rayCanvas, ...cover()),
      panel("Noise, reconstructed", noise),
      panel("Low dose = full dose + noise", low),
    ];
    this.panels.classList.add("six");
    this.panels.replaceChildren(...this.parts.map(({ element }) => element));
    this.doseSlider = labelled("Dose", data.doses.length - 1, this.chosen, (value) => this.choose(value));
    this.note.textContent = data.note;
    const { full, sinogram: lines, doses } = data;
    this.get([full, lines, doses[this.chosen].ray_noise, doses[this.chosen].noise], "The rays are being followed through the slice …", (found) => this.arrived(found));
  }

  /** @param {Picture[]} found */
  arrived([full, lines, ...rest]) {
    this.pictures = { full: this.seen(full), lines };
    const [slice, sinogram] = this.canvases, window = this.data.window ?? [0, 1];
    paint(slice, this.pictures.full, window);
    this.most = quantile(lines.values, 1);
    paint(sinogram, lines, [0, this.most]);
    this.place(slice);
    this.viewSlider = labelled("View", lines.rows - 1, 0, (value) => this.look(value));
    this.settings.replaceChildren(this.doseSlider, this.viewSlider);
    this.arrivedOfDose(rest);
    this.viewSlider.set(0);
    this.doseSlider.set(this.chosen);
    this.steps.show(SLICE, 1);
    this.ahead();
  }

  /** The slice in the middle of its panel, and millimetres over it for the rays.
   * @param {HTMLCanvasElement} slice */
  place(slice) {
    const { size: [rows, columns], spacing } = this.data, [down, across] = spacing ?? [1, 1];
    const stored = [columns * across, rows * down], reach = (this.reach = Math.max(...stored) / 2);
    const [wide, high] = this.turn[0] ? stored : stored.reverse();
    const [width, height] = [wide, high].map((each) => (50 * each) / (ROOM * reach));
    Object.assign(slice.style, { width: `${width}%`, height: `${height}%`, left: `${50 - width / 2}%`, top: `${50 - height / 2}%` });
    const edge = ROOM * reach;
    this.rays.setAttribute("viewBox", `${-edge} ${-edge} ${2 * edge} ${2 * edge}`);
  }

  /** @param {Picture[]} found the noise of rays and slice at the dose that is chosen */
  arrivedOfDose([rays, noise]) {
    Object.assign(this.pictures, { rays, noise: this.seen(noise) });
    const { full } = this.pictures, spread = 3 * quantile(rays.values.map(Math.abs), 0.95);
    paint(this.rayCanvas, rays, [-spread, spread]);
    const inBody = (/** @type {number} */ i) => full.values[i] > TISSUE;
    this.sd = deviation(this.pictures.noise.values, inBody);
    paint(this.canvases[2], this.pictures.noise, [-this.data.difference / 2, this.data.difference / 2]);
    const { lines } = this.pictures, dark = quantile(lines.values, 0.9);
    this.darkest = deviation(rays.values, (i) => lines.values[i] >= dark);
  }

  /** Pictures of the other doses, so that the slider answers at once. */
  async ahead() {
    for (const { ray_noise, noise } of this.data.doses)
      for (const address of [ray_noise, noise]) await this.store.get(address).catch(() => {}); // told when it is wanted
  }

  /** Another dose; what it is called.
   * @param {number} value */
  choose(value) {
    const { dose, ray_noise, noise } = this.data.doses[value];
    if (value !== this.chosen) {
      this.chosen = value;
      this.get([ray_noise, noise], "The photons are being counted …", (found) => {
        this.arrivedOfDose(found);
        this.steps.show(this.steps.step, this.steps.part);
      });
    }
    return percent(dose);
  }

  /** Another view, by hand; what it is called.
   * @param {number} view */
  look(view) {
    if (view !== this.view) {
      this.steps.stop();
      this.view = view;
      this.steps.show(Math.max(this.steps.step, SINOGRAM), 1);
    }
    return this.angle();
  }

  angle() {
    return `${Math.round((180 * this.view) / (this.pictures.lines?.rows ?? 1))}°`;
  }

  /** @type {(step: number, part: number) => void} */
  draw(step, part) {
    const { lines, full } = this.pictures;
    if (!lines || !this.viewSlider) return;
    if (step === SINOGRAM && part < 1) {
      this.view = Math.min(Math.floor(part * lines.rows), lines.rows - 1);
      this.viewSlider.set(this.view);
    }
    this.parts.forEach(({ element }, i) => element.classList.toggle("ahead", i > step));
    this.parts.forEach(({ element }, i) => element.classList.toggle("now", i === step));
    this.cover(SINOGRAM, step > SINOGRAM ? 1 : part, step === SINOGRAM || step === PHOTONS);
    this.cover(RAYS, step > RAYS ? 1 : part, false);
    this.rays.replaceChildren(...(step === SINOGRAM || step === PHOTONS ? this.beam() : []));
    if (step >= PHOTONS) this.chart.replaceChildren(...this.photons(step > PHOTONS ? 1 : part));
    this.canvases[2].style.opacity = String(step > NOISE ? 1 : part);
    if (step === LOW) this.sum(part);
    this.say(step, full);
  }

  /** Views are uncovered from the top; where one is looked at, a line marks it.
   * @type {(which: number, part: number, marked: boolean) => void} */
  cover(which, part, marked) {
    const [, cover, row] = /** @type {HTMLElement[]} */ ([...this.parts[which].area.children]);
    cover.style.top = `${100 * part}%`;
    row.style.top = `${(100 * (this.view + 0.5)) / this.pictures.lines.rows}%`;
    row.hidden = !marked;
  }

  /** Line integrals of the view that is looked at.
   * @param {Picture} picture */
  row(picture) {
    return picture.values.subarray(this.view * picture.columns, (this.view + 1) * picture.columns);
  }

  /** The rays of a view through the slice, the detector, and what the rays have lost when they
   * arrive there. */
  beam() {
    const { lines } = this.pictures, [a, b, c, d] = this.turn, reach = this.reach ?? 1;
    const angle = (Math.PI * this.view) / lines.rows, cos = Math.cos(angle), sin = Math.sin(angle);
    /** Along the detector, and along the rays, both in mm from the centre.
     * @type {(along: number, on: number) => string} */
    const at = (along, on) => {
      const u = along * cos - on * sin, v = along * sin + on * cos;
      return `${(a * u + c * v).toFixed(1)} ${(b * u + d * v).toFixed(1)}`;
    };
    const rays = [-0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8].map((part) => `M${at(part * reach, -1.2 * reach)}L${at(part * reach, 1.08 * reach)}`);
    const profile = Array.from(this.row(lines), (loss, i) => at(((2 * i + 1) / lines.columns - 1) * reach, (1.1 + (0.36 * loss) / (this.most ?? 1)) * reach));
    return [
      shape("path", { d: rays.join(""), class: "ray" }),
      shape("path", { d: `M${at(-reach, 1.1 * reach)}L${profile.join("L")}L${at(reach, 1.1 * reach)}Z`, class: "profile" }),
    ];
  }

  /** Photons of each ray of a view, at full dose and, of which `part` has come about, at the lower
   * one, on a scale on which each line is ten times the one below.
   * @param {number} part */
  photons(part) {
    const { lines, rays } = this.pictures, { photons, doses, colors } = this.data, { dose } = doses[this.chosen];
    const fewest = photons * Math.exp(-(this.most ?? 0)) * Math.min(...doses.map((each) => each.dose));
    const lowest = Math.max(Math.floor(Math.log10(fewest)), 0), highest = Math.ceil(Math.log10(photons));
    const left = 17, bottom = 88, top = 5;
    /** @param {number} count */
    const y = (count) => bottom - ((Math.log10(Math.max(count, 1)) - lowest) / (highest - lowest)) * (bottom - top);
    /** @param {(loss: number, i: number) => number} arrive */
    const curve = (arrive) => `M${Array.from(this.row(lines), (loss, i) => `${(left + ((100 - left) * i) / lines.columns).toFixed(1)} ${y(arrive(loss, i)).toFixed(1)}`).join("L")}`;
    const scale = Array.from({ length: highest - lowest + 1 }, (_, i) => lowest + i).flatMap((i) => [
      shape("path", { d: `M${left} ${y(10 ** i)}H100`, class: "gridline" }),
      shape("text", { x: left - 2, y: y(10 ** i) + 2, "text-anchor": "end" }, count(10 ** i)),
    ]);
    const noise = this.row(rays);
    return [
      ...scale,
      shape("path", { d: curve((loss) => photons * Math.exp(-loss)), stroke: colors.full, class: "curve" }),
      shape("path", { d: curve((loss, i) => photons * dose ** part * Math.exp(-loss - part * noise[i])), stroke: colors.low, class: "curve" }),
      shape("text", { x: 58, y: 97, "text-anchor": "middle" }, "along the detector"),
    ];
  }

  /** The slice and so much of the noise.
   * @param {number} part */
  sum(part) {
    const { full, noise } = this.pictures;
    paint(this.canvases[3], { ...full, values: full.values.map((value, i) => value + part * noise.values[i]) }, this.data.window ?? [0, 1]);
  }

  /** @type {(step: number, full: Picture) => void} */
  say(step, full) {
    const { lines } = this.pictures, { photons, doses } = this.data, { dose } = doses[this.chosen];
    const fewest = photons * Math.exp(-quantile(this.row(lines), 1)), at = percent(dose), sd = figures(this.sd ?? 0, 2);
    const off = percent(this.darkest ?? 0);
    const told = [
      "This slice was measured with the full dose. Everything else follows from it.",
      `X-rays cross the body from ${lines.rows} directions. What they lose on their way to the detector is one row of the sinogram for each direction.`,
      `${figures(photons)} photons start along each ray. At full dose ${figures(fewest)} arrive on the darkest ray of this view, at ${at} only ${figures(dose * fewest)}, and chance makes it more or fewer.`,
      `The fewer photons arrive, the more chance changes their number. At ${at}, the rays that lose most are off by ${off} as a rule.`,
      `The noise of the rays alone is reconstructed like a slice: ${sd} HU in the body, as a standard deviation.`,
      `The full dose and this noise, added up: the slice at ${at} of the dose.`,
    ];
    this.tell(`${step + 1} of ${DOSE_TITLES.length}. ${DOSE_TITLES[step]}.`, told[step]);
    const describes = [
      `The slice at full dose${step === SINOGRAM || step === PHOTONS ? `, with the rays of the view at ${this.angle()}` : ""}.`,
      `Sinogram: ${lines.rows} views, one below the other; bright where rays lose most.`,
      `Photons along the detector at ${this.angle()}: at full dose at least ${figures(fewest)}, at ${at} of the dose about ${figures(dose * fewest)} there, scattered.`,
      "What chance adds to each ray of the sinogram: strongest behind the thickest parts of the body.",
      `Reconstructed noise of ${sd} HU: fine streaks and grain.`,
      `The slice at ${at} of the dose: the full dose with the noise added.`,
    ];
    this.parts.forEach(({ area }, i) => area.setAttribute("aria-label", i > step ? `${DOSE_TITLES[i]}: comes later.` : describes[i]));
    this.parts[PHOTONS].note.textContent = `full, ${at}`;
    this.parts[NOISE].note.textContent = `${sd} HU`;
    this.parts[LOW].note.textContent = at;
    this.words.textContent = [...told, `The slice is drawn with ${full.columns} × ${full.rows} pixels.`].join(" ");
  }
}
