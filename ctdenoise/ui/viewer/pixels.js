/**
 * Fetching pictures, keeping them, and subtracting them. A picture is {rows, columns, values}, the
 * values an Int16Array in HU and a Float32Array in any other unit.
 */

const KEEP_BYTES = 192 * 1024 * 1024;

/** Pictures by address, shared by all viewers of the page; the longest unused go first. */
class Cache {
  constructor(limit) {
    this.limit = limit;
    this.bytes = 0;
    this.pictures = new Map();
  }

  get(address) {
    const picture = this.pictures.get(address);
    if (picture) {
      this.pictures.delete(address);
      this.pictures.set(address, picture);
    }
    return picture;
  }

  put(address, picture) {
    if (this.pictures.has(address)) return;
    this.pictures.set(address, picture);
    this.bytes += picture.values.byteLength;
    for (const [oldest, old] of this.pictures) {
      if (this.bytes <= this.limit || oldest === address) break;
      this.pictures.delete(oldest);
      this.bytes -= old.values.byteLength;
    }
  }
}

const cache = new Cache(KEEP_BYTES);

async function download(address, signal) {
  let answer;
  try {
    answer = await fetch(address, { signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer: check that it is running.");
  }
  if (!answer.ok) {
    const html = (answer.headers.get("content-type") ?? "").includes("html");
    const told = html ? "" : (await answer.text()).trim().slice(0, 300);
    throw new Error(told || `The server could not give this picture (status ${answer.status}).`);
  }
  const rows = Number(answer.headers.get("X-Rows")), columns = Number(answer.headers.get("X-Columns"));
  const bytes = await answer.arrayBuffer();
  if (!(rows > 0 && columns > 0) || bytes.byteLength !== 2 * rows * columns)
    throw new Error("The server gave something that is no picture: reload the page.");
  return { rows, columns, values: decoded(new Int16Array(bytes), answer.headers) };
}

/** The values behind stored numbers that come with a scale and an offset of their own. */
function decoded(stored, headers) {
  if (!headers.has("X-Scale")) return stored;
  const scale = Number(headers.get("X-Scale")), offset = Number(headers.get("X-Offset"));
  const values = new Float32Array(stored.length);
  for (let i = 0; i < values.length; i++) values[i] = stored[i] * scale + offset;
  return values;
}

function subtract(one, other) {
  if (one.rows !== other.rows || one.columns !== other.columns)
    throw new Error("These two pictures differ in size and cannot be subtracted.");
  const { rows, columns } = one, whole = one.values instanceof Int16Array && other.values instanceof Int16Array;
  const values = new (whole ? Int16Array : Float32Array)(one.values.length);
  if (whole)
    for (let i = 0; i < values.length; i++)
      values[i] = Math.min(Math.max(one.values[i] - other.values[i], -32768), 32767);
  else for (let i = 0; i < values.length; i++) values[i] = one.values[i] - other.values[i];
  return { rows, columns, values };
}

/** The pictures one viewer is after. */
export class PixelStore {
  constructor() {
    this.underway = new Map();
  }

  /** The picture of one address, or of [address, address to subtract], where already here. */
  peek(source) {
    return cache.get(Array.isArray(source) ? source.join(" minus ") : source);
  }

  async get(source) {
    const here = this.peek(source);
    if (here) return here;
    if (!Array.isArray(source)) return this.fetch(source);
    const difference = subtract(...(await Promise.all(source.map((each) => this.get(each)))));
    cache.put(source.join(" minus "), difference);
    return difference;
  }

  fetch(address) {
    let request = this.underway.get(address);
    if (!request) {
      const controller = new AbortController();
      const picture = download(address, controller.signal)
        .then((done) => (cache.put(address, done), done))
        .finally(() => this.underway.get(address) === request && this.underway.delete(address));
      request = { controller, picture };
      this.underway.set(address, request);
    }
    return request.picture;
  }

  /** Give up requests that nobody waits for any more, so that fast scrolling floods nobody. */
  keepOnly(sources) {
    const wanted = new Set(sources.flat());
    for (const [address, request] of this.underway)
      if (!wanted.has(address)) {
        this.underway.delete(address);
        request.controller.abort();
      }
  }
}
