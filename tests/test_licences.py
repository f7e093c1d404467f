"""What the program runs on may be passed on with it: no library of ours asks for more than that its
own notice goes along."""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PERMISSIVE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|HPND|MIT-CMU|Zlib|Unlicense|"
    r"matplotlib|MPL-2\.0|Mozilla Public License 2\.0)\b", re.I
)  # fmt: skip
"""The Mozilla Public License binds changes to its own files alone."""
COPYLEFT = re.compile(r"\b[AL]?GPL|GNU\b.*General Public|SSPL|Commons Clause", re.I)
EXCEPTIONS = {
    "cuda-toolkit": "NVIDIA's, which torch fetches on Linux; installed by whoever runs it, never "
    "passed on by us",
}


def named(requirement: str) -> Requirement | None:
    """What is asked for on this computer, without extras."""
    wanted = Requirement(requirement)
    return wanted if not wanted.marker or wanted.marker.evaluate({"extra": ""}) else None


def dependencies() -> Iterator[Distribution]:
    """Everything that requirements.txt brings, once."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    waiting = [line.partition("#")[0].strip() for line in lines]
    seen: set[str] = set()
    while waiting:
        if not (line := waiting.pop()) or not (wanted := named(line)):
            continue
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(wanted.name)
        except PackageNotFoundError:  # of another system
            continue
        yield found
        waiting += found.requires or []


def licence(found: Distribution) -> str:
    """What a distribution says of it, in its several ways."""
    said = found.metadata
    classifiers = [each for each in said.get_all("Classifier") or [] if each.startswith("License")]
    first = [line for text in said.get_all("License") or [] for line in text.splitlines()[:1]]
    return " | ".join([*(said.get_all("License-Expression") or []), *classifiers, *first])


def test_every_licence_goes_with_ours() -> None:
    found = {each.name: licence(each) for each in dependencies()}
    assert len(found) > 50 and "streamlit" in found
    odd = {
        name: told
        for name, told in found.items()
        if COPYLEFT.search(told) or not PERMISSIVE.search(told)
    }
    left = {n: t for n, t in odd.items() if not n.startswith("nvidia-") and n not in EXCEPTIONS}
    assert left == {}
    assert not any(COPYLEFT.search(told) for told in odd.values())


def test_what_would_bind_us_is_noticed() -> None:
    for told in ("GPL-3.0-only", "License :: OSI Approved :: GNU Affero General Public License v3",
                 "LGPL-2.1-or-later"):  # fmt: skip
        assert COPYLEFT.search(told)
    assert not PERMISSIVE.search("LicenseRef-NVIDIA-Proprietary")
