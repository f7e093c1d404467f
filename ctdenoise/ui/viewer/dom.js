/** Making elements, and the viewer's icons. */

const SVG = "http://www.w3.org/2000/svg";

/** Paths on a 20 x 20 grid, drawn as strokes.
 * @type {Record<string, string>} */
const ICONS = {
  window: "M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14z M10 3v14 M10 6h4.5 M10 9h6.8 M10 12h6.5 M10 15h4.5",
  zoom: "M8.5 3a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z M12.5 12.5L17 17 M8.5 6v5 M6 8.5h5",
  distance: "M2.5 13.5l11-11l4 4l-11 11z M5.5 10.5l1.5 1.5 M8 8l2.2 2.2 M10.5 5.5l1.5 1.5",
  line: "M2.5 16c2 0 2.5-9 5-9s2.5 6 4.5 6s2-10 5.5-10",
  region: "M3 5h14v10H3z M1.8 5h2.4 M15.8 5h2.4 M1.8 15h2.4 M15.8 15h2.4",
  point: "M10 4v4 M10 12v4 M4 10h4 M12 10h4 M10 6.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7z",
  magnifier: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15z M10 7v6 M7 10h6",
  curtain: "M3 4h14v12H3z M10 2v16 M7 8l-2 2l2 2 M13 8l2 2l-2 2",
  play: "M6 4l10 6l-10 6z",
  pause: "M7 4v12 M13 4v12",
  previous: "M12.5 4.5L7 10l5.5 5.5",
  next: "M7.5 4.5L13 10l-5.5 5.5",
  reset: "M4.5 7a6.5 6.5 0 1 1-1 3.5 M4 3v4.5h4.5",
  fullscreen: "M3 7V3h4 M13 3h4v4 M17 13v4h-4 M7 17H3v-4",
  present: "M2.5 4h15 M4 4v9h12V4 M10 13v2 M6.5 17.5L10 15l3.5 2.5",
  show: "M10 12V3 M6.5 6.5L10 3l3.5 3.5 M3.5 11v6h13v-6",
  help: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15z M7.8 8a2.3 2.3 0 1 1 3.2 2.1c-.8.4-1 .8-1 1.6 M10 14v.3",
};

/**
 * @template {Element} Kind
 * @param {Kind} element
 * @param {Attributes} attributes
 * @param {(Node | string)[]} children
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) Object.assign(element, { [name]: value });
    else if (value !== undefined && value !== null && value !== false)
      element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/**
 * An HTML element; attributes beginning with "on" are assigned as handlers.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {(Node | string)[]} children
 */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** @type {(canvas: HTMLCanvasElement, settings?: CanvasRenderingContext2DSettings) => CanvasRenderingContext2D} */
export function context2d(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("This browser cannot draw pictures.");
  return context;
}

/**
 * An SVG element.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {(Node | string)[]} children
 */
export function shape(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** @param {string} name one of ICONS */
export function icon(name) {
  return shape("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, shape("path", { d: ICONS[name] }));
}

/**
 * A button with an icon and a tooltip that tells its key.
 *
 * @param {string} name
 * @param {string} tip
 * @param {string} key
 * @param {() => unknown} onclick
 * @param {string} [testid]
 */
export function iconButton(name, tip, key, onclick, testid) {
  const says = key ? `${tip} (${key})` : tip;
  return make(
    "button",
    { type: "button", class: "tool", "data-tip": says, "aria-label": says, "data-testid": testid, onclick },
    icon(name),
  );
}
