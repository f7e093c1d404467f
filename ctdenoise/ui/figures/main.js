/** Where Streamlit enters: called at the start and at every rerun with new data. */

import { FeatureLoss } from "./feature_loss.js";
import { LowDoseStory } from "./low_dose.js";
import { NetworkStory } from "./network.js";

/** @type {Record<string, new (root: HTMLElement, data: any) => { destroy(): void }>} */
const FIGURES = { low_dose: LowDoseStory, network: NetworkStory, feature_loss: FeatureLoss };

/** @type {WeakMap<HTMLElement, { told: string, call: object, figure: { destroy(): void } }>} */
const drawn = new WeakMap();

/** @param {FigureComponent} component */
export default function ({ parentElement, data: [data] }) {
  const told = JSON.stringify(data);
  let here = drawn.get(parentElement);
  if (here?.told !== told) {
    here?.figure.destroy();
    const root = /** @type {HTMLElement} */ (parentElement.querySelector(".figure"));
    here = { told, call: {}, figure: new FIGURES[data.figure](root, data) };
    drawn.set(parentElement, here);
  }
  // Streamlit may drop an earlier call's answer after a later call: only the last one cleans up.
  const last = here, call = (last.call = {});
  return () => {
    if (last.call !== call) return;
    drawn.delete(parentElement);
    last.figure.destroy();
  };
}
