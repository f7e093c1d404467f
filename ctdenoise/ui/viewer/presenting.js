/**
 * A teacher's viewer tells the class what it shows: everything once, then its settings, at most
 * ten times a second and the last ones always.
 */

import { say, settingOf, shownBy } from "./setting.js";

const PAUSE_MS = 100, AGAIN_MS = 2000;
const KEPT_ALIVE = 60_000; // bytes that a browser still sends when the page is left

/** Of several viewers on a page the one that was touched last presents, at first the first one.
 * @type {{ current: Presenting | null }} */
const hand = (/** @type {any} */ (globalThis).ctdenoisePresents ??= { current: null }); // each viewer may have this module anew

export class Presenting {
  /** @param {Viewer} state */
  constructor(state) {
    this.state = state;
    /** @type {ToClass | null} */ this.to = null;
    /** @type {ViewerData | null} */ this.sent = null; // the data that were sent with all else
    this.id = "";
    this.setting = ""; // that was sent last, as JSON
    this.busy = false;
    this.free = 0; // when the next may be sent
    /** @type {ReturnType<typeof setTimeout> | undefined} */ this.timer = undefined;
    for (const touch of ["pointerdown", "focusin"]) state.root.addEventListener(touch, () => this.claim());
  }

  /** @param {ToClass | null | undefined} to null to present no more */
  take(to) {
    if (to?.large && !this.to?.large) this.state.fullScreen.enter(true);
    this.to = to ?? null;
    if (!this.to) {
      this.sent = null;
      clearTimeout(this.timer);
      this.timer = undefined;
      if (hand.current === this) hand.current = null;
    }
  }

  claim() {
    if (!this.to || hand.current === this) return;
    if (hand.current) hand.current.sent = null;
    hand.current = this;
    this.look();
  }

  /** What is shown may have changed. */
  look() {
    if (!this.to || this.busy || this.timer) return;
    if ((hand.current ??= this) !== this) return;
    const whole = this.sent !== this.state.data;
    if (!whole && JSON.stringify(settingOf(this.state)) === this.setting) return;
    this.timer = setTimeout(() => this.post(), Math.max(0, this.free - performance.now()));
  }

  async post() {
    const { to, state } = this, { data } = state;
    this.timer = undefined;
    if (!to) return;
    const setting = settingOf(state), whole = this.sent !== data;
    const body = JSON.stringify(whole ? { title: to.title, page: to.page, shown: shownBy(state) } : { id: this.id, setting });
    this.busy = true;
    this.free = performance.now() + PAUSE_MS;
    try {
      const answer = await fetch(to.url, { method: "POST", body, keepalive: body.length < KEPT_ALIVE });
      if (answer.status === 409) this.sent = null; // the server knows nothing of it any more
      else if (answer.status === 429) this.free = performance.now() + AGAIN_MS;
      else {
        if (!answer.ok) say(state, await answer.text());
        else if (whole) this.id = (await answer.json()).id;
        this.sent = data;
        this.setting = JSON.stringify(setting);
      }
    } catch {
      say(state, "The class does not see this just now: the server does not answer.");
      this.free = performance.now() + AGAIN_MS;
    }
    this.busy = false;
    this.look();
  }
}
