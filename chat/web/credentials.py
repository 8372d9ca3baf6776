"""What a caller may come with: something signed, a token that is kept, a link. Each is asked about again."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from chat.store import people, shares, tokens
from chat.store.people import Person, Standing
from chat.web.errors import SignInRequired
from chat.web.house import house
from chat.web.signer import Signed


@dataclass(frozen=True, slots=True)
class LinkReader:
    """Somebody with a share link: may read that one conversation, for as long as the link lives."""

    token: str
    conversation_id: str
    expires_at: float | None = None


Caller = Person | LinkReader


def _always(_conn: Connection) -> bool:
    return True  # of a link: whether it still opens something is asked wherever something is opened


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, by what, and how they stand; `still`, asked later without a request, says if that holds.

    What has the same `key` is answered the same.
    """

    who: Caller | None
    key: Hashable = None
    standing: Standing | None = None  # of a person
    still: Callable[[Connection], bool] = _always
    by_program: bool = False  # with a token that its owner made for one

    @property
    def topics(self) -> tuple[str, ...]:
        """Name the bells that ring when `still` is worth asking."""
        return (people.topic_of_standing(self.standing.person.id),) if self.standing else ()


NOBODY = Call(None)


def by_signature(signed: Signed) -> Call | None:
    """Say who holds what was signed; None when it was taken back. Raises SignInRequired."""
    standing = house().store.read(lambda conn: people.standing(conn, signed.person))
    if standing.generation != signed.generation or standing.is_disabled:
        return None
    if _account_required() and not standing.has_account:
        raise SignInRequired
    return call_of(standing)


def call_of(standing: Standing) -> Call:
    """Say who calls that has just been given a signed token."""
    still = partial(_still_signed, standing.person, standing.generation, _account_required())
    return Call(standing.person, (standing.person.id, standing.generation), standing, still)


def by_kept_token(token: str) -> Call | None:
    """Say for whom a token acts that its owner made; None for every other string. Raises SignInRequired.

    It asks, reads and stops for them; it is no admin's, whoever made it.
    """
    if not token.startswith(tokens.PREFIX):
        return None
    found = house().store.read(lambda conn: tokens.holder(conn, token))
    if found is None or found.standing.is_disabled:
        return None
    required = _account_required()
    if required and not found.standing.has_account:
        raise SignInRequired
    _note_use(found)
    standing = replace(found.standing, is_admin=False)
    still = partial(_still_kept, token, required)
    return Call(standing.person, found.token_id, standing, still, by_program=True)


def by_link(token: str) -> Call | None:
    """Say what a share link opens; None for every other string."""
    now = house().now()
    link = house().store.read(lambda conn: shares.opened_by(conn, token, now))
    if link is None:
        return None
    return Call(LinkReader(token, link.conversation_id, link.expires_at), token)


def _account_required() -> bool:
    return house().settings.auth == "required"


def _may_come(standing: Standing, required: bool) -> bool:
    return not standing.is_disabled and (standing.has_account or not required)


def _still_signed(person: Person, generation: int, required: bool, conn: Connection) -> bool:
    now = people.standing(conn, person)
    return now.generation == generation and _may_come(now, required)


def _still_kept(token: str, required: bool, conn: Connection) -> bool:
    found = tokens.holder(conn, token)
    return found is not None and _may_come(found.standing, required)


def _note_use(found: tokens.Holder) -> None:
    made, now = house(), house().now()
    if found.last_used_at is None or now - found.last_used_at > tokens.FRESH_S:
        made.store.write(partial(tokens.note_use, token_id=found.token_id, now=now))
