import errno
import os

import pytest

from ctdenoise.errors import Problem
from ctdenoise.stored import reading


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE])
def test_what_cannot_be_opened_is_not_called_damaged(number: int) -> None:
    with pytest.raises(Problem) as told, reading("The run One", "remove it"):
        raise OSError(number, os.strerror(number), "record.json")
    assert str(told.value).startswith("The run One cannot be opened: ")
    assert "remove" not in str(told.value)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(errno.ENOENT, "gone"), "lacks a part"),
        (OSError(errno.EIO, "a bad sector"), "is damaged"),
        (ValueError("no JSON"), "is damaged"),
    ],
)
def test_what_is_damaged_is_named_with_what_to_do(error: Exception, words: str) -> None:
    with pytest.raises(Problem) as told, reading(lambda: "The run One", "remove it"):
        raise error
    assert words in str(told.value) and str(told.value).endswith("remove it.")
