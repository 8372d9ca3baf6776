"""People: an id and a name, kept from the moment when somebody first writes something; how each stands."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from chat.store.tables import accounts, people
from chat.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is: the id that all they have hangs on, and what they are called."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands with this server now."""

    person: Person  # with the stored name, where one is stored
    generation: int = 0  # of the signed tokens that are good
    login: str | None = None  # of their account; None: they have none
    is_admin: bool = False
    is_disabled: bool = False

    @property
    def has_account(self) -> bool:
        return self.login is not None


def get(conn: Connection, person_id: str) -> Person | None:
    """Find a person who has written something; None for everybody else."""
    row = conn.execute(select(people.c.id, people.c.name).where(people.c.id == person_id)).one_or_none()
    return Person(row.id, row.name) if row else None


def standing(conn: Connection, person: Person) -> Standing:
    """Say how somebody stands; who is not stored stands as somebody new. Read by two primary keys."""
    row = conn.execute(STANDING.where(people.c.id == person.id)).one_or_none()
    return Standing(person) if row is None else standing_of(row)


STANDING: Select[Any] = select(
    people.c.id, people.c.name, people.c.generation, people.c.is_admin, people.c.disabled_at, accounts.c.login
).select_from(people.outerjoin(accounts, accounts.c.person_id == people.c.id))


def standing_of(row: Row[Any]) -> Standing:
    """Read what `STANDING` selects."""
    is_disabled = row.disabled_at is not None
    return Standing(Person(row.id, row.name), row.generation, row.login, bool(row.is_admin), is_disabled)


def ensure(tx: Transaction, person: Person, now: float) -> None:
    """Store the person unless they are. Doing it twice, or twice at once, is harmless."""
    if get(tx.conn, person.id):
        return
    row = {"id": person.id, "name": person.name, "created_at": now}
    try:
        with tx.conn.begin_nested():
            tx.conn.execute(insert(people).values(row))
    except IntegrityError:
        # Another writer stored the same person between our look and our insert.
        if get(tx.conn, person.id) is None:
            raise


def hold(tx: Transaction, person_id: str) -> None:
    """Keep other writers who hold this person too out until the commit."""
    tx.execute(select(people.c.id).where(people.c.id == person_id).with_for_update())


def rename(tx: Transaction, person: Person) -> Standing:
    """Store the name of somebody who is stored; who is not keeps it in their cookie. Say how they stand."""
    tx.execute(update(people).where(people.c.id == person.id).values(name=person.name))
    return standing(tx.conn, person)


def sign_out_everywhere(tx: Transaction, person_id: str) -> None:
    """Make every signed token that somebody holds worth nothing, and cut their open lines.

    They must be stored: nobody keeps a generation for who is not.
    """
    row = people.c.id == person_id
    tx.execute(update(people).where(row).values(generation=people.c.generation + 1))
    tx.ring(topic_of_standing(person_id))


def topic_of_standing(person_id: str) -> str:
    """Name the bell of what changes in how somebody stands: their open lines ask again."""
    return f"standing:{person_id}"
