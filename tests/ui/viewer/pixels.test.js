/** Pictures fetched, kept, subtracted and mixed; the server is a table of answers. */

import assert from "node:assert/strict";
import test from "node:test";
import { addresses, Cache, difference, isAbort, mix, PixelStore } from "../../../ctdenoise/ui/viewer/pixels.js";
import { near, uniform, whole } from "./random.js";

const ROWS = 5, COLUMNS = 7;
const server = new Map();
let asked = [];

globalThis.fetch = async (address, { signal }) => {
  asked.push(address);
  await new Promise((resolve, reject) => {
    setImmediate(resolve);
    signal.onabort = () => reject(signal.reason);
  });
  const answer = server.get(address);
  if (answer instanceof Error) throw answer;
  return answer;
};

let count = 0;
/** The address of a new picture with these stored values. */
function offer(stored, headers = {}, rows = ROWS, columns = COLUMNS) {
  const address = `/picture/${count++}`;
  server.set(address, new Response(stored, { headers: { "X-Rows": rows, "X-Columns": columns, ...headers } }));
  return address;
}

const random = (low, high) => Int16Array.from({ length: ROWS * COLUMNS }, () => whole(low, high));

test("values arrive as they are stored, and once", async () => {
  const stored = random(-32768, 32767), address = offer(stored), store = new PixelStore();
  asked = [];
  const [one, other] = await Promise.all([store.get(address), store.get(address)]);
  assert.deepEqual(one, { rows: ROWS, columns: COLUMNS, values: stored });
  assert.equal(one, other);
  assert.equal(await new PixelStore().get(address), one); // another viewer of the page
  assert.equal(store.peek(address), one);
  assert.deepEqual(asked, [address]);
});

test("a scale and an offset are applied", async () => {
  const stored = random(-1000, 1000), address = offer(stored, { "X-Scale": "0.25", "X-Offset": "-3" });
  const { values } = await new PixelStore().get(address);
  assert.ok(values instanceof Float32Array);
  assert.deepEqual([...values], [...stored].map((value) => value * 0.25 - 3));
});

test("a difference is limited to int16, and kept", async () => {
  const a = random(-32768, 32767), b = random(-32768, 32767), store = new PixelStore();
  const source = difference(offer(a), offer(b));
  const { values } = await store.get(source);
  assert.deepEqual(values, a.map((value, i) => Math.min(Math.max(value - b[i], -32768), 32767)));
  assert.ok(values.includes(32767) || values.includes(-32768));
  assert.equal(store.peek(source)?.values, values);
  await assert.rejects(store.get(difference(offer(a), offer(a, {}, COLUMNS, ROWS))), /differ in size/);
});

test("a difference of another unit is that of its numbers", async () => {
  const a = random(-100, 100), b = random(-100, 100);
  const source = difference(offer(a, { "X-Scale": "0.5", "X-Offset": "0" }), offer(b));
  const { values } = await new PixelStore().get(source);
  assert.deepEqual([...values], [...a].map((value, i) => value / 2 - b[i]));
});

test("a mixture is the weighted mean, rounded where values are whole", async () => {
  for (let i = 0; i < 50; i++) {
    const t = uniform(), parts = [random(-1024, 3000), random(-1024, 3000)], scaled = { "X-Scale": "0.001", "X-Offset": "0" };
    const whole = await new PixelStore().get(mix(parts.map((part, k) => [offer(part), k ? t : 1 - t])));
    const own = await new PixelStore().get(mix(parts.map((part, k) => [offer(part, scaled), k ? t : 1 - t])));
    assert.ok(whole.values instanceof Int16Array && own.values instanceof Float32Array);
    parts[0].forEach((value, k) => {
      const exact = (1 - t) * value + t * parts[1][k];
      near(whole.values[k], exact, 0.5 + 1e-3);
      near(own.values[k], exact / 1000, 1e-6);
    });
  }
});

test("one setting is not mixed", () => assert.equal(mix([["/there", 1]]), "/there"));

test("the addresses of a difference of mixtures", () => {
  const source = difference(mix([["a", 0.5], ["b", 0.5]]), "c");
  assert.deepEqual(addresses(source), ["a", "b", "c"]);
});

test("each failure is one sentence", async () => {
  server.set("/refused", new Response("This scan was deleted.", { status: 404 }));
  server.set("/silent", new Response("", { status: 500 }));
  server.set("/page", new Response("<h1>oops</h1>", { status: 502, headers: { "content-type": "text/html" } }));
  server.set("/down", new TypeError("network"));
  server.set("/odd", new Response(new Uint8Array(3), { headers: { "X-Rows": 1, "X-Columns": 1 } }));
  const store = new PixelStore();
  await assert.rejects(store.get("/refused"), { message: "This scan was deleted." });
  await assert.rejects(store.get("/silent"), /status 500/);
  await assert.rejects(store.get("/page"), { message: "The server could not give this picture (status 502)." });
  await assert.rejects(store.get("/down"), /does not answer/);
  await assert.rejects(store.get("/odd"), /no picture/);
  assert.equal(store.underway.size, 0);
});

test("what nobody waits for any more is given up, what somebody does is not", async () => {
  const store = new PixelStore(), kept = offer(random(0, 9)), dropped = offer(random(0, 9));
  const both = [store.get(mix([[kept, 0.5], [dropped, 0.5]])), store.get(kept)];
  store.keepOnly([kept]);
  await assert.rejects(both[0], isAbort);
  assert.equal((await both[1]).rows, ROWS);
});

test("the longest unused pictures go when there is no room", () => {
  const cache = new Cache(30), picture = { rows: 1, columns: 5, values: new Int16Array(5) };
  for (const address of ["a", "b", "c"]) cache.put(address, picture);
  cache.get("a");
  cache.put("d", picture);
  assert.deepEqual([...cache.pictures.keys()], ["c", "a", "d"]);
  assert.equal(cache.bytes, 30);
  cache.put("large", { rows: 1, columns: 50, values: new Int16Array(50) }); // it is shown: it stays
  assert.deepEqual([...cache.pictures.keys()], ["large"]);
});
