"""Signed tokens that carry a person: nothing needs to be stored to know who somebody is."""

from dataclasses import dataclass
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from chat.store.people import Person


@dataclass(frozen=True, slots=True)
class Signed:
    """What a token says: who, of which generation, and when it was signed (wall clock, seconds)."""

    person: Person
    generation: int
    signed_at: float


class Signer:
    """Sign and read person tokens; the same form serves as cookie and as bearer. They do not expire.

    A token is good as long as its generation is the person's: raising that takes all of them back.
    """

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt="headwater-person")

    def sign(self, person: Person, generation: int = 0) -> str:
        """Give the token of this person: opaque, URL-safe."""
        held = [person.id, person.name] if generation == 0 else [person.id, person.name, generation]
        return str(self._serializer.dumps(held))

    def open(self, token: str) -> Signed | None:
        """Give what a token says; None when this server did not sign it. Never raises."""
        try:
            held: Any
            held, signed_at = self._serializer.loads(token, return_timestamp=True)
        except (BadData, UnicodeError):
            return None
        match held:
            case [str() as person_id, str() as name]:  # of generation 0
                return Signed(Person(person_id, name), 0, signed_at.timestamp())
            case [str() as person_id, str() as name, int() as generation]:
                return Signed(Person(person_id, name), generation, signed_at.timestamp())
            case _:
                return None

    def read(self, token: str) -> Person | None:
        """Give the person of a token; None when this server did not sign it. Never raises."""
        found = self.open(token)
        return found.person if found else None

    def age(self, token: str, now: float) -> float | None:
        """Give the seconds since a token was signed; None for what is no token."""
        found = self.open(token)
        return now - found.signed_at if found else None
