"""The sentence that people see."""

import errno
import pickle

import pytest

from ctdenoise.errors import Problem, disk_problem, telling_disk_problems


def test_a_problem_reads_as_one_sentence() -> None:
    problem = Problem("scan7.dcm", "has three colour channels", "export the greyscale series")
    assert str(problem) == "scan7.dcm has three colour channels: export the greyscale series."


def test_a_problem_survives_the_way_from_a_worker() -> None:
    back = pickle.loads(pickle.dumps(Problem("a", "b", "c")))
    assert (type(back), str(back), back.hint) == (Problem, "a b: c.", "c")


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "disk is full"),
        (errno.EACCES, "read-only"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_errors_of_the_disk_become_sentences(number: int, word: str) -> None:
    import os

    sentence = str(disk_problem(OSError(number, os.strerror(number)), "out.dcm"))
    assert sentence.startswith("out.dcm ") and word in sentence


def test_decorated_functions_tell_disk_problems_and_let_the_rest_through() -> None:
    @telling_disk_problems
    def write(error: Exception | None) -> str:
        if error:
            raise error
        return "written"

    assert write(None) == "written"
    with pytest.raises(Problem, match=r"out\.dcm could not be written because the disk"):
        write(OSError(errno.ENOSPC, "No space left on device", "out.dcm"))
    with pytest.raises(KeyError):
        write(KeyError("not of the disk"))
