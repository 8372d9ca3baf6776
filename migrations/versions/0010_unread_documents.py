"""How many documents were still being read when an answer looked for what it could draw on."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("unread_documents", sa.Integer))


def downgrade() -> None:
    with op.batch_alter_table("messages") as kept:
        kept.drop_column("unread_documents")
