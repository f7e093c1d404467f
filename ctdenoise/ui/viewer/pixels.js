/**
 * Fetching pictures, keeping them, subtracting and mixing them. What is asked for is a Source: an
 * address or something made of others.
 */

const KEEP_BYTES = 192 * 1024 * 1024;

/** Pictures by address, shared by all viewers of the page; the longest unused go first. */
export class Cache {
  /** @param {number} limit in bytes */
  constructor(limit) {
    this.limit = limit;
    this.bytes = 0;
    /** @type {Map<string, Picture>} */
    this.pictures = new Map();
  }

  /** @param {string} address */
  get(address) {
    const picture = this.pictures.get(address);
    if (picture) {
      this.pictures.delete(address);
      this.pictures.set(address, picture);
    }
    return picture;
  }

  /** @type {(address: string, picture: Picture) => void} */
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

/** @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";

/** What the address answers, or an Error with one sentence.
 * @type {(address: string, signal: AbortSignal) => Promise<Picture>} */
async function download(address, signal) {
  let answer;
  try {
    answer = await fetch(address, { signal, credentials: "same-origin" });
  } catch (error) {
    if (isAbort(error)) throw error;
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
  const mean = answer.headers.get("X-Mean");
  return { rows, columns, values: decoded(new Int16Array(bytes), answer.headers), ...(mean && { mean: Number(mean) }) };
}

/** The values behind stored numbers that come with a scale and an offset of their own.
 * @type {(stored: Int16Array, headers: Headers) => Picture["values"]} */
function decoded(stored, headers) {
  if (!headers.has("X-Scale")) return stored;
  const scale = Number(headers.get("X-Scale")), offset = Number(headers.get("X-Offset"));
  const values = new Float32Array(stored.length);
  for (let i = 0; i < values.length; i++) values[i] = stored[i] * scale + offset;
  return values;
}

/** One picture less another.
 * @type {(one: Source, other: Source) => Source} */
export function difference(one, other) {
  return { parts: [one, other], make: subtract, key: [one, other].every((part) => typeof part === "string") && `${one} minus ${other}` };
}

/** A weighted mean of pictures, in place of one that nobody computed.
 * @type {(weighted: Weighted[]) => Source} */
export function mix(weighted) {
  if (weighted.length === 1) return weighted[0][0];
  return { parts: weighted.map(([address]) => address), make: (...pictures) => mean(pictures, weighted.map(([, weight]) => weight)) };
}

/** The addresses that something is made of.
 * @type {(source: Source) => string[]} */
export const addresses = (source) => (typeof source === "string" ? [source] : source.parts.flatMap(addresses));

/** @type {(pictures: Picture[], weights: number[]) => Picture} */
function mean(pictures, weights) {
  const { rows, columns, values: first } = pictures[0];
  const sums = new Float32Array(first.length);
  pictures.forEach(({ values: some }, i) => {
    const weight = weights[i];
    for (let k = 0; k < sums.length; k++) sums[k] += weight * some[k];
  });
  if (first instanceof Float32Array) return { rows, columns, values: sums };
  const values = new Int16Array(first.length);
  for (let k = 0; k < sums.length; k++) values[k] = Math.floor(sums[k] + 0.5);
  return { rows, columns, values };
}

/** Whole numbers are limited to the range of int16.
 * @type {(one: Picture, other: Picture) => Picture} */
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
    /** @type {Map<string, { controller: AbortController, picture: Promise<Picture> }>} */
    this.underway = new Map();
  }

  /** The picture, where everything it is made of is already here.
   * @type {(source: Source) => Picture | undefined} */
  peek(source) {
    if (typeof source === "string") return cache.get(source);
    const kept = source.key && cache.get(source.key);
    if (kept) return kept;
    const parts = source.parts.flatMap((part) => this.peek(part) ?? []);
    return parts.length === source.parts.length ? this.made(source, parts) : undefined;
  }

  /** @type {(source: Source) => Promise<Picture>} */
  async get(source) {
    if (typeof source === "string") return cache.get(source) ?? this.fetch(source);
    return this.peek(source) ?? this.made(source, await Promise.all(source.parts.map((part) => this.get(part))));
  }

  /** @type {(source: Exclude<Source, string>, parts: Picture[]) => Picture} */
  made(source, parts) {
    const picture = source.make(...parts);
    if (source.key) cache.put(source.key, picture);
    return picture;
  }

  /** @type {(address: string) => Promise<Picture>} */
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

  /** Give up requests that nobody waits for any more, so that fast scrolling floods nobody.
   * @param {Source[]} sources */
  keepOnly(sources) {
    const wanted = new Set(sources.flatMap(addresses));
    for (const [address, request] of this.underway)
      if (!wanted.has(address)) {
        this.underway.delete(address);
        request.controller.abort();
      }
  }
}
