"""Problems that several kinds of file have in common."""

from ctdenoise.errors import Problem


def damaged(name: str) -> Problem:
    return Problem(name, "is cut off or damaged", "copy or export it again")


def too_large(name: str) -> Problem:
    return Problem(name, "needs more memory than there is", "load fewer slices at a time")
