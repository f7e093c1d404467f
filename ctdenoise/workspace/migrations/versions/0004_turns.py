"""What the queue needs to share the workers by the second, and to tell how long one waits."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for name in ("served", "used"):
        op.add_column("jobs", sa.Column(name, sa.Float, nullable=False, server_default="0"))
    for name in ("expected", "first", "left"):
        op.add_column("jobs", sa.Column(name, sa.Float))
