"""Which model's vectors are in use, and which documents lack some. On PostgreSQL pgvector, where that is had.

Its tables are made when the first vector comes: before that nobody knows how many numbers one has.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WITHOUT_VECTORS = sa.text("status = 'ready' AND embedded < passages AND discarded_at IS NULL")

# A server that has no such extension, or lets only its own master make it, keeps the vectors packed.
EXTENSION = """
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS vector;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'without pgvector: %', SQLERRM;
END $$
"""
TABLES_OF_ROWS = """
DO $$ DECLARE one RECORD; BEGIN
    FOR one IN SELECT tablename FROM pg_tables
        WHERE schemaname = current_schema() AND tablename ~ '^passage_vectors_[0-9]+$'
    LOOP EXECUTE format('DROP TABLE %I', one.tablename); END LOOP;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "vector_spaces",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("dimensions", sa.Integer, nullable=False),
        sa.Column("by_rows", sa.Boolean, nullable=False),
        sa.Column("holder", sa.String(200)),
        sa.Column("held_until", sa.Float),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vector_spaces"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_documents_without_vectors",
        "documents",
        ["seq"],
        sqlite_where=WITHOUT_VECTORS,
        postgresql_where=WITHOUT_VECTORS,
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute(EXTENSION)


def downgrade() -> None:
    """Take the vectors away, but not the extension: others may use it too."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(TABLES_OF_ROWS)
    op.drop_index("ix_documents_without_vectors", "documents")
    op.drop_table("vector_spaces")
