"""Bodies of the API's routes for sharing: links, invitations, members, copies."""

from typing import Annotated, Literal

from pydantic import Field

from chat.web.validation import Body, Id, Whole

LONGEST_S = 366 * 24 * 3600

Seconds = Annotated[
    int, Field(ge=1, le=LONGEST_S, description="Seconds for which it is good; unset, until it is taken back.")
]
Token = Annotated[Whole, Field(min_length=1, max_length=200)]
MemberRole = Annotated[
    Literal["viewer", "co-driver"], Field(description="A viewer reads along, a co-driver asks and stops too.")
]


class NewShare(Body):
    expires_in: Seconds | None = None


class NewInvitation(Body):
    role: MemberRole
    expires_in: Seconds | None = None


class RoleChange(Body):
    role: MemberRole


class Acceptance(Body):
    token: Token


class NewFork(Body):
    message_id: Id | None = Field(None, description="The copy ends here; unset, with the newest message.")
    link: Token | None = Field(None, description="The token of a share link, for who is no member.")
