/** Where Streamlit enters: called at the start and at every rerun with new data. */

import { Following } from "./following.js";
import { Viewer } from "./viewer.js";

/** @type {WeakMap<HTMLElement, Viewer | Following>} */
const viewers = new WeakMap();

/** @param {any} component a Component or a Followed */
export default function (component) {
  const parent = component.parentElement;
  const viewer = viewers.get(parent) ?? ("follows" in component.data[0] ? new Following(parent) : new Viewer(parent));
  viewers.set(parent, viewer);
  viewer.update(component);
  // Streamlit may drop an earlier call's answer after a later call: only the last one cleans up.
  const call = (viewer.call = {});
  return () => {
    if (viewer.call !== call) return;
    viewers.delete(parent);
    viewer.destroy();
  };
}
