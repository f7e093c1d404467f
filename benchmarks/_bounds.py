"""Figures beside what they must hold; a benchmark ends with exit code 1 where one was missed.

A time tells something only beside another one of the same minutes on the same machine. So each
bound on a time is a bound on a ratio: ours and its yardstick take turns, each pair of turns gives
a ratio, and the middle one of them counts. A machine that is busy or slow meets both alike.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

_missed: list[str] = []


def tell(what: str, value: str, bound: str = "", held: bool = True) -> None:
    """Print one figure, its bound and whether it holds."""
    if not held:
        _missed.append(what)
    verdict = "" if not bound else "holds" if held else "MISSED"
    print(f"{what:58s} {value:>38s}   {bound:28s} {verdict}".rstrip(), flush=True)


def beside(what: str, ours: Sequence[float], yardstick: Sequence[float], of: str, *,
           at_most: float | None = None, at_least: float | None = None) -> float:  # fmt: skip
    """Tell times in seconds beside those of the yardstick ``of``, turn by turn; the ratio.

    ``at_most`` bounds how many times as long as the yardstick ours takes, ``at_least`` how many
    times as fast it is; the ratio told is the one that is bounded.
    """
    faster = at_least is not None
    pairs = zip(ours, yardstick, strict=True)
    ratios = sorted(other / own if faster else own / other for own, other in pairs)
    ratio = median(ratios)
    bound, held = "", True
    if at_least is not None:
        bound, held = f"at least {at_least:g} times as fast", ratio >= at_least
    elif at_most is not None:
        bound, held = f"at most {at_most:g} times that", ratio <= at_most
    spread = f" ({ratios[0]:.2f} to {ratios[-1]:.2f})" if len(ratios) > 1 else ""
    tell(f"{what}, {_shown(median(ours))}; {of}, {_shown(median(yardstick))}",
         f"{ratio:.2f}{spread}", bound, held)  # fmt: skip
    return ratio


def _shown(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def in_turns(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each way in each round, after one round that warms up."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            took = seconds(way)
            if turn:
                times[name].append(took)
    return times


def seconds(way: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    way()
    return time.perf_counter() - began


def verdict() -> int:
    """The exit code."""
    if _missed:
        print(f"Missed: {'; '.join(_missed)}.")
    return int(bool(_missed))
