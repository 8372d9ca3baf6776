"""The tables of documents: what a person or a conversation may be answered from, and how it is found."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from chat.store.tables import Sequential, metadata

WITHOUT_VECTORS = "status = 'ready' AND embedded < passages AND discarded_at IS NULL"
UNFINISHED = "status IN ('arriving', 'waiting', 'reading')"


def _document() -> ForeignKey:
    return ForeignKey("documents.id", ondelete="CASCADE")


documents = Table(
    "documents",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("owner_id", String(32), ForeignKey("people.id"), nullable=False),  # who added it
    # NULL: of its owner's library; else of this conversation, for all who may read that.
    Column("conversation_id", String(32), ForeignKey("conversations.id", ondelete="CASCADE"), index=True),
    Column("name", String(255), nullable=False),
    Column("kind", String(16), nullable=False),  # text, markdown, html, pdf or docx
    Column("size", BigInteger, nullable=False),  # of the original, in bytes
    Column("status", String(16), nullable=False),  # arriving, waiting, reading, ready or failed
    Column("error", JSON),  # {code, message}, of one that failed
    Column("progress", Integer, nullable=False, server_default="0"),  # percent of the reading
    Column("pages", Integer),  # NULL: a kind that has none
    Column("passages", Integer, nullable=False, server_default="0"),
    Column("embedded", Integer, nullable=False, server_default="0"),  # passages that have a vector
    Column("language", String(8)),  # in which its words are indexed
    Column("shelf", String(8), index=True),  # where in the index its words stand; NULL: nowhere yet
    Column("reader", String(200)),  # the process that reads it
    Column("reading_until", Float),  # wall clock: after that, another one may
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("discarded_at", Float),  # deleted: invisible at once, erased bit by bit
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Index("ix_documents_owner_id_seq", "owner_id", "seq"),
    Index(
        "ix_documents_unfinished",
        "status",
        sqlite_where=text(UNFINISHED),
        postgresql_where=text(UNFINISHED),
    ),
    Index(
        "ix_documents_without_vectors",
        "seq",
        sqlite_where=text(WITHOUT_VECTORS),
        postgresql_where=text(WITHOUT_VECTORS),
    ),
    Index(
        "ix_documents_discarded",
        "discarded_at",
        sqlite_where=text("discarded_at IS NOT NULL"),
        postgresql_where=text("discarded_at IS NOT NULL"),
    ),
)

originals = Table(
    "originals",  # what was uploaded, in pieces: no write is a long one
    metadata,
    Column("document_id", String(32), _document(), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

passages = Table(
    "passages",  # a document's text one after another is all of its text
    metadata,
    Column("seq", Sequential, primary_key=True, autoincrement=True),
    Column("document_id", String(32), _document(), nullable=False),
    Column("number", Integer, nullable=False),  # from 1
    Column("page", Integer),  # from 1; NULL: a kind that has none
    Column("heading", Text, nullable=False),  # the headings above it, the outermost first; "" for none
    Column("before", Text, nullable=False),  # the end of the passage before, that is found here too
    Column("text", Text, nullable=False),
    UniqueConstraint("document_id", "number"),
    sqlite_autoincrement=True,  # a number that was given once names nothing else later
)

vector_spaces = Table(
    "vector_spaces",  # vectors of one model, which can be compared; the newest is the one that is in use
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("model", String(200), nullable=False),
    Column("dimensions", Integer, nullable=False),
    Column("by_rows", Boolean, nullable=False),  # in a table of pgvector's, rather than in `vectors`
    Column("holder", String(200)),  # the process that fills it
    Column("held_until", Float),  # wall clock: after that, another one may
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,  # an id that was given once is in the name of a table
)

vectors = Table(
    "vectors",  # of many passages in one row: a whole document's are read at once
    metadata,
    Column("document_id", String(32), _document(), primary_key=True),
    Column("model", String(200), primary_key=True),  # the space's id, and its model's name
    Column("first", Integer, primary_key=True),  # the number of the first passage
    Column("dimensions", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),  # float32, little-endian, one passage after another
)
