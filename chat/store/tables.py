"""The tables, in plain SQLAlchemy: what is kept, under which name, with which promises."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column that is called INTEGER; there it has 64 bits anyway.
Sequential = BigInteger().with_variant(Integer, "sqlite")

# ── the streaming column: knows no conversation ──────────────────────────────────────────────

streams = Table(
    "streams",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("epoch", Integer, nullable=False),  # 0 until the first claim, then +1 with each
    Column("bases", JSON, nullable=False),  # bases[e-1] = bytes stored when epoch e was claimed
    Column("text", Text, nullable=False),  # compacted: all of it when final, else up to the base
    Column("length", Integer, nullable=False),  # of `text`, in UTF-8 bytes
    Column("first_seq", Integer),  # the chunk that the newest claim laid down; older ones are others'
    Column("chunk_by", String(16), nullable=False),
    Column("request", JSON),  # {prompt, system, model, temperature} of one without a message
    Column("created_by", String(32)),  # the person who may read a stream without a message
    Column("beside", String(32)),  # the stream whose generation writes this one too: its reasoning
    Column("owner", String(200)),  # the process that holds the lease: host, boot, pid, start
    Column("lease_until", Float),  # on the lease clock, seconds
    Column("stop_requested", Integer, nullable=False, server_default="0"),
    Column("continuations", Integer, nullable=False, server_default="0"),  # by itself, since a person asked
    Column("error", JSON),
    Column("usage", JSON),
    Column("finish_reason", String(40)),
    Column("timing", JSON),  # {first_token_ms, total_ms} of the epoch that ended it
    Column("created_at", Float, nullable=False),  # wall clock, seconds
    Column("claimed_at", Float),
    Column("ended_at", Float),
    # Only the few that are alive are ever looked for by status.
    Index(
        "ix_streams_unfinished",
        "status",
        sqlite_where=text("status IN ('pending', 'streaming')"),
        postgresql_where=text("status IN ('pending', 'streaming')"),
    ),
    # And by maker only those that live without a message.
    Index(
        "ix_streams_created_by",
        "created_by",
        sqlite_where=text("created_by IS NOT NULL"),
        postgresql_where=text("created_by IS NOT NULL"),
    ),
)

chunks = Table(
    "chunks",  # one journal for all live streams: no secondary index, so a commit dirties one page
    metadata,
    Column("seq", Sequential, primary_key=True, autoincrement=True),
    Column("stream_id", String(32), nullable=False),
    Column("start", Integer, nullable=False),  # the byte offset where `text` begins
    Column("text", Text, nullable=False),
)

rings = Table(
    "rings",  # of several processes on one SQLite file: what a commit rang, for the others to read
    metadata,
    Column("seq", Sequential, primary_key=True, autoincrement=True),
    Column("ringer", String(200), nullable=False),  # the process, which heard it already
    Column("topics", Text, nullable=False),  # one a line
)


def _conversation() -> ForeignKey:
    return ForeignKey("conversations.id", ondelete="CASCADE")


# ── the chat column: messages point to streams, never the other way ──────────────────────────

people = Table(
    "people",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("generation", Integer, nullable=False, server_default="0"),  # +1 signs them out everywhere
    Column("is_admin", Integer, nullable=False, server_default="0"),
    Column("disabled_at", Float),
    # What an admin allows this person; NULL: the setting's, 0: no limit.
    Column("daily_tokens", BigInteger),
    Column("daily_cost", Float),
    Column("live_answers", Integer),
)

accounts = Table(
    "accounts",  # of people who can come back from another browser
    metadata,
    Column("person_id", String(32), ForeignKey("people.id"), primary_key=True),
    Column("login", String(254), nullable=False, unique=True),  # casefolded
    Column("password_hash", String(255)),  # NULL: they come by OIDC alone
    Column("created_at", Float, nullable=False),
)

identities = Table(
    "identities",  # who somebody is to an OIDC provider
    metadata,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("person_id", String(32), ForeignKey("people.id"), nullable=False, index=True),
    Column("created_at", Float, nullable=False),
)

tokens = Table(
    "tokens",  # for programs that act for a person
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person_id", String(32), ForeignKey("people.id"), nullable=False, index=True),
    Column("name", String(80), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),  # SHA-256
    Column("created_at", Float, nullable=False),
    Column("last_used_at", Float),
)

conversations = Table(
    "conversations",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("owner_id", String(32), ForeignKey("people.id"), nullable=False),
    Column("title", String(200)),
    Column("system", Text),
    Column("model", String(200)),
    Column("temperature", Float),
    Column("library", Integer, nullable=False, server_default="1"),  # whether its owner's is drawn on
    Column("pinned_at", Float),
    Column("discarded_at", Float),  # deleted on the page: invisible, and erased when nobody undoes it
    Column("demo", Integer, nullable=False, server_default="0"),
    Column("revision", Integer, nullable=False),  # +1 with each change that a viewer must see
    Column("changed_at_revision", Integer, nullable=False),  # of the conversation's own fields
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Index("ix_conversations_owner_id_updated_at", "owner_id", "updated_at"),
    Index(
        "ix_conversations_pinned",
        "owner_id",
        "pinned_at",
        sqlite_where=text("pinned_at IS NOT NULL"),
        postgresql_where=text("pinned_at IS NOT NULL"),
    ),
    Index(
        "ix_conversations_discarded",
        "discarded_at",
        sqlite_where=text("discarded_at IS NOT NULL"),
        postgresql_where=text("discarded_at IS NOT NULL"),
    ),
)

messages = Table(
    "messages",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("conversation_id", String(32), _conversation(), nullable=False),
    Column("parent_id", String(32)),
    Column("role", String(16), nullable=False),
    Column("author_id", String(32)),
    Column("author_name", String(80)),  # as it was when they wrote
    Column("text", Text),  # NULL for an answer: its text is its stream's
    Column("status", String(16), nullable=False),
    Column("stream_id", String(32), unique=True),
    Column("reasoning_stream_id", String(32)),
    Column("model", String(200)),
    Column("usage", JSON),
    Column("citations", JSON, nullable=False),  # what it may cite, and once it ended what it does
    Column("left_out", Integer),  # of an answer: earlier messages that the model was not told
    Column("unread_documents", Integer),  # of an answer: still being read, so that it did not look at them
    Column("error", JSON),
    Column("finish_reason", String(40)),
    Column("asked_by", String(32)),  # of an answer: whose budget it is charged to
    Column("timing", JSON),  # {first_token_ms, total_ms}
    Column("cost", Float),  # in the currency of the price table, at its prices then; NULL: unknown
    Column("client_id", String(200)),
    Column("revision", Integer, nullable=False),  # the conversation's, when this row last changed
    Column("created_at", Float, nullable=False),
    Index("ix_messages_conversation_id_seq", "conversation_id", "seq"),
    Index("ix_messages_parent_id", "parent_id"),
    Index("uq_messages_reasoning_stream_id", "reasoning_stream_id", unique=True),
    UniqueConstraint("conversation_id", "author_id", "client_id"),
    # One live answer per conversation, whoever asks and however often.
    Index(
        "uq_messages_one_live_answer",
        "conversation_id",
        unique=True,
        sqlite_where=text("role = 'assistant' AND status IN ('pending', 'streaming')"),
        postgresql_where=text("role = 'assistant' AND status IN ('pending', 'streaming')"),
    ),
)

deletions = Table(
    "deletions",  # so that a reader who was away learns what is gone
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("conversation_id", String(32), _conversation(), nullable=False),
    Column("message_id", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Index("ix_deletions_conversation_id_revision", "conversation_id", "revision"),
)

search_backlog = Table(
    "search_backlog",  # conversations whose messages are still to be put into the index of words
    metadata,
    Column("conversation_id", String(32), primary_key=True),
    Column("after_seq", Integer, nullable=False),  # of the last message that is in it
)

shares = Table(
    "shares",
    metadata,
    Column("conversation_id", String(32), _conversation(), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),  # SHA-256: a stolen table opens nothing
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
)

members = Table(
    "members",  # who, besides its owner, has a conversation among their own
    metadata,
    Column("conversation_id", String(32), _conversation(), primary_key=True),
    Column("person_id", String(32), ForeignKey("people.id"), primary_key=True, index=True),
    Column("role", String(16), nullable=False),  # "viewer" or "co-driver"
    Column("created_at", Float, nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation_id", String(32), _conversation(), nullable=False, index=True),
    Column("role", String(16), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
)

presence = Table(
    "presence",  # who looks at what, as each process says; a row that is not renewed counts no more
    metadata,
    Column("conversation_id", String(32), primary_key=True),
    Column("process", String(200), primary_key=True),
    Column("lines", JSON, nullable=False),
    Column("until", Float, nullable=False),  # wall clock
)

# ── what it costs ────────────────────────────────────────────────────────────────────────────

ledger = Table(
    "ledger",  # what each person's answers took, by day and model; outlives the conversations
    metadata,
    Column("person_id", String(32), primary_key=True),
    Column("day", String(10), primary_key=True),  # YYYY-MM-DD, UTC
    Column("model", String(200), primary_key=True),
    Column("answers", Integer, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost", Float, nullable=False),
    Column("unpriced", Integer, nullable=False),  # answers whose cost is unknown
    Index("ix_ledger_day", "day"),
)

prices = Table(
    "prices",  # of a million tokens; what is here beats CHAT_PRICES
    metadata,
    Column("model", String(200), primary_key=True),
    Column("input", Float, nullable=False),
    Column("output", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
)
