"""The drop zone's JavaScript, with a page and a server that stand in."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from ctdenoise.ui.components import dropzone

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

PROGRAM = """
import show from "./dropzone.mjs";
const element = () => ({
  found: {}, classList: { add() {}, remove() {} }, replaceChildren() {}, append() {},
  querySelector(name) { return (this.found[name] ??= element()); },
});
globalThis.document = { createElement: element };
globalThis.window = globalThis;
const refusals = Number(process.argv[2]), tries = {}, told = [];
globalThis.fetch = async (address, { method, body }) => {
  const begin = Number(address.split("/").pop());
  let answer = { id: "0" };
  if (method === "PUT") {
    tries[address] = (tries[address] ?? 0) + 1;
    answer = { there: tries[address] > refusals ? begin + body.byteLength : begin };
  }
  return { ok: true, json: async () => answer };
};
const parent = element();
show({
  parentElement: parent, data: ["/uploads"],
  setTriggerValue: (name) => told.push(name), setStateValue: (_, said) => told.push(said[1]),
});
const input = parent.querySelector(".zone").querySelector("input");
const named = (name) => Object.assign(new Blob(["abc"]), { name });
input.files = [..."123456789"].map(named);
input.onchange();
while (told.length < 3) await new Promise((done) => setTimeout(done, 1));
console.log(JSON.stringify(told));
"""
"""Nine files go to a server that does not keep a piece before it came so often."""


@pytest.mark.parametrize(("refusals", "end"), [(0, "arrived"), (2, "arrived"), (9, "broken")])
def test_each_file_has_tries_of_its_own(tmp_path: Path, refusals: int, end: str) -> None:
    shutil.copy(dropzone.HERE / "dropzone.js", tmp_path / "dropzone.mjs")
    (tmp_path / "run.mjs").write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        ["node", "run.mjs", str(refusals)],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["choice", "sending", end]
