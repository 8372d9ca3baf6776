"""The part of the table of API routes that is about people: who one is, one's tokens, who else may come."""

from chat.web import openapi_shapes as shapes
from chat.web import sharing_bodies as sharing
from chat.web import validation as bodies
from chat.web.openapi_route import BODY, CONVERSATION, Route, Section

WHO_YOU_ARE: Section = (
    "Who you are",
    "Nobody needs an account unless the server says so: a name is enough, and even that may be left out.",
    (
        Route(
            "POST", "/api/session", "Become somebody",
            "Always makes a new person, whoever asks. Nothing is stored before that person writes.",
            takes=bodies.NewSession, may_be_empty=True, answers=((201, shapes.Session),),
            refusals=(*BODY, 403, 429), is_open=True,
        ),
        Route(
            "GET", "/api/tokens", "List your tokens",
            "For people with an account, in a browser: a token cannot see or make others.",
            answers=((200, shapes.Page[shapes.Token]),), refusals=(403,),
        ),
        Route(
            "POST", "/api/tokens", "Make a token", "Send it as Bearer; it is shown this once.",
            takes=bodies.NewToken, answers=((201, shapes.TokenMade),), refusals=(*BODY, 403, 409),
        ),
        Route(
            "DELETE", "/api/tokens/{token_id}", "Take a token back", "What it opened is cut.",
            answers=((204, None),), refusals=(403, 404),
        ),
    ),
)  # fmt: skip

SHARING: Section = (
    "Sharing",
    "A link lets anybody read along; an invitation makes members, who have the conversation in their list.",
    (
        Route(
            "POST", f"{CONVERSATION}/share", "Share it live",
            "Makes the one read-only link; the link before it opens nothing any more.",
            takes=sharing.NewShare, may_be_empty=True, answers=((201, shapes.Link),),
            refusals=(*BODY, 403, 404),
        ),
        Route(
            "GET", f"{CONVERSATION}/share", "See whether it is shared", "404 where there is no link.",
            answers=((200, shapes.Shared),), refusals=(403, 404),
        ),
        Route(
            "DELETE", f"{CONVERSATION}/share", "Take the link back",
            "Who reads through it is cut off within a second.",
            answers=((204, None),), refusals=(403, 404),
        ),
        Route(
            "POST", f"{CONVERSATION}/invitations", "Invite", "409 when too many are open already.",
            takes=sharing.NewInvitation, answers=((201, shapes.InvitationMade),),
            refusals=(*BODY, 403, 404, 409),
        ),
        Route(
            "GET", f"{CONVERSATION}/invitations", "List open invitations", "Without their tokens.",
            answers=((200, shapes.Page[shapes.Invitation]),), refusals=(403, 404),
        ),
        Route(
            "DELETE", f"{CONVERSATION}/invitations/{{invitation_id}}", "Take an invitation back",
            "Who joined by it stays.",
            answers=((204, None),), refusals=(403, 404),
        ),
        Route(
            "POST", "/api/invitations/accept", "Join", "Twice is harmless.",
            takes=sharing.Acceptance, answers=((200, shapes.Conversation),), refusals=(*BODY, 403, 404, 409),
        ),
        Route(
            "GET", f"{CONVERSATION}/members", "List its members", "Its owner first.",
            answers=((200, shapes.Page[shapes.Member]),), refusals=(403, 404),
        ),
        Route(
            "PATCH", f"{CONVERSATION}/members/{{person_id}}", "Give a member another role",
            takes=sharing.RoleChange, answers=((200, shapes.Member),), refusals=(*BODY, 403, 404),
        ),
        Route(
            "DELETE", f"{CONVERSATION}/members/{{person_id}}", "Let a member go",
            "For its owner; a member leaves by their own id.",
            answers=((204, None),), refusals=(403, 404),
        ),
        Route(
            "POST", f"{CONVERSATION}/fork", "Continue in a copy of your own",
            "For whoever may read it, also by the token of a share link.",
            takes=sharing.NewFork, may_be_empty=True, answers=((201, shapes.Conversation),),
            refusals=(*BODY, 403, 404, 429),
        ),
    ),
)  # fmt: skip
