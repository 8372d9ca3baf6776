"""An index of the words of passages; and where in it a document's words stand."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = {
    "sqlite": (
        "CREATE VIRTUAL TABLE passage_index USING fts5(words, tokenize='ascii', columnsize=0, detail=none)",
        "INSERT INTO passage_index (passage_index, rank) VALUES ('automerge', 0)",
        "INSERT INTO passage_index (passage_index, rank) VALUES ('crisismerge', 64)",
    ),
    "postgresql": (
        "CREATE TABLE passage_index (seq BIGINT PRIMARY KEY, words INTEGER[] NOT NULL)",
        "ALTER TABLE passage_index ALTER COLUMN words SET STATISTICS 0",
        "CREATE INDEX ix_passage_index_words ON passage_index USING gin (words) WITH (fastupdate = off)",
    ),
}


def upgrade() -> None:
    op.add_column("documents", sa.Column("shelf", sa.String(8)))
    op.create_index("ix_documents_shelf", "documents", ["shelf"])
    for statement in INDEX[op.get_context().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE passage_index")
    op.drop_index("ix_documents_shelf", "documents")
    with op.batch_alter_table("documents") as kept:
        kept.drop_column("shelf")
