"""A stream may stand beside another: what a model thought, beside what it answered."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("streams", sa.Column("beside", sa.String(length=32)))


def downgrade() -> None:
    with op.batch_alter_table("streams") as kept:
        kept.drop_column("beside")
