"""What a member may do here, told to their open page when it changes: the field to ask in comes or goes."""

from collections.abc import Callable, Set

from flask import request

from chat.core import sse
from chat.web import access
from chat.web.access import Need
from chat.web.house import house
from chat.web.rested import Rested


class RoleAside:
    """One page's right. It looks when the access of its conversation is rung, and tells what it did not know.

    `told`: the right by which the page was made; empty when nobody knows what it shows by now.
    """

    def __init__(self, conversation_id: str, right: Callable[[], Need | None], told: str) -> None:
        self._rest = Rested(house().bell, f"access:{conversation_id}")
        self.topics = self._rest.topics
        self._right = right
        self._told = told

    def look(self, rung: Set[str]) -> bytes:
        """See `chat.web.scene_events.Aside`."""
        right = self._rest.look(rung, self._right)
        if right is None or right == self._told:  # whose right is gone is sent away by the line itself
            return b""
        self._told = right
        return sse.encode("role", right)


def role_aside(conversation_id: str) -> tuple[RoleAside, ...]:
    """Give the right of the page that asks for events; none where it is its owner's, which never changes."""
    told = request.args.get("role")
    if told is None:
        return ()
    if "Last-Event-ID" in request.headers:
        told = ""
    return (RoleAside(conversation_id, access.right_of_caller(conversation_id), told),)
