"""The product around the stream: accounts, tokens, members, presence, costs, and what a list needs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

def columns() -> dict[str, list[sa.Column]]:
    """Give what is new in tables that there are."""
    return {
        "streams": [sa.Column("timing", sa.JSON())],
        "people": [
            sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
            sa.Column("is_admin", sa.Integer(), server_default="0", nullable=False),
            sa.Column("disabled_at", sa.Float()),
            sa.Column("daily_tokens", sa.BigInteger()),
            sa.Column("daily_cost", sa.Float()),
            sa.Column("live_answers", sa.Integer()),
        ],
        "conversations": [
            sa.Column("temperature", sa.Float()),
            sa.Column("pinned_at", sa.Float()),
            sa.Column("discarded_at", sa.Float()),
        ],
        "messages": [
            sa.Column("asked_by", sa.String(length=32)),
            sa.Column("timing", sa.JSON()),
            sa.Column("cost", sa.Float()),
        ],
        "shares": [sa.Column("expires_at", sa.Float())],
    }


def upgrade() -> None:
    for table, new in columns().items():
        for column in new:
            op.add_column(table, column)
    op.create_index(
        "ix_conversations_discarded",
        "conversations",
        ["discarded_at"],
        sqlite_where=sa.text("discarded_at IS NOT NULL"),
        postgresql_where=sa.text("discarded_at IS NOT NULL"),
    )
    op.create_index("ix_messages_parent_id", "messages", ["parent_id"])
    op.create_index(
        "uq_messages_reasoning_stream_id", "messages", ["reasoning_stream_id"], unique=True
    )

    op.create_table(
        "accounts",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("login", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=255)),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_accounts_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("login", name=op.f("uq_accounts_login")),
    )
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_identities_person_id")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
    )
    op.create_index("ix_identities_person_id", "identities", ["person_id"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("last_used_at", sa.Float()),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_tokens_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_tokens_token_hash")),
    )
    op.create_index("ix_tokens_person_id", "tokens", ["person_id"])
    op.create_table(
        "members",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_members_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_members_person_id")),
        sa.PrimaryKeyConstraint("conversation_id", "person_id", name=op.f("pk_members")),
    )
    op.create_index("ix_members_person_id", "members", ["person_id"])
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float()),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_invitations_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    op.create_index("ix_invitations_conversation_id", "invitations", ["conversation_id"])
    op.create_table(
        "presence",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("process", sa.String(length=200), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "process", name=op.f("pk_presence")),
    )

    op.create_table(
        "ledger",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("unpriced", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "day", "model", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_day", "ledger", ["day"])
    op.create_table(
        "prices",
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("input", sa.Float(), nullable=False),
        sa.Column("output", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_prices")),
    )


def downgrade() -> None:
    for table in ("prices", "ledger", "presence", "invitations", "members", "tokens", "identities", "accounts"):
        op.drop_table(table)
    op.drop_index("uq_messages_reasoning_stream_id", "messages")
    op.drop_index("ix_messages_parent_id", "messages")
    op.drop_index("ix_conversations_discarded", "conversations")
    for table, new in columns().items():
        with op.batch_alter_table(table) as kept:
            for column in new:
                kept.drop_column(column.name)
