"""The viewer's JavaScript: its types, its own tests, and that it turns pictures as Python does."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ctdenoise.ui.viewer import assets
from ctdenoise.units import upright

HERE = Path(__file__).parent / "viewer"
TSC = HERE / "node_modules" / "typescript" / "bin" / "tsc"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

LAYOUTS = """
import { radiological, View } from "./geometry.js";
const shown = (cosines) => {
  const view = new View();
  view.setImage(2, 3, null, radiological(cosines).turn);
  const places = Array.from({ length: 6 }, (_, i) => {
    const [x, y] = view.ofPixel([Math.floor(i / 3), i % 3]).map((each) => Math.round(each * 1000));
    return { i, x, y };
  });
  return places.sort((p, q) => p.y - q.y || p.x - q.x).map(({ i }) => i);
};
let given = "";
for await (const part of process.stdin) given += part;
console.log(JSON.stringify(JSON.parse(given).map(shown)));
"""
"""Stored pixels 0 to 5 of a picture of 2 x 3 in the order in which they are read on screen."""


def node(*arguments: str | Path, given: str = "") -> str:
    done = subprocess.run(
        ["node", *arguments], cwd=assets.HERE, input=given, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_types_are_right() -> None:
    if not TSC.exists():
        pytest.skip("TypeScript is not installed: run `make .venv/node`")
    node(TSC, "--project", assets.HERE)


def test_its_own_tests_pass() -> None:
    told = node("--test", "--test-reporter=tap", *sorted(HERE.glob("*.test.js")))
    assert "# fail 0" in told and "# pass 0" not in told


def test_pictures_are_turned_as_python_turns_them() -> None:
    axes = np.concatenate([np.eye(3), -np.eye(3)])
    cases = [np.concatenate([x, y]) for x in axes for y in axes if x @ y == 0]
    random = np.random.default_rng(0)
    cases += [np.linalg.qr(random.normal(size=(3, 3)))[0].T[:2].ravel() for _ in range(2000)]
    program = ("--input-type=module", "--eval", LAYOUTS)
    layouts = json.loads(node(*program, given=json.dumps([list(case) for case in cases])))
    stored = np.arange(6).reshape(2, 3)
    for case, layout in zip(cases, layouts, strict=True):
        assert layout == upright(stored, case).ravel().tolist(), case
