/** The line that tells learners on other pages that their teacher presents; it listens by itself. */

import { make } from "../viewer/dom.js";
import { Stream } from "../viewer/stream.js";

/** @type {WeakMap<HTMLElement, Stream>} */
const streams = new WeakMap();

/** @param {{ parentElement: HTMLElement, data: [string], setTriggerValue: (name: string, value: unknown) => void }} component */
export default function ({ parentElement, data: [url], setTriggerValue }) {
  const notice = /** @type {HTMLElement} */ (parentElement.querySelector(".notice"));
  /** @param {string} title */
  const tell = (title) => {
    notice.hidden = !title;
    if (!title) return;
    const follow = () => {
      sessionStorage.removeItem("ctdenoise-alone");
      setTriggerValue("follow", true);
    };
    const button = make("button", { type: "button", "data-testid": "notice-follow", onclick: follow }, "Follow");
    notice.replaceChildren(make("span", {}, `Your teacher presents: ${title}`), button);
  };
  if (!streams.has(parentElement))
    streams.set(parentElement, new Stream(url, { title: tell, nothing: () => tell(""), stands: () => {}, end: () => tell("") }));
  return () => {
    streams.get(parentElement)?.stop();
    streams.delete(parentElement);
  };
}
