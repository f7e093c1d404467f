/** The button by which somebody shows to the class what stands in the viewer. */

import { iconButton } from "./dom.js";
import { say, shownBy } from "./setting.js";

/** @type {(state: Viewer) => HTMLElement[]} */
export function showButton(state) {
  const { showing } = state.data;
  return showing ? [iconButton("show", "Show to the class", "", () => show(state, showing), "viewer-show")] : [];
}

/** @type {(state: Viewer, to: ToClass) => Promise<void>} */
export async function show(state, { url, title, page }) {
  try {
    const answer = await fetch(url, { method: "POST", body: JSON.stringify({ title, page, shown: shownBy(state) }) });
    say(state, answer.ok ? "Shown to your class" : await answer.text());
  } catch {
    say(state, "This was not shown: the server does not answer. Try again in a moment.");
  }
}
