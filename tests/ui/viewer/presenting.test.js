/** What a teacher's viewer sends: everything once, then settings, seldom enough, the last always. */

import assert from "node:assert/strict";
import test from "node:test";
import { View } from "../../../ctdenoise/ui/viewer/geometry.js";
import { Presenting } from "../../../ctdenoise/ui/viewer/presenting.js";
import { applySetting, settingOf, shownBy } from "../../../ctdenoise/ui/viewer/setting.js";

const TO = { url: "/classroom/present", title: "Look", page: "look" };
const DATA = { panes: [], labels: null, spacing: null, orientation: null, unit: "HU", dials: [], stops: 9, difference: 100 };

function viewer(data = DATA) {
  const touched = [], state = {
    data, frame: 0, level: 40, width: 400, difference: 100, line: null, region: null, background: null, dial: [],
    view: new View(), root: { addEventListener: (name, act) => touched.push(act) }, fullScreen: { enter: () => (state.large = true) },
    setFrame: (frame) => (state.frame = frame), setDial: (dial) => (state.dial = dial), refresh() {},
  };
  return { state, touch: () => touched.forEach((act) => act()) };
}

/** A server that notes what it is sent, on a clock of its own. */
function served(t, answer = () => 200) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const sent = [];
  globalThis.fetch = async (url, { body }) => {
    sent.push({ at: now, ...JSON.parse(body) });
    const status = answer(sent.length);
    return { status, ok: status < 300, text: async () => "No.", json: async () => ({ id: "0123456789ab" }) };
  };
  return { sent, async pass(ms) {
    for (let i = 0; i < ms / 10; i++) {
      now += 10;
      t.mock.timers.tick(10);
      for (let j = 0; j < 8; j++) await null;
    }
  } };
}

test("everything is sent once, then settings at most every 100 ms, and the last always", async (t) => {
  const { sent, pass } = served(t), { state } = viewer(), presenting = new Presenting(state);
  presenting.take(TO);
  presenting.look();
  await pass(200);
  assert.deepEqual(sent[0].shown, shownBy(state));
  for (let i = 1; i <= 57; i++) {
    state.level = i;
    presenting.look();
    await pass(10);
  }
  await pass(300);
  const changes = sent.slice(1);
  assert.ok(changes.every(({ id, shown }) => id === "0123456789ab" && !shown));
  assert.ok(changes.every(({ at }, i) => i === 0 || at - changes[i - 1].at >= 100));
  assert.equal(changes.at(-1).setting.window[0], 57);
  assert.ok(changes.length >= 5 && changes.length <= 8, String(changes.length));
  presenting.look();
  await pass(300);
  assert.equal(sent.length, changes.length + 1);
  state.data = { ...DATA, unit: "1" };
  presenting.look();
  await pass(100);
  assert.equal(sent.at(-1).shown.unit, "1");
  presenting.take(null);
  state.level = 0;
  presenting.look();
  await pass(300);
  assert.equal(sent.length, changes.length + 2);
});

test("a server that has forgotten gets everything again", async (t) => {
  const { sent, pass } = served(t, (count) => (count === 2 ? 409 : 200)), { state } = viewer(), presenting = new Presenting(state);
  presenting.take(TO);
  presenting.look();
  await pass(200);
  state.frame = 3;
  presenting.look();
  await pass(400);
  assert.deepEqual(sent.map((each) => Boolean(each.shown)), [true, false, true]);
  assert.equal(sent[2].shown.frame, 3);
  presenting.take(null);
});

test("of two viewers on a page the one that was touched presents", async (t) => {
  const { sent, pass } = served(t), one = viewer(), other = viewer({ ...DATA, unit: "1" });
  const [first, second] = [one, other].map(({ state }) => new Presenting(state));
  for (const each of [first, second]) each.take(TO);
  for (const each of [first, second]) each.look();
  await pass(300);
  assert.deepEqual(sent.map(({ shown }) => shown.unit), ["HU"]);
  other.touch();
  await pass(300);
  one.state.level = 1;
  first.look();
  await pass(300);
  assert.deepEqual(sent.map(({ shown }) => shown.unit), ["HU", "1"]);
  one.touch();
  await pass(300);
  assert.equal(sent.at(-1).shown.unit, "HU");
  for (const each of [first, second]) each.take(null);
});

test("what is told of one viewer sets another one alike", () => {
  const { state } = viewer(), { state: other } = viewer();
  for (const each of [state, other]) each.view.setImage(100, 80, null, [1, 0, 0, 1]);
  Object.assign(state, { frame: 3, level: 1, width: 2, difference: 7, line: [[1, 2], [3, 4]], region: [1, 2, 3, 4], background: [0, 0, 1, 1], dial: [0.5] });
  state.view.zoomAt(3, 0.2, 0.1);
  state.view.pan(0.1, 0.3);
  applySetting(other, JSON.parse(JSON.stringify(settingOf(state))));
  assert.deepEqual(settingOf(other), settingOf(state));
  assert.deepEqual(other.view.matrix, state.view.matrix);
  state.view.reset();
  applySetting(other, settingOf(state));
  assert.deepEqual(other.view.matrix, state.view.matrix);
});
