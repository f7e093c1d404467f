"""Figures beside what they must hold; a benchmark ends with exit code 1 where one was missed."""

_missed: list[str] = []


def tell(what: str, value: str, bound: str = "", held: bool = True) -> None:
    """Print one figure, its bound and whether it holds."""
    if not held:
        _missed.append(what)
    verdict = "" if not bound else "holds" if held else "MISSED"
    print(f"{what:58s} {value:>22s}   {bound:28s} {verdict}".rstrip(), flush=True)


def verdict() -> int:
    """The exit code."""
    if _missed:
        print(f"Missed: {'; '.join(_missed)}.")
    return int(bool(_missed))
