"""The table of runs, as the program made it before it had migrations."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def later() -> list[sa.Column[Any]]:
    """Columns that databases of the earliest versions lack."""
    return [
        sa.Column("number", sa.Integer, nullable=False, server_default="0"),
        sa.Column("sweep", sa.String(12), nullable=False, server_default=""),
        sa.Column("parent", sa.String(100), nullable=False, server_default=""),
        sa.Column("parent_epoch", sa.Integer, nullable=False, server_default="0"),
        sa.Column("starred", sa.Boolean, nullable=False, server_default=sa.false()),
    ]


def upgrade() -> None:
    look = sa.inspect(op.get_bind())
    if not look.has_table("runs"):
        op.create_table(
            "runs",
            sa.Column("id", sa.String(12), primary_key=True),
            sa.Column("workspace", sa.String(64), nullable=False),
            sa.Column("name", sa.String(200), nullable=False),
            sa.Column("config", sa.JSON, nullable=False),
            sa.Column("pairs", sa.JSON, nullable=False),
            sa.Column("state", sa.String(8), nullable=False),
            sa.Column("wanted", sa.String(4), nullable=False),
            sa.Column("created", sa.Float, nullable=False),
            sa.Column("queued", sa.Float, nullable=False),
            sa.Column("started", sa.Float),
            sa.Column("ended", sa.Float),
            sa.Column("sentence", sa.Text, nullable=False),
            sa.Column("turn", sa.String(40), nullable=False),
            sa.Column("place", sa.String(200), nullable=False),
            sa.Column("deaths", sa.Integer, nullable=False),
            sa.Column("reached", sa.Integer, nullable=False),
            *later(),
        )
        op.create_index("ix_runs_workspace", "runs", ["workspace"])
        op.create_index("ix_runs_state", "runs", ["state"])
    else:
        there = {column["name"] for column in look.get_columns("runs")}
        for column in later():
            if column.name not in there:
                op.add_column("runs", column)
    if "ix_runs_sweep" not in {
        index["name"] for index in sa.inspect(op.get_bind()).get_indexes("runs")
    }:
        op.create_index("ix_runs_sweep", "runs", ["sweep"])
