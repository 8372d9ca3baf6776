"""The table of all API routes: what each does, takes and answers. A test holds it against the real ones."""

from chat.web import openapi_shapes as shapes
from chat.web import validation as bodies
from chat.web.importing import ImportedConversation
from chat.web.openapi_documents import DOCUMENTS
from chat.web.openapi_people import SHARING, WHO_YOU_ARE
from chat.web.openapi_route import (
    AFTER,
    BODY,
    CONVERSATION,
    EPOCH,
    EVENTS,
    HTML,
    JSON,
    LAST,
    LIMIT,
    MARKDOWN,
    OFFSET,
    PACE,
    SINCE,
    STREAM,
    TEXT,
    TOO_LONG,
    Query,
    Route,
    Section,
)

SECTIONS: tuple[Section, ...] = (
    WHO_YOU_ARE,
    (
        "Conversations",
        "What is not yours is 404, exactly as if it did not exist.",
        (
            Route(
                "POST", "/api/conversations", "Begin a conversation",
                takes=bodies.NewConversation, may_be_empty=True, answers=((201, shapes.Conversation),),
                refusals=(*BODY, 403, 429),
            ),
            Route(
                "GET", "/api/conversations", "List yours", "The one with the latest message comes first.",
                query=(LIMIT, AFTER), answers=((200, shapes.Page[shapes.Conversation]),), refusals=(403, 422),
            ),
            Route(
                "GET", CONVERSATION, "Read one", answers=((200, shapes.Conversation),), refusals=(404,),
            ),
            Route(
                "PATCH", CONVERSATION, "Change one", "Only what is sent changes; null empties a field.",
                takes=bodies.ConversationChange, answers=((200, shapes.Conversation),),
                refusals=(*BODY, 403, 404),
            ),
            Route(
                "DELETE", CONVERSATION, "Delete one",
                "Its answers are stopped, and its readers told. 404 the second time.",
                answers=((204, None),), refusals=(403, 404),
            ),
            Route(
                "GET", f"{CONVERSATION}/export", "Take one along",
                "Markdown is the line to the newest message (or through `branch`), JSON is all of it.",
                query=(Query("format", "JSON when it is not there.", {"enum": ["markdown", "json"]}),
                       Query("branch", "A message's id; of Markdown.")),
                answers=((200, (JSON, MARKDOWN)),), refusals=(404, 422),
            ),
            Route(
                "POST", "/api/conversations/import", "Bring one back",
                "Takes what export gives as JSON; all its ids are new. It may be larger than other bodies.",
                takes=ImportedConversation, answers=((201, shapes.Conversation),), refusals=(*BODY, 403, 429),
            ),
            Route(
                "GET", "/api/search", "Search what you may read", "The newest hits come first.",
                query=(Query("q", "What to look for.", {"type": "string", "maxLength": 200}), LIMIT, AFTER),
                answers=((200, shapes.Page[shapes.Hit]), TOO_LONG), refusals=(403, 422),
            ),
        ),
    ),
    SHARING,
    (
        "Messages",
        "A question makes two messages: yours, and a reply whose text is a stream.",
        (
            Route(
                "GET", f"{CONVERSATION}/messages", "Read the history",
                "The way to the newest message, oldest first.",
                query=(LIMIT, AFTER, Query("before", "A message's id: what came before it."),
                       Query("all", "`1`: the messages of every branch."),
                       Query("branch", "A message: the way through it to the newest that goes back to it.")),
                answers=((200, shapes.Page[shapes.Message]),), refusals=(404, 422),
            ),
            Route(
                "POST", f"{CONVERSATION}/messages", "Ask",
                "The same `client_id` again is harmless: 200 with the same two messages. 409 while an "
                "answer is live, when the `client_id` had another text, or somebody wrote after `parent_id`.",
                takes=bodies.NewMessage, answers=((201, shapes.Asked), (200, shapes.Asked)),
                refusals=(*BODY, 403, 404, 409, 429),
            ),
            Route(
                "POST", f"{CONVERSATION}/messages/{{message_id}}/regenerate", "Ask for another answer",
                takes=bodies.Again, may_be_empty=True, answers=((201, shapes.Asked),),
                refusals=(*BODY, 403, 404, 409, 429),
            ),
            Route(
                "GET", f"{CONVERSATION}/events", "Follow a conversation",
                "All that changes: `message`, `chunk`, `end`, `conversation`, `message.deleted`, `close`, "
                "and `presence`: who is here.",
                query=(SINCE, PACE), headers=(LAST,), answers=((200, (EVENTS,)),), refusals=(404, 422),
            ),
            Route(
                "GET", f"{CONVERSATION}/socket", "Follow it over a WebSocket",
                "The same events as frames; questions and stops as frames too.",
                query=(SINCE, PACE), answers=((101, None),), refusals=(400, 404, 422),
            ),
        ),
    ),
    (
        "Streams",
        "A stream is a text that only grows. Places in it are counted in bytes of UTF-8.",
        (
            Route(
                "GET", "/api/models", "List the models",
                "What this server's list of models is known to be now; the default is always there.",
                answers=((200, shapes.Models),), refusals=(403,),
            ),
            Route(
                "POST", "/api/streams", "Ask without a conversation",
                takes=bodies.NewStream, answers=((201, shapes.StreamMade),), refusals=(*BODY, 403, 429),
            ),
            Route(
                "POST", STREAM, "Drive an answer",
                "Starts it if nobody has, and gives every token from `offset` on. Leaving is not stopping.",
                query=(OFFSET, EPOCH, Query("resume", "`1`: go on with an interrupted answer.")),
                answers=((200, (TEXT, EVENTS)),), refusals=(403, 404, 409, 422, 429, 503),
            ),
            Route(
                "GET", STREAM, "Read what is stored", query=(OFFSET, EPOCH), headers=("If-None-Match",),
                answers=((200, shapes.StreamRead), (304, None)), refusals=(404, 409, 422),
            ),
            Route(
                "GET", f"{STREAM}/events", "Follow an answer", "What is stored, then each batch, then `end`.",
                query=(OFFSET, EPOCH, PACE), headers=(LAST,), answers=((200, (EVENTS,)),),
                refusals=(404, 409, 422),
            ),
            Route(
                "POST", f"{STREAM}/stop", "Stop an answer", "For everybody; what came is kept.",
                answers=((202, shapes.StreamStopped),), refusals=(403, 404),
            ),
            Route(
                "DELETE", STREAM, "Delete an answer", "Stops it, and removes the reply too.",
                answers=((204, None),), refusals=(403, 404),
            ),
        ),
    ),
    DOCUMENTS,
    (
        "What it takes",
        "Tokens, and their cost where the server knows a price. Over a limit, asking is 429.",
        (
            Route(
                "GET", "/api/usage", "Read what you used", "Today, the last 30 days, and your limits.",
                answers=((200, shapes.PersonUsage),), refusals=(403,),
            ),
            Route(
                "GET", f"{CONVERSATION}/usage", "Read what a conversation took", "On all its branches.",
                answers=((200, shapes.ConversationUsage),), refusals=(404,),
            ),
        ),
    ),
    (
        "This description",
        "",
        (
            Route("GET", "/api/openapi.json", "Read it as OpenAPI", answers=((200, (JSON,)),), is_open=True),
            Route("GET", "/api/docs", "Read it as a page", answers=((200, (HTML,)),), is_open=True),
        ),
    ),
)  # fmt: skip

ROUTES = tuple(route for _, _, routes in SECTIONS for route in routes)
