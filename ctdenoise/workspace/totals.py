"""What the table of jobs adds up to, for whoever runs a server: numbers without a name in them."""

from dataclasses import dataclass

from sqlalchemy import func, select

from ctdenoise.workspace.database import now, transaction
from ctdenoise.workspace.tables import jobs


@dataclass(frozen=True)
class Together:
    """The jobs of one queue, kind and state."""

    queue: str
    kind: str
    state: str
    count: int
    seconds: float
    """Of workers, that they have had since they were queued."""
    waits: float
    """For how many seconds the one has waited that was queued first."""


def jobs_together() -> list[Together]:
    """All jobs that the table knows, by one query."""
    own = jobs.c.queue, jobs.c.kind, jobs.c.state
    sums = func.count(), func.sum(jobs.c.used), func.min(jobs.c.queued)
    with transaction() as connection:
        moment = now(connection)
        found = connection.execute(select(*own, *sums).group_by(*own)).all()
    return [
        Together(
            queue=str(row[0]),
            kind=str(row[1]),
            state=str(row[2]),
            count=row[3],
            seconds=_number(row[4]),
            waits=max(0.0, moment - _number(row[5], moment)),
        )
        for row in found
    ]


def _number(value: object, default: float = 0.0) -> float:
    """A sum that the database made; the default of a damaged column."""
    return float(value) if isinstance(value, int | float) else default
