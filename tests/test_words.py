"""Sentences that people read count in words: "1 epoch", never "1 epochs"."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COUNTED = re.compile(
    r" (more |\S+-dose )?(days|epochs|files|filters|hours|jobs|layers|minutes|networks|pairs|"
    r"patients|runs|scans|slices|steps|workers)\b"
)


def plurals(file: Path) -> Iterator[str]:
    """The f-strings of a file in which a plural stands behind a number that may be 1."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            for number, noun in zip(node.values, node.values[1:], strict=False):
                if (
                    isinstance(number, ast.FormattedValue)
                    and isinstance(noun, ast.Constant)
                    and isinstance(noun.value, str)
                    and COUNTED.match(noun.value)
                ):
                    yield f"{file.relative_to(ROOT)}: {ast.unparse(number)}{noun.value}"


def test_no_plural_behind_a_number_that_may_be_one() -> None:
    files = [
        f for part in ("ctdenoise", "pages", "checkpoints") for f in (ROOT / part).rglob("*.py")
    ]
    assert len(files) > 100
    found = [each for file in files for each in plurals(file)]
    assert not found, "\n".join(found)
