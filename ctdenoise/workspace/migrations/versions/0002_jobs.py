"""One table for everything that takes time.

How a training stands moves from ``runs`` to ``jobs`` (a run's job has the run's id), and so does
how a denoised scan stands, which was in its folder's state.json. The settings of a run stay in its
folder alone, in config.json, which also a run that never began gets now.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

from ctdenoise.settings import settings

revision = "0002"
down_revision = "0001"

MOVED = (
    "config", "state", "wanted", "queued", "started", "ended", "sentence", "turn", "place",
    "deaths", "reached",
)  # fmt: skip
ENDED = {"interrupted": "stopped", "waiting": "queued"}
"""What the states of denoised scans are called now, where it is another word."""


def upgrade() -> None:
    jobs = op.create_table(
        "jobs",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("queue", sa.String(20), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("wanted", sa.String(4), nullable=False),
        sa.Column("focus", sa.Integer),
        sa.Column("progress", sa.Float),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("result", sa.JSON),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reached", sa.Float),
        sa.Column("lease", sa.String(40), nullable=False),
        sa.Column("worker", sa.String(200), nullable=False),
        sa.Column("heartbeat", sa.Float),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("queued", sa.Float, nullable=False),
        sa.Column("started", sa.Float),
        sa.Column("ended", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    for column in ("workspace", "subject", "state"):
        op.create_index(f"ix_jobs_{column}", "jobs", [column])
    known = sa.Table("runs", sa.MetaData(), autoload_with=op.get_bind())
    old = op.get_bind().execute(sa.select(known)).mappings().all()
    found = [*map(_training, old), *_denoisings(settings().workspaces)]
    if found:
        op.bulk_insert(jobs, found)
    op.drop_index("ix_runs_state", "runs")
    with op.batch_alter_table("runs") as table:
        for column in MOVED:
            table.drop_column(column)


def _training(run: Any) -> dict[str, Any]:
    """The job of a run; its settings go where they belong."""
    folder = settings().home / "runs" / run["id"]
    folder.mkdir(parents=True, exist_ok=True)
    # JSON columns read by reflection come decoded or as text, as the driver likes it.
    config = json.loads(run["config"]) if isinstance(run["config"], str) else run["config"]
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    return _job(
        id=run["id"],
        workspace=run["workspace"],
        kind="train",
        queue="train",
        state=run["state"],
        wanted=run["wanted"],
        message=run["sentence"],
        attempts=run["deaths"],
        lease=run["turn"],
        worker=run["place"],
        created=run["created"],
        queued=run["queued"],
        started=run["started"],
        ended=run["ended"],
    )


def _denoisings(workspaces: Path) -> Iterator[dict[str, Any]]:
    """The jobs of scans that were denoised, from what their folders say; what is damaged is left
    for the program to tell."""
    for path in sorted(workspaces.glob("*/denoisings/*/record.json")):
        with suppress(OSError, ValueError, KeyError):
            record = json.loads(path.read_text(encoding="utf-8"))
            state = json.loads((path.parent / "state.json").read_text(encoding="utf-8"))
            how = ENDED.get(state["how"], state["how"])
            yield _job(
                id=record["id"],
                workspace=record["workspace"],
                kind="denoise",
                queue="batch",
                state=how,
                message=state["sentence"],
                created=record["created"],
                queued=record["created"],
                ended=None if how in ("queued", "running") else state["since"],
            )


def _job(**values: Any) -> dict[str, Any]:
    return {
        "subject": values["id"],
        "arguments": {},
        "wanted": "run",
        "focus": None,
        "progress": None,
        "result": None,
        "attempts": 0,
        "reached": None,
        "lease": "",
        "worker": "",
        "heartbeat": None,
        "started": None,
        **values,
    }
