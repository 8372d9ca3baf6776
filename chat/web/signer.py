"""Signed tokens that carry a person: nothing needs to be stored to know who somebody is."""

from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from chat.store.people import Person


class Signer:
    """Sign and read person tokens; the same form serves as cookie and as bearer. They do not expire."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret, salt="headwater-person")

    def sign(self, person: Person) -> str:
        """Give the token of this person: opaque, URL-safe."""
        return str(self._serializer.dumps([person.id, person.name]))

    def read(self, token: str) -> Person | None:
        """Give the person of a token; None when this server did not sign it. Never raises."""
        found = self._open(token)
        return found[0] if found else None

    def age(self, token: str, now: float) -> float | None:
        """Give the seconds since a token was signed; None for what is no token."""
        found = self._open(token)
        return now - found[1] if found else None

    def _open(self, token: str) -> tuple[Person, float] | None:
        try:
            held: Any
            held, signed_at = self._serializer.loads(token, return_timestamp=True)
        except (BadData, UnicodeError):
            return None
        match held:
            case [str() as person_id, str() as name]:
                return Person(person_id, name), signed_at.timestamp()
            case _:
                return None
