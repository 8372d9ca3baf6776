"""From a file that came in whole to a document that waits to be read; what is refused leaves nothing."""

from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from chat.core.documents.kinds import WrongKind, kind_of
from chat.core.log import StoreAway
from chat.store import conversations, documents
from chat.store.documents import PIECE_BYTES, Allowed, Document
from chat.store.people import Person
from chat.store.transaction import Transaction
from chat.web.errors import ApiError, Invalid
from chat.web.house import house
from chat.web.uploads import Upload

log = structlog.get_logger()

NEW = "new"  # instead of a conversation's id: one is begun for the document


def take_in(person: Person, conversation_id: str | None, upload: Upload) -> Document:
    """Look at a file, store it piece by piece, and have it read. That the person may is asked before.

    `conversation_id`: None for the library, NEW for a conversation that is begun with it.
    Raises ApiError (413, 415, 422), TooManyDocuments, TooMuch, ConversationGone, DocumentGone.
    """
    kind = _kind(upload)
    made = house()
    limits = Allowed(made.settings.documents, made.settings.documents_bytes)

    def begin(tx: Transaction) -> Document:
        place = conversation_id
        if place == NEW:
            place = conversations.create(tx, owner=person, now=now).id
        return documents.begin(
            tx,
            owner=person,
            conversation_id=place,
            name=upload.name,
            kind=kind,
            size=upload.spool.size,
            now=now,
            limits=limits,
        )

    now = made.now()
    return _stored(made.store.write(begin), upload)


def _kind(upload: Upload) -> str:
    """Say what the file is. Raises ApiError (415, 422)."""
    if not upload.spool.size:
        raise Invalid("This file is empty.", "empty")
    try:
        return kind_of(upload.name, upload.spool.head)
    except WrongKind as wrong:
        raise ApiError("unsupported_media_type", 415, str(wrong)) from wrong


def _stored(begun: Document, upload: Upload) -> Document:
    made = house()
    try:
        for number, piece in enumerate(upload.spool.pieces(PIECE_BYTES), 1):
            put = partial(documents.put_piece, document_id=begun.id, number=number, data=piece)
            made.store.write(partial(put, now=made.now()))
        return made.store.write(partial(documents.arrived, document_id=begun.id, now=made.now()))
    except BaseException:
        _abandon(begun.id)
        raise


def _abandon(document_id: str) -> None:
    """Let go of what will never be whole. Where the database is away, it is erased for its age."""
    try:
        house().store.write(partial(documents.abandon, document_id=document_id))
    except (StoreAway, SQLAlchemyError) as away:
        log.warning("a document that did not arrive is erased later", document=document_id, reason=str(away))
