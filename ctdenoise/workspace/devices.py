"""Which workspace a browser opens: its own, or that of the person who says so on it.

A browser is known by the hash of its cookie, its device. By itself a device opens the workspace of
the same name; a row of ``devices`` makes it open another one: somebody has come back on a second
device by their personal code, or has signed on.
"""

import threading
import time

from sqlalchemy import delete, insert, select

from ctdenoise.workspace.database import now, transaction
from ctdenoise.workspace.tables import devices

KNOWN_SECONDS = 5.0
"""So long a server goes by what it has looked up: every picture asks."""
KNOWN = 10_000

_known: dict[str, tuple[float, str]] = {}
_lock = threading.Lock()


def workspace_of(device: str) -> str:
    """The workspace that this device opens."""
    with _lock:
        looked, found = _known.get(device, (0.0, ""))
    moment = time.monotonic()
    if found and moment - looked < KNOWN_SECONDS:
        return found
    with transaction() as connection:
        other = select(devices.c.workspace).where(devices.c.id == device)
        found = connection.execute(other).scalar_one_or_none() or device
    _keep(device, found)
    return found


def bind(device: str, workspace: str) -> None:
    """Let a device open this workspace from now on; its own, where they are the same."""
    with transaction() as connection:
        connection.execute(delete(devices).where(devices.c.id == device))
        if workspace != device:
            moment = now(connection)
            row = insert(devices).values(id=device, workspace=workspace, created=moment)
            connection.execute(row)
    _keep(device, workspace)


def _keep(device: str, workspace: str) -> None:
    with _lock:
        if len(_known) >= KNOWN:
            _known.clear()
        _known[device] = time.monotonic(), workspace
