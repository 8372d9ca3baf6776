"""Streams without a message are found by who made them: who logs in takes theirs along."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_streams_created_by",
        "streams",
        ["created_by"],
        sqlite_where=sa.text("created_by IS NOT NULL"),
        postgresql_where=sa.text("created_by IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_streams_created_by", "streams")
