"""What the share panel shows: the live link and its time, invitations by role, the members."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from chat.store import members, shares
from chat.store.members import Invitation, Member
from chat.web.house import house

HOUR = 3600
# For how long a link is good, as the panel's forms offer it: "" is until it is taken back.
TIMES = (("", "until taken back"), ("3600", "for an hour"), ("86400", "for a day"), ("604800", "for a week"))
ROLES = (("viewer", "as viewer: reads along"), ("co-driver", "as co-driver: asks too"))
SPANS = ((7 * 24 * HOUR, "week"), (24 * HOUR, "day"), (HOUR, "hour"), (60, "minute"))


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An invitation as the panel lists it."""

    id: str
    role: str
    left: str


def share_panel(conversation_id: str) -> dict[str, Any]:
    """Give what the panel's template is given, as things are now."""
    now = house().now()

    def look(conn: Connection) -> tuple[shares.Link | None, list[Invitation], list[Member]]:
        link = shares.link_of(conn, conversation_id, now)
        invited = members.invitations_of(conn, conversation_id, now)
        return link, invited, members.of(conn, conversation_id)

    link, invited, those = house().store.read(look)
    sharing = {
        "link": link,
        "link_left": time_left(link.expires_at, now) if link else "",
        "invitations": [OpenInvitation(one.id, one.role, time_left(one.expires_at, now)) for one in invited],
        "members": those,
        "times": TIMES,
        "roles": ROLES,
    }
    return {"sharing": sharing}


def time_left(expires_at: float | None, now: float) -> str:
    """Say in words how long something still holds: its largest whole unit, rounded up within the minute."""
    if expires_at is None:
        return "until taken back"
    left = max(0.0, expires_at - now)
    for seconds, name in SPANS:
        count = round(left / seconds)
        if count >= 1 and left >= seconds * 0.98:  # "an hour", not "60 minutes", a moment after it was made
            return f"for {count} more {name}{'s' if count != 1 else ''}"
    return "for less than a minute"
