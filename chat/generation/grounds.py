"""The grounds of an answer: the sources found for it, noted under their numbers before its first word."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import structlog

from chat.core.material import told_of_unread
from chat.core.prompt import Fitted, Room, choose, fit
from chat.core.sources import Source
from chat.generation.late import MayNote
from chat.generation.providers.types import Aborted
from chat.store.briefing import Briefing, count_unread
from chat.store.citations import Offered, offer, offered
from chat.store.transaction import Store

log = structlog.get_logger()


class Finds(Protocol):
    """Who finds passages: see `chat.generation.retrieval`."""

    def find(
        self, person_id: str, conversation_id: str, question: str, earlier: str | None
    ) -> list[Source]: ...


class FindsNothing:
    """Where there are no documents."""

    def find(self, person_id: str, conversation_id: str, question: str, earlier: str | None) -> list[Source]:
        return []


class Grounds:
    """Says what a model is told for an answer, sources and all; what fails in that fails no answer."""

    def __init__(self, store: Store, retrieval: Finds, room: Room) -> None:
        self._store = store
        self._retrieval = retrieval
        self._room = room

    def known(self, brief: Briefing, model: str, so_far: str) -> Fitted:
        """Say it from what is noted already, without looking for anything."""
        return self._fit(brief, brief.sources, model, so_far)

    def is_all(self, brief: Briefing, fitted: Fitted, epoch: int, so_far: str) -> bool:
        """Say whether there is nothing to look for, nor to note, before `epoch` begins to answer."""
        if so_far.strip() or brief.sources:
            return True
        # Before us somebody may have noted something since the briefing was read: until we held the lease.
        new = brief.has_documents or brief.has_unread or fitted.left_out
        return epoch == 1 and not new

    def lay(
        self, brief: Briefing, stream_id: str, epoch: int, model: str, so_far: str, may_note: MayNote
    ) -> Fitted:
        """Find sources, unless some are noted, and note them if one `may_note`. Raises Aborted.

        Only an answer without a word comes here, in its own epoch: nobody before it writes any more.
        """
        sources = self._noted(stream_id) if epoch > 1 else []
        if sources:
            return self._fit(brief, sources, model, so_far)
        found = self._looked_up(brief)
        unread = self._unread(brief) if brief.has_unread else 0
        if unread:
            brief = replace(brief, system=told_of_unread(brief.system))
        chosen = self._chosen(brief, found or [], model)
        fitted = self._fit(brief, chosen, model, so_far, in_vain=found == [])
        if not fitted.sources and not fitted.left_out and not unread:
            return fitted
        if not may_note():
            raise Aborted
        try:
            note = partial(
                offer,
                stream_id=stream_id,
                epoch=epoch,
                sources=fitted.sources,
                left_out=fitted.left_out,
                unread_documents=unread,
            )
            noted: Offered | None = self._store.write(note)
        except Exception:  # the answer matters more; what was noted all the same is cited by nobody
            log.exception("sources could not be noted", stream=stream_id)
            return self._fit(brief, [], model, so_far)
        if noted is None:  # another process holds the stream: its model is asked, not ours
            raise Aborted
        if noted.sources == fitted.sources:
            return fitted
        return self._fit(brief, noted.sources, model, so_far)

    def _noted(self, stream_id: str) -> list[Source]:
        try:
            return list(self._store.read(partial(offered, stream_id=stream_id)).sources)
        except Exception:
            log.exception("sources could not be read", stream=stream_id)
            return []

    def _looked_up(self, brief: Briefing) -> list[Source] | None:
        """Find sources; None where nothing was searched, or that failed."""
        if not (brief.has_documents and brief.turns):
            return None
        asked = [turn.text for turn in brief.turns if turn.role == "user"]
        question, earlier = asked[-1], asked[-2] if len(asked) > 1 else None
        try:
            return self._retrieval.find(brief.asked_by, brief.conversation_id, question, earlier)
        except Exception:
            log.exception("nothing could be looked up", conversation=brief.conversation_id)
            return None

    def _chosen(self, brief: Briefing, found: Sequence[Source], model: str) -> list[Source]:
        question = brief.turns[-1].text if brief.turns else ""
        return choose(brief.system, question, found, self._room.of(model))

    def _unread(self, brief: Briefing) -> int:
        """Count what is still being read after the search: none of it was looked at."""
        try:
            return self._store.read(lambda conn: count_unread(conn, brief.asked_by, brief.conversation_id))
        except Exception:
            log.exception("what is being read could not be counted", conversation=brief.conversation_id)
            return 0

    def _fit(
        self, brief: Briefing, sources: Sequence[Source], model: str, so_far: str, *, in_vain: bool = False
    ) -> Fitted:
        code = secrets.token_hex(8)
        room = self._room.of(model)
        return fit(brief.system, brief.turns, sources, room, code, so_far, in_vain=in_vain)
