"""Documents, their originals, passages and vectors; what of a history did not fit; who searches a library."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UNFINISHED = sa.text("status IN ('arriving', 'waiting', 'reading')")
DISCARDED = sa.text("discarded_at IS NOT NULL")
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("messages", sa.Column("left_out", sa.Integer))
    op.add_column("conversations", sa.Column("library", sa.Integer, nullable=False, server_default="1"))
    op.create_table(
        "documents",
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("owner_id", sa.String(32), nullable=False),
        sa.Column("conversation_id", sa.String(32)),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error", sa.JSON),
        sa.Column("progress", sa.Integer, nullable=False, server_default="0"),
        sa.Column("pages", sa.Integer),
        sa.Column("passages", sa.Integer, nullable=False, server_default="0"),
        sa.Column("embedded", sa.Integer, nullable=False, server_default="0"),
        sa.Column("language", sa.String(8)),
        sa.Column("reader", sa.String(200)),
        sa.Column("reading_until", sa.Float),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("discarded_at", sa.Float),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name="fk_documents_owner_id"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_documents_conversation_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("seq", name="pk_documents"),
        sa.UniqueConstraint("id", name="uq_documents_id"),
    )
    op.create_index("ix_documents_conversation_id", "documents", ["conversation_id"])
    op.create_index("ix_documents_owner_id_seq", "documents", ["owner_id", "seq"])
    op.create_index(
        "ix_documents_unfinished",
        "documents",
        ["status"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index(
        "ix_documents_discarded",
        "documents",
        ["discarded_at"],
        sqlite_where=DISCARDED,
        postgresql_where=DISCARDED,
    )
    op.create_table(
        "originals",
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        _of_document("originals"),
        sa.PrimaryKeyConstraint("document_id", "number", name="pk_originals"),
    )
    op.create_table(
        "passages",
        sa.Column("seq", NUMBER, nullable=False, autoincrement=True),
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("page", sa.Integer),
        sa.Column("heading", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        _of_document("passages"),
        sa.PrimaryKeyConstraint("seq", name="pk_passages"),
        sa.UniqueConstraint("document_id", "number", name="uq_passages_document_id_number"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "vectors",
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("dimensions", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        _of_document("vectors"),
        sa.PrimaryKeyConstraint("document_id", "model", "first", name="pk_vectors"),
    )


def downgrade() -> None:
    for table in ("vectors", "passages", "originals", "documents"):
        op.drop_table(table)
    with op.batch_alter_table("conversations") as kept:
        kept.drop_column("library")
    with op.batch_alter_table("messages") as kept:
        kept.drop_column("left_out")


def _of_document(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["document_id"], ["documents.id"], name=f"fk_{table}_document_id", ondelete="CASCADE"
    )
