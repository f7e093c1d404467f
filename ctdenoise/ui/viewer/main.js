/** Where Streamlit enters: called at the start and at every rerun with new data. */

import { Viewer } from "./viewer.js";

/** @type {WeakMap<HTMLElement, Viewer>} */
const viewers = new WeakMap();

/** @param {Component} component */
export default function (component) {
  const parent = component.parentElement;
  const viewer = viewers.get(parent) ?? new Viewer(parent);
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
