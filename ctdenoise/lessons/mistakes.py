"""What pydantic says of a lesson, as a sentence for whoever wrote it."""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from ctdenoise.errors import Problem
from ctdenoise.lessons import model
from ctdenoise.lessons.yaml_tree import Path, Tree, at

WORDS = sorted(
    {
        field
        for kind in vars(model).values()
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for field in kind.model_fields
    }
)
"""Every word that a lesson may use as a key."""

_KINDS = {
    "string_type": ("text", "put it in quotes"),
    "int_type": ("a whole number", "write it in digits, without quotes"),
    "int_from_float": ("a whole number", "write it without a fraction"),
    "int_parsing": ("a whole number", "write it in digits, without quotes"),
    "float_type": ("a number", "write it in digits, without quotes"),
    "float_parsing": ("a number", "write it in digits, without quotes"),
    "bool_type": ("true or false", "write one of them"),
    "bool_parsing": ("true or false", "write one of them"),
    "tuple_type": ("a list", "begin each of its lines with a hyphen"),
    "dict_type": ("keys and values", "write key: value, indented"),
    "model_type": ("keys and values", "write key: value, indented"),
    "model_attributes_type": ("keys and values", "write key: value, indented"),
}


def told(name: str, tree: Tree, errors: Sequence[Any]) -> Iterator[Problem]:
    """Pydantic's errors, each at its line of the file ``name``; of those that only follow from one
    further inside, such as a list that is too short without it, none."""
    places = [error["loc"] for error in errors]
    meant = {
        (*error["loc"][:-1], _near(error["loc"][-1]))
        for error in errors
        if error["type"] == "extra_forbidden"
    }
    for error in errors:
        place = error["loc"]
        if error["type"] == "missing" and place in meant:
            continue
        if any(other[: len(place)] == place for other in places if len(other) > len(place)):
            continue
        path = _path(tree.value, place)
        reason, mend = _words(error, path)
        where = at(name, tree.line(path)) if path else name  # what concerns all of it has no line
        yield Problem(where, reason, mend)


def _near(word: object) -> str:
    """The known word that is most like one that is not known, if any is."""
    return next(iter(difflib.get_close_matches(str(word), WORDS, 1)), "")


def _path(value: Any, loc: tuple[str | int, ...]) -> Path:
    """Where in the file an error lies: pydantic names kinds of parts on the way, too."""
    found: list[str | int] = []
    kind: Any = None
    for part in loc:
        if kind and kind == part:
            kind = None
            continue
        inside = isinstance(value, dict) and part in value
        if inside or (isinstance(value, list) and isinstance(part, int) and part < len(value)):
            value = value[part]
            found.append(part)
            kind = value.get("element", value.get("kind")) if isinstance(value, dict) else None
    return tuple(found)


def _words(error: Any, path: Path) -> tuple[str, str]:
    """The reason and its mend."""
    kind, context = error["type"], error.get("ctx", {})
    last = error["loc"][-1] if error["loc"] else ""
    key = next((str(part) for part in reversed(path) if isinstance(part, str)), "the lesson")
    given = _short(error.get("input"))
    if kind == "extra_forbidden":
        near = _near(last)
        mend = f"write {near}, or leave it out" if near not in ("", last) else "leave it out"
        return f"has {_short(last)}, which is not known here", mend
    if kind == "missing":
        return f"lacks {last}", "add it"
    if kind == "union_tag_not_found":
        word = str(context.get("discriminator", "kind")).strip("'")
        return f"lacks {word}", f"say of which {word} it is"
    if kind == "union_tag_invalid":
        word = str(context["discriminator"]).strip("'")
        expected = str(context["expected_tags"]).replace("'", "")
        return f"says {word} {_short(context['tag'])}", f"choose one of {expected}"
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", "")
        return f"says {given} for {key}", f"choose {expected}"
    if kind == "value_error":
        reason, _, mend = str(context["error"]).partition("; ")
        return f"cannot be used: {reason}".replace(":", ",", 1), mend or "correct it"
    if kind in _KINDS:
        expected, mend = _KINDS[kind]
        return f"has {given} for {key} where {expected} belongs", mend
    return _sized(kind, context, key, given)


def _sized(kind: str, context: Any, key: str, given: str) -> tuple[str, str]:
    """Of numbers, texts and lists that are too large or too small."""
    limits = {
        "greater_than": "more than {gt:g}",
        "greater_than_equal": "at least {ge:g}",
        "less_than": "less than {lt:g}",
        "less_than_equal": "at most {le:g}",
    }
    if kind in limits:
        return f"has {given} for {key}", f"write {limits[kind].format(**context)}"
    lengths = {
        "string_too_short": ("too short", "write at least {min_length} letters"),
        "string_too_long": ("too long", "write at most {max_length} letters"),
        "too_short": ("too short", "list at least {min_length}"),
        "too_long": ("too long", "list at most {max_length}"),
    }
    if kind in lengths:
        reason, mend = lengths[kind]
        return f"has a {key} that is {reason}", mend.format(**context)
    if kind == "string_pattern_mismatch":
        mend = {
            "file": "name a .png, .svg or .jpg file of the lesson's folder",
            "scan": "write own, sample-1, sample-2 or sample-3",
            "language": "write two small letters, such as en",
        }.get(key, "write small letters, digits and single hyphens between them")
        return f"has {given} for {key}", mend
    return f"has {given} for {key}, which does not fit there", "correct it"


def _short(value: Any) -> str:
    """What was written, in few words."""
    if isinstance(value, dict):
        return "keys and values"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    text = re.sub(r"\s+", " ", str(value).lower() if isinstance(value, bool) else str(value))
    return f"{text[:40]} …" if len(text) > 40 else text or "nothing"
