/** Choosing files and sending them: what was chosen, what arrived, what is missing. */

const PIECE = 8 << 20, AT_ONCE = 3, TRIES = 4, WAIT_MS = 500, SHOWN = 12;
const zones = new WeakMap();

const made = (tag, className, text = "") => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
};
const size = (bytes) =>
  bytes < 2 ** 20
    ? `${Math.ceil(bytes / 2 ** 10)} KB`
    : `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MB`;
const files = (count) => (count === 1 ? "1 file" : `${count} files`);
const nameOf = (file) => file.path || file.webkitRelativePath || file.name;

/** A refusal by the server, in its own sentence: to try again would not help. */
class Refused extends Error {}

/** All files below what was dropped, with their paths. */
async function below(entry, path) {
  if (entry.isFile) {
    const file = await new Promise((found, failed) => entry.file(found, failed));
    file.path = path + entry.name;
    return [file];
  }
  const reader = entry.createReader(), found = [];
  for (let some = [null]; some.length; ) {  // a reader gives a hundred at a time
    some = await new Promise((read, failed) => reader.readEntries(read, failed));
    found.push(...some);
  }
  return (await Promise.all(found.map((each) => below(each, `${path}${entry.name}/`)))).flat();
}

class Zone {
  constructor(parent) {
    this.root = parent.querySelector(".zone");
    this.input = this.root.querySelector("input");
    this.progress = this.root.querySelector("progress");
    this.said = this.root.querySelector(".said");
    this.lost = this.root.querySelector(".lost");
    this.buttons = this.root.querySelector(".after");
    for (const [name, folder] of [["files", false], ["folder", true]]) {
      this.root.querySelector(`.${name}`).onclick = () => {
        this.input.webkitdirectory = folder;
        this.input.click();
      };
    }
    this.input.onchange = () => this.choose([...this.input.files]);
    this.root.ondragover = (event) => event.preventDefault();
    this.root.ondrop = async (event) => {
      event.preventDefault();
      const entries = [...event.dataTransfer.items].map((each) => each.webkitGetAsEntry()).filter(Boolean);
      this.choose((await Promise.all(entries.map((each) => below(each, "")))).flat());
    };
    this.gone = new AbortController();
    this.busy = false;
  }

  update({ data, setStateValue, setTriggerValue }) {
    [this.address] = data;
    this.begun = () => setTriggerValue("choice", true);
    this.tell = (how) => {
      window.onbeforeunload = how === "sending" ? (event) => event.preventDefault() : null;
      setStateValue("upload", [this.id, how]);
    };
  }

  /** Say what is coming, then send it all. */
  async choose(chosen) {
    if (this.busy || !chosen.length) return;
    this.files = chosen;
    this.there = chosen.map(() => 0);
    this.id = this.whole = null;
    this.begun();
    await this.send();
  }

  async send() {
    this.busy = true;
    this.root.classList.add("busy");
    this.lost.replaceChildren();
    this.buttons.replaceChildren();
    this.problem = "";
    this.refused = false;
    try {
      if (!this.id) {
        const list = this.files.map((file) => ({ name: nameOf(file), size: file.size }));
        this.draw();
        this.id = (await this.ask("POST", this.address, JSON.stringify(list))).id;
        this.whole = this.files.map(() => false);
      }
      this.tell("sending");
      const queue = this.files.map((_, number) => number).filter((number) => !this.whole[number]);
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.work(queue)));
    } catch (error) {
      this.refused = error instanceof Refused;
      this.problem = this.refused ? error.message : "The connection to the server broke off.";
    }
    this.busy = false;
    this.root.classList.remove("busy");
    if (this.gone.signal.aborted) return;
    this.draw();
    if (this.id && this.whole.every(Boolean)) this.tell("arrived");
    else this.nameLost();
  }

  /** Send files until none is left; one that fails is left out. */
  async work(queue) {
    while (queue.length && !this.gone.signal.aborted) {
      const number = queue.shift();
      try {
        await this.sendFile(number);
        this.whole[number] = true;
      } catch (error) {
        if (error instanceof Refused) this.problem = error.message;
      }
      this.draw();
    }
  }

  async sendFile(number) {
    const file = this.files[number];
    let stuck = 0;
    do {
      const begin = this.there[number], piece = file.slice(begin, begin + PIECE);
      const body = await piece.arrayBuffer();  // fails here where the file cannot be read any more
      const { there } = await this.ask("PUT", `${this.address}/${this.id}/${number}/${begin}`, body);
      this.there[number] = there;
      this.draw();
      if (there <= begin && there < file.size && ++stuck > TRIES)
        throw new Refused("The server did not keep what was sent.");
    } while (this.there[number] < file.size);
  }

  /** An answer, after some tries; while this computer is offline, it is waited for. */
  async ask(method, address, body) {
    for (let tries = 1; ; tries++) {
      try {
        const answer = await fetch(address, { method, body, signal: this.gone.signal, credentials: "same-origin" });
        if (answer.ok) return await answer.json();
        if (answer.status < 500) throw new Refused((await answer.text()).slice(0, 500));
        throw new Error(String(answer.status));
      } catch (error) {
        if (error instanceof Refused || this.gone.signal.aborted) throw error;
        if (navigator.onLine && tries >= TRIES) throw error;
        await this.pause(tries);
      }
    }
  }

  async pause(tries) {
    if (navigator.onLine) return new Promise((done) => setTimeout(done, WAIT_MS * tries));
    this.offline = true;
    this.draw();
    await new Promise((done) => window.addEventListener("online", done, { once: true }));
    this.offline = false;
    this.draw();
  }

  draw() {
    const total = this.files.reduce((sum, file) => sum + file.size, 0);
    const sent = this.there.reduce((sum, bytes) => sum + bytes, 0);
    const arrived = this.whole ? this.whole.filter(Boolean).length : 0;
    this.progress.hidden = !this.busy;
    this.progress.value = total ? sent / total : 0;
    const how = this.offline
      ? "The connection is lost. It goes on by itself as soon as it is back: "
      : this.busy ? "Sending: " : "";
    this.said.textContent =
      `${how}${arrived} of ${files(this.files.length)} arrived, ${size(sent)} of ${size(total)}.`;
  }

  /** Name what did not arrive, and offer to send it again or to go on without. */
  nameLost() {
    const names = this.files.map(nameOf).filter((_, number) => !this.whole?.[number]);
    if (this.problem) this.lost.append(made("p", "", this.problem));
    if (this.refused) return this.offerToDismiss();
    this.lost.append(made("p", "", `${files(names.length)} did not arrive:`));
    const list = made("ul");
    list.append(...names.slice(0, SHOWN).map((name) => made("li", "", name)));
    if (names.length > SHOWN) list.append(made("li", "", `and ${names.length - SHOWN} more`));
    this.lost.append(list);
    const again = made("button", "main", "Send the missing again");
    again.onclick = () => this.send();
    this.buttons.append(again);
    if (this.whole?.some(Boolean)) {
      const without = made("button", "", `Go on without ${names.length === 1 ? "it" : "them"}`);
      without.onclick = () => this.tell("without");
      this.buttons.append(without);
    }
    if (this.id) this.tell("broken");
  }

  /** All of it was refused, and would be again. */
  offerToDismiss() {
    this.said.textContent = "";
    const dismiss = made("button", "", "Dismiss");
    dismiss.onclick = () => {
      this.lost.replaceChildren();
      this.buttons.replaceChildren();
    };
    this.buttons.append(dismiss);
  }
}

export default function (component) {
  const parent = component.parentElement;
  const zone = zones.get(parent) ?? new Zone(parent);
  zones.set(parent, zone);
  zone.update(component);
  const call = (zone.call = {});
  return () => {
    if (zone.call !== call) return;
    zones.delete(parent);
    zone.gone.abort();
    window.onbeforeunload = null;
  };
}
