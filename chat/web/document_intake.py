"""From a file that came in whole to a document that waits to be read; what is refused leaves nothing."""

from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from chat.config import Settings
from chat.core.documents.kinds import WrongKind, kind_of
from chat.core.log import StoreAway
from chat.extraction.limits import Limits
from chat.extraction.unreadable import TOO_BIG, Unreadable
from chat.generation import extracting
from chat.store import conversations, documents
from chat.store.conversations import ConversationGone
from chat.store.documents import PIECE_BYTES, Allowed, Document
from chat.store.people import Person
from chat.store.transaction import Transaction
from chat.web import access
from chat.web.errors import ApiError, Invalid
from chat.web.house import house
from chat.web.uploads import Upload

log = structlog.get_logger()

NEW = "new"  # instead of a conversation's id: one is begun for the document


def take_in(person: Person, conversation_id: str | None, upload: Upload) -> Document:
    """Look at a file, store it piece by piece, and have it read.

    That the person may is asked before, and once more now: a file may take minutes to come in.
    `conversation_id`: None for the library, NEW for a conversation that is begun with it.
    Raises ApiError (413, 415, 422), TooManyDocuments, TooMuch, ConversationGone, DocumentGone.
    """
    made = house()
    kind = _kind(upload)
    _look_inside(person, kind, upload, made.settings)
    limits = Allowed(made.settings.documents, made.settings.documents_bytes)

    def begin(tx: Transaction) -> Document:
        place = conversation_id
        if place == NEW:
            place = conversations.create(tx, owner=person, now=now).id
        elif place is not None and not access.holds(tx.conn, person, place, "ask"):
            raise ConversationGone(place)
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


def _look_inside(person: Person, kind: str, upload: Upload, settings: Settings) -> None:
    """Have a process of its own open the file. Raises ApiError (413, 415, 422)."""
    limits = Limits(
        bytes=settings.document_bytes,
        pages=settings.document_pages,
        characters=settings.document_characters,
        seconds=settings.reading_s,
        mib=settings.reading_mib,
    )
    try:
        extracting.inspect(kind, upload.spool.pieces(PIECE_BYTES), limits, person.id)
    except Unreadable as why:
        log.info("a document is refused", kind=kind, code=why.code, cause=why.cause)
        status = 413 if why.code in TOO_BIG else 415 if why.code == "wrong_kind" else 422
        raise ApiError(why.code, status, why.message) from why


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
