"""What an operator may collect: one line of JSON an event, on stderr, without a name in it.

No workspace, person, file, address or path ever stands in a line: events have fields of our own
words and numbers, and of what libraries log there is only where in the code it was said, and of
which type an error was. Off unless ``CTDENOISE_LOG`` is ``json``.
"""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from ctdenoise.settings import settings

Event = Literal["started", "stopped", "job", "refused", "problem"]
PLAIN = "%(message)s"
"""The format of handlers that are not ours: the line is whole already."""

_on = threading.Event()


def begin() -> None:
    """Let this process tell its events, where the operator wants it, and quiet everybody else.
    Once in each process, before it does anything for people."""
    if not settings().log_json or _on.is_set():
        return
    _on.set()
    logging.setLogRecordFactory(_without_words)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(PLAIN))
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        if logger.handlers:
            logger.handlers, logger.propagate = [], True
    logging.root.handlers = [handler]
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda found: _uncaught(
        found.exc_type, found.exc_value, found.exc_traceback
    )


def event(name: Event, **fields: str | float | None) -> None:
    """Tell that something happened; ``fields`` are words and numbers of ours, never somebody
    else's."""
    if _on.is_set():
        sys.stderr.write(_line(name, **fields) + "\n")
        sys.stderr.flush()


def _line(name: Event, **fields: str | float | None) -> str:
    time = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"time": time, "event": name, **fields})


def _without_words(
    name: str,
    level: int,
    file: str,
    number: int,
    message: object,
    arguments: object,
    error: Any,
    function: str | None = None,
    stack: str | None = None,
    **_: object,
) -> logging.LogRecord:
    """A record of which the place and the type of error are left."""
    fields: dict[str, str] = {"logger": name, "level": logging.getLevelName(level)}
    fields["at"] = f"{Path(file).name}:{number}"
    if isinstance(error, tuple) and error[0] is not None:
        fields["error"] = error[0].__name__
        fields["at"] = _place(error[2]) or fields["at"]
    return logging.LogRecord(
        name, level, file, number, _line("problem", **fields), (), None, function
    )


def _uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    event("problem", error=kind.__name__, at=_place(traceback))


def _place(traceback: TracebackType | None) -> str:
    """The file of code, by its last name, and the line at which an error was raised."""
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    if traceback is None:
        return ""
    return f"{Path(traceback.tb_frame.f_code.co_filename).name}:{traceback.tb_lineno}"
