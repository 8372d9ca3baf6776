"""Accounts: what lets a person come back from another browser. It hangs on a person; nothing moves for it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from chat.store import people
from chat.store.people import Person, Standing
from chat.store.tables import accounts, identities
from chat.store.tables import people as people_table
from chat.store.transaction import Transaction


class LoginTaken(Exception):
    """Somebody else has this login."""


class HasAccount(Exception):
    """This person has an account already."""


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody logs in with; `password_hash` None: not with a password."""

    person_id: str
    login: str
    password_hash: str | None
    created_at: float


def by_login(conn: Connection, login: str) -> Account | None:
    """Find the account with this login (`core.logins.parse_login` gives its form)."""
    return _one(conn, accounts.c.login == login)


def of_person(conn: Connection, person_id: str) -> Account | None:
    """Find the account of a person."""
    return _one(conn, accounts.c.person_id == person_id)


def create(tx: Transaction, person: Person, login: str, password_hash: str | None, now: float) -> Standing:
    """Give a person an account; what they have stays theirs, and gets the name they bring.

    Every token signed before is worth nothing then: whoever put theirs into this browser, hoping that
    somebody would make an account of it, holds a dead one. Raises LoginTaken, HasAccount.
    """
    people.ensure(tx, person, now)
    people.rename(tx, person)
    row = {"person_id": person.id, "login": login, "password_hash": password_hash, "created_at": now}
    try:
        with tx.conn.begin_nested():
            tx.execute(insert(accounts).values(row))
    except IntegrityError as refused:
        raise (HasAccount if of_person(tx.conn, person.id) else LoginTaken) from refused
    people.sign_out_everywhere(tx, person.id)
    return people.standing(tx.conn, person)


def set_password(tx: Transaction, person: Person, password_hash: str) -> Standing:
    """Change a password, and make every token worth nothing that was signed before."""
    mine = accounts.c.person_id == person.id
    tx.execute(update(accounts).where(mine).values(password_hash=password_hash))
    people.sign_out_everywhere(tx, person.id)
    return people.standing(tx.conn, person)


def set_admin(tx: Transaction, person_id: str, is_admin: bool) -> None:
    """Make somebody an admin, or no admin any more."""
    row = people_table.c.id == person_id
    tx.execute(update(people_table).where(row).values(is_admin=int(is_admin)))


# ── who somebody is to an OpenID Connect provider ────────────────────────────────────────────


def by_identity(conn: Connection, issuer: str, subject: str) -> str | None:
    """Find the person of an identity."""
    same = (identities.c.issuer == issuer, identities.c.subject == subject)
    return conn.execute(select(identities.c.person_id).where(*same)).scalar_one_or_none()


def add_identity(tx: Transaction, person_id: str, issuer: str, subject: str, now: float) -> None:
    """Let a person come by this identity from now on. Raises IntegrityError when another one does."""
    row = {"issuer": issuer, "subject": subject, "person_id": person_id, "created_at": now}
    tx.execute(insert(identities).values(row))


def free_login(conn: Connection, wanted: str) -> str:
    """Give this login, or where somebody has it, the first free one that begins with it."""
    found, number = wanted, 1
    while by_login(conn, found) is not None:
        number += 1
        found = f"{wanted}-{number}"
    return found


def _one(conn: Connection, where: ColumnElement[bool]) -> Account | None:
    columns = (accounts.c.person_id, accounts.c.login, accounts.c.password_hash, accounts.c.created_at)
    row = conn.execute(select(*columns).where(where)).one_or_none()
    return Account(*row) if row else None
