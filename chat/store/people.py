"""People: an id and a name, kept from the moment when somebody first writes something."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from chat.store.tables import people
from chat.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is, as their signed token says."""

    id: str
    name: str


def get(conn: Connection, person_id: str) -> Person | None:
    """Find a person who has written something; None for everybody else."""
    row = conn.execute(select(people.c.id, people.c.name).where(people.c.id == person_id)).one_or_none()
    return Person(row.id, row.name) if row else None


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
