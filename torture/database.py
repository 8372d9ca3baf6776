"""A look into the database itself, past the server: who holds which stream."""

from dataclasses import dataclass

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from chat import addresses
from chat.generation.identity import Owner, is_dead


@dataclass(frozen=True)
class Held:
    """One stream as the table has it."""

    stream_id: str
    status: str
    epoch: int
    owner: str | None

    @property
    def pid(self) -> int | None:
        owner = Owner.parse(self.owner or "")
        return owner.pid if owner else None

    @property
    def is_orphan(self) -> bool:
        """Whether it should be live, and nobody is there who writes it."""
        return self.status == "streaming" and (self.owner is None or is_dead(self.owner))


class Database:
    """The database of a server, opened anew for each look."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(addresses.database(url), poolclass=NullPool)

    def streams(self) -> list[Held]:
        with self._engine.connect() as connection:
            rows = connection.execute(text("SELECT id, status, epoch, owner FROM streams"))
            return [Held(*row) for row in rows]

    def live(self) -> list[Held]:
        return [one for one in self.streams() if one.status == "streaming"]

    def unfinished(self) -> list[Held]:
        return [one for one in self.streams() if one.status in ("pending", "streaming")]

    def orphans(self) -> list[Held]:
        return [one for one in self.streams() if one.is_orphan]
