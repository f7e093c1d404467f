"""How much of its memory a job's worker held when it was last heard of."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("memory", sa.Float))
