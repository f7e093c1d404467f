"""YAML as plain values, and the line of each: strict and small, since anybody may write a lesson.

Only lists, settings ("key: value"), texts, numbers, true, false and null: "yes", "no", "12:30" and
dates are texts, which many a YAML reader makes something else of. What could blow a file up
(aliases), build objects (tags) or hide a part of it (a key twice) is a mistake.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from ctdenoise.errors import Problem

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MOST_BYTES = 1_000_000
MOST_DEPTH = 20
MOST_PARTS = 50_000
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
_FLOAT = re.compile(r"[-+]?([0-9]{1,15}\.?[0-9]{0,15}|\.[0-9]{1,15})([eE][-+]?[0-9]{1,3})?")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}

Path = tuple[str | int, ...]
"""Where a value stands: the keys and places in lists that lead to it."""


@dataclass
class Tree:
    """A file's content; ``lines`` count from 1."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    mistakes: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of what stands at ``path``, or of the nearest around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def at(name: str, line: int) -> str:
    """A place in a file as the subject of a sentence."""
    return f"{name}, line {line},"


def read(name: str, content: bytes) -> Tree:
    """The tree of a file's content; ``name`` is what its mistakes call it. Raises :class:`Problem`
    where nothing of it can be read."""
    if len(content) > MOST_BYTES:
        raise Problem(name, f"is larger than {MOST_BYTES:,} bytes", "make several lessons of it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Problem(at(name, line), "is not UTF-8 text", "save the file as UTF-8") from error
    try:
        _refuse_unsafe(name, text)
        node = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Problem(
            at(name, mark.line + 1 if mark else 1),
            f"cannot be read from here on ({error.problem})",
            "check its indentation and brackets, and put texts with a colon or a # in quotes",
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        what = " ".join(str(error).split())[:200]
        raise Problem(
            name, f"holds what no text may hold ({what})", "write it anew in a text editor"
        ) from error
    tree = Tree()
    if node is None:
        raise Problem(name, "is empty", "copy another lesson and change it")
    tree.value = _value(name, node, (), tree)
    return tree


def _refuse_unsafe(name: str, text: str) -> None:
    """Look through the file without keeping anything of it."""
    depth = documents = 0
    for parts, event in enumerate(yaml.parse(text, Loader=LOADER)):
        line = event.start_mark.line + 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Problem(
                at(name, line), "uses an anchor (& or *)", "write it out, or put it in quotes"
            )
        if getattr(event, "tag", None):
            raise Problem(at(name, line), "uses a tag (!)", "leave it out, or put it in quotes")
        if depth > MOST_DEPTH or parts > MOST_PARTS or documents > 1:
            raise Problem(
                at(name, line),
                "is too deep, too long, or begins a second document",
                "keep to the form of the lessons that ship",
            )


def _value(name: str, node: Any, path: Path, tree: Tree) -> Any:
    tree.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_value(name, each, (*path, i), tree) for i, each in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else _plain(node.value)
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            tree.mistakes.append(
                Problem(at(name, line), "has a key that is no word", "write key: value")
            )
            continue
        if key.value in found:
            tree.mistakes.append(
                Problem(at(name, line), f"says {key.value} a second time", "leave one of them out")
            )
        tree.lines[*path, key.value] = line
        found[key.value] = _value(name, value, (*path, key.value), tree)
    return found


def _plain(text: str) -> Any:
    """What a text without quotes means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
