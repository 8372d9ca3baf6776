"""Signed tokens that carry a person: nothing needs to be stored to know who somebody is."""

from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from chat.store.people import Person


class Signer:
    """Sign and read person tokens; the same form serves as cookie and as bearer."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt="headwater-person")

    def sign(self, person: Person) -> str:
        """Give the token of this person: opaque, URL-safe, without an end of life."""
        return str(self._serializer.dumps([person.id, person.name]))

    def read(self, token: str) -> Person | None:
        """Give the person of a token; None when this server did not sign it. Never raises."""
        try:
            held: Any = self._serializer.loads(token)
        except BadData:
            return None
        match held:
            case [str() as person_id, str() as name]:
                return Person(person_id, name)
            case _:
                return None
