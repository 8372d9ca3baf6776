"""An index of words, to search messages by; and one for what is pinned.

What was said before is not indexed here: the server does that by itself once it runs, conversation by
conversation, so that the migration takes no longer for having many.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SEARCH = {
    "sqlite": ("CREATE VIRTUAL TABLE search USING fts5(words, tokenize='ascii', columnsize=0)",),
    "postgresql": (
        "CREATE TABLE search (seq BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
        "CREATE INDEX ix_search_words ON search USING gin (words) WITH (fastupdate = off)",
    ),
}


def upgrade() -> None:
    for statement in SEARCH[op.get_context().dialect.name]:
        op.execute(statement)
    op.create_table(
        "search_backlog",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("after_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_search_backlog")),
    )
    op.execute("INSERT INTO search_backlog (conversation_id, after_seq) SELECT id, 0 FROM conversations")
    op.create_index(
        "ix_conversations_pinned",
        "conversations",
        ["owner_id", "pinned_at"],
        sqlite_where=sa.text("pinned_at IS NOT NULL"),
        postgresql_where=sa.text("pinned_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_conversations_pinned", "conversations")
    op.drop_table("search_backlog")
    op.execute("DROP TABLE search")
