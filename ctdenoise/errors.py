"""What people are told: the one exception that they see, and how far something is."""

import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Progress = Callable[[float, str], None]
"""Hears how far something is, 0 to 1, and what is being done."""

P = ParamSpec("P")
R = TypeVar("R")


class Problem(Exception):
    """Something a person can mend, told in one sentence.

    ``Problem("scan7.dcm", "has three colour channels", "export the greyscale series instead")``
    reads "scan7.dcm has three colour channels: export the greyscale series instead."
    Pages and the command line show ``str(problem)`` and nothing else.
    """

    def __init__(self, subject: str, reason: str, hint: str) -> None:
        super().__init__(subject, reason, hint)  # the three arguments, so that it pickles
        self.subject, self.reason, self.hint = subject, reason, hint

    def __str__(self) -> str:
        return f"{self.subject} {self.reason}: {self.hint}."


class Told(Problem):
    """A problem that was put in its sentence already, in another process."""

    def __init__(self, sentence: str) -> None:
        Exception.__init__(self, sentence)

    def __str__(self) -> str:
        return str(self.args[0])


def disk_problem(error: OSError, subject: str) -> Problem:
    """Turn an operating system error while writing into a sentence."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Problem(
            subject,
            "could not be written because the disk is full",
            "free some space and try again; nothing that was there is lost",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Problem(
            subject,
            "could not be written because this folder is read-only",
            "choose a folder that you may write to",
        )
    return Problem(
        subject,
        f"could not be read or written ({error.strerror or type(error).__name__})",
        "check that the disk and the folder are there",
    )


def telling_disk_problems(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function that writes, so that a full disk is told as a :class:`Problem`."""

    @wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except OSError as error:
            raise disk_problem(error, _name(error)) from error

    return told


def _name(error: OSError) -> str:
    """The file's last name, since its folders are nobody's business; not that of one half made."""
    name = os.path.basename(str(error.filename or ""))
    return "What was to be kept" if not name or name.startswith(".") else name


def damaged(name: str) -> Problem:
    """A file that cannot be read to its end."""
    return Problem(name, "is cut off or damaged", "copy or export it again")


def too_large(name: str) -> Problem:
    """A scan or file that does not fit into memory."""
    return Problem(name, "needs more memory than there is", "load fewer slices at a time")


OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether some device had no memory left, each of which says so in its own words.

    >>> is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    True
    """
    return isinstance(error, MemoryError) or any(text in str(error) for text in OUT_OF_MEMORY)


def telling_memory_problems(problem: Problem) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function that computes on large arrays, so that memory that it cannot have is told
    as this ``problem``."""

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def told(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                raise problem from error

        return told

    return decorated
