"""Tokens for programs that act for a person: shown once, kept as a hash only, taken back at once."""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select, update

from chat.store.people import STANDING, Standing, standing_of, topic_of_standing
from chat.store.tables import people, tokens
from chat.store.transaction import Transaction

PREFIX = "hw_"  # so that people, and those who look for leaked secrets, know one when they see it
MOST = 50  # of one person
FRESH_S = 3600.0  # for which "last used" may be late: not every request is a write


class TooManyTokens(Exception):
    """This person has as many tokens as one may."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner sees it in a list; the token itself is not kept."""

    id: str
    name: str
    created_at: float
    last_used_at: float | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token acts for, and whether its use is worth noting."""

    token_id: str
    standing: Standing
    last_used_at: float | None


def create(tx: Transaction, person_id: str, name: str, now: float) -> tuple[Token, str]:
    """Make a token for somebody who is stored; give it with its secret, which is never seen again.

    Raises TooManyTokens.
    """
    if len(of_person(tx.conn, person_id)) >= MOST:
        raise TooManyTokens
    made, secret = Token(secrets.token_hex(12), name, now, None), PREFIX + secrets.token_urlsafe(32)
    row = {"id": made.id, "person_id": person_id, "name": name, "created_at": now}
    tx.execute(insert(tokens).values(token_hash=_hash(secret), **row))
    return made, secret


def of_person(conn: Connection, person_id: str) -> list[Token]:
    """List somebody's tokens, newest first."""
    columns = (tokens.c.id, tokens.c.name, tokens.c.created_at, tokens.c.last_used_at)
    mine = select(*columns).where(tokens.c.person_id == person_id)
    rows = conn.execute(mine.order_by(tokens.c.created_at.desc(), tokens.c.id))
    return [Token(*row) for row in rows]


def revoke(tx: Transaction, person_id: str, token_id: str) -> bool:
    """Take a token back, and cut the lines that it opened; False when this person has no such token."""
    mine = (tokens.c.id == token_id, tokens.c.person_id == person_id)
    gone = tx.conn.execute(delete(tokens).where(*mine))
    tx.ring(topic_of_standing(person_id))
    return gone.rowcount > 0


def holder(conn: Connection, secret: str) -> Holder | None:
    """Find whom a token acts for; None for every other string. Never raises."""
    query = STANDING.add_columns(tokens.c.id.label("token_id"), tokens.c.last_used_at)
    joined = query.join_from(people, tokens, tokens.c.person_id == people.c.id)
    row = conn.execute(joined.where(tokens.c.token_hash == _hash(secret))).one_or_none()
    return None if row is None else Holder(row.token_id, standing_of(row), row.last_used_at)


def note_use(tx: Transaction, token_id: str, now: float) -> None:
    """Remember that a token was used just now."""
    tx.execute(update(tokens).where(tokens.c.id == token_id).values(last_used_at=now))


def _hash(secret: str) -> str:
    # Lone surrogates can arrive in a JSON frame: such a token simply acts for nobody.
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()
