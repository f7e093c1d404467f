"""The figures' JavaScript: its types, that it runs as one module, and which way up it shows."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ctdenoise.ui.figures import assets
from ctdenoise.units import upright

TSC = Path(__file__).parent / "viewer" / "node_modules" / "typescript" / "bin" / "tsc"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

LAYOUTS = """
import { turned, deviation, figures, quantile } from "./painting.js";
import { radiological } from "../viewer/geometry.js";
let given = "";
for await (const part of process.stdin) given += part;
const values = Int16Array.of(0, 1, 2, 3, 4, 5);
const seen = JSON.parse(given).map((cosines) => {
  const picture = turned({ rows: 2, columns: 3, values }, radiological(cosines).turn);
  return [picture.rows, ...picture.values];
});
const numbers = [1234567, 36625.4, 4581.2, 374.21, 0.012345, -3].map((each) => figures(each, 4));
const spread = deviation(values, (i) => i > 1);
console.log(JSON.stringify({ seen, numbers, spread, most: quantile(values, 1) }));
"""


def node(*arguments: str, given: str = "") -> str:
    done = subprocess.run(
        ["node", *arguments], cwd=assets.HERE, input=given, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_types_are_right() -> None:
    if not TSC.exists():
        pytest.skip("TypeScript is not installed: run `make .venv/node`")
    node(str(TSC), "--project", str(assets.HERE))


def test_joined_modules_share_one_scope_without_clashes() -> None:
    told = node(
        "--input-type=module",
        given=assets.javascript() + "\nconsole.log(Object.keys(FIGURES).join());",
    )
    assert told.strip() == "low_dose,network,feature_loss"


def test_pictures_are_turned_as_python_turns_them_and_numbers_read() -> None:
    axes = np.concatenate([np.eye(3), -np.eye(3)])
    cases = [np.concatenate([x, y]) for x in axes for y in axes if x @ y == 0]
    given = json.dumps([list(case) for case in cases])
    told = json.loads(node("--input-type=module", "--eval", LAYOUTS, given=given))
    for case, seen in zip(cases, told["seen"], strict=True):
        expected = upright(np.arange(6).reshape(2, 3), case)
        assert seen == [len(expected), *expected.ravel().tolist()], case
    assert told["numbers"] == ["1,234,567", "36,625", "4,581", "374.2", "0.01235", "−3"]
    assert told["spread"] == pytest.approx(np.arange(2, 6).std()) and told["most"] == 5
