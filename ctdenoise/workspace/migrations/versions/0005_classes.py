"""Lessons and classes: who is in which, what was answered, and what is shown to whom."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
    )
    op.create_table(
        "classes",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("code", sa.String(6), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("lesson", sa.String(40), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("ended", sa.Float),
        sa.Column("paused", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("run_minutes", sa.Integer),
        sa.Column("runs_at_once", sa.Integer),
        sa.Column("storage_mb", sa.Integer),
        sa.Column("retention_days", sa.Integer),
        sa.Column("vote", sa.JSON),
        sa.Column("presented", sa.JSON),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_classes"),
    )
    op.create_index("ix_classes_code", "classes", ["code"], unique=True)
    op.create_table(
        "members",
        sa.Column("class_id", sa.String(12), nullable=False),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("role", sa.String(7), nullable=False),
        sa.Column("nickname", sa.String(40), nullable=False),
        sa.Column("personal", sa.String(64), nullable=False),
        sa.Column("joined", sa.Float, nullable=False),
        sa.Column("seen", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("class_id", "workspace", name="pk_members"),
    )
    op.create_index("ix_members_workspace", "members", ["workspace"])
    op.create_index("ix_members_personal", "members", ["personal"])
    op.create_table(
        "answers",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("class_id", sa.String(12), nullable=False),
        sa.Column("lesson", sa.String(40), nullable=False),
        sa.Column("step", sa.String(60), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
    )
    op.create_index("ix_answers_workspace", "answers", ["workspace"])
    op.create_index("ix_answers_class_id", "answers", ["class_id"])
    op.create_table(
        "places",
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("lesson", sa.String(40), nullable=False),
        sa.Column("step", sa.String(60), nullable=False),
        sa.Column("made", sa.JSON, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("changed", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("workspace", "lesson", name="pk_places"),
    )
    op.create_table(
        "shares",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("class_id", sa.String(12), nullable=False),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("shown", sa.JSON),
        sa.Column("things", sa.JSON, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shares"),
    )
    op.create_index("ix_shares_class_id", "shares", ["class_id"])
