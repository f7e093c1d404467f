/** Listening to what a class is presented; a connection that breaks is made anew, ever later. */

const SOON_MS = 500, LATEST_MS = 8000;
const SILENT_MS = 25_000; // the server is never silent for so long

/** What the last message says of why it is the last.
 * @type {Record<string, string>} */
const ENDS = {
  class: "The class has ended.",
  left: "You are not in this class any more.",
  elsewhere: "You follow in another window.",
};

/**
 * @typedef {{
 *   whole?: (told: any) => void, setting?: (told: any) => void, title?: (told: any) => void,
 *   nothing: () => void, stands: (sentence: string) => void, end: (sentence: string) => void,
 * }} Hears
 */

export class Stream {
  /** @param {string} url @param {Hears} hears */
  constructor(url, hears) {
    this.url = url;
    this.hears = hears;
    this.wait = SOON_MS;
    /** @type {EventSource | null} */ this.source = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */ this.timer = undefined;
    this.open();
  }

  open() {
    const source = (this.source = new EventSource(this.url));
    /** @type {(name: string, act: (told: any) => void) => void} */
    const on = (name, act) => source.addEventListener(name, (event) => {
      this.alive();
      act(JSON.parse(/** @type {MessageEvent} */ (event).data));
    });
    const { hears } = this;
    on("whole", (told) => hears.whole?.(told));
    on("setting", (told) => hears.setting?.(told));
    on("title", (told) => hears.title?.(told));
    on("nothing", () => hears.nothing());
    on("beat", () => {});
    on("end", (why) => (why in ENDS ? (this.stop(), hears.end(ENDS[why])) : this.again()));
    source.onerror = () => this.again();
    this.alive();
    if (this.wait === SOON_MS) hears.stands("Connecting");
  }

  /** Something was heard, or may still be. */
  alive() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.again(), SILENT_MS);
    if (this.source?.readyState !== 1) return;
    this.wait = SOON_MS;
    this.hears.stands("Following live");
  }

  again() {
    this.stop();
    this.hears.stands("The connection to your teacher is lost. It is tried again by itself");
    this.timer = setTimeout(() => this.open(), this.wait * (1 + Math.random() / 2)); // not all at once
    this.wait = Math.min(2 * this.wait, LATEST_MS);
  }

  stop() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
