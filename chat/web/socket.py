"""The WebSocket of a conversation (flask-sock): the same events; sends and stops by frame, for apps."""

import json
from threading import Lock
from typing import Any

import gevent
from flask import Blueprint, copy_current_request_context, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed

from chat.core.log import StoreAway
from chat.live.bell import Ear
from chat.web import access, wire
from chat.web.api_messages import ask
from chat.web.api_streams import asked_pace, start, stop_stream
from chat.web.bodies import AccessGone, Line, rung_when_over
from chat.web.connection import Connection
from chat.web.errors import ApiError, Invalid, as_api_error
from chat.web.follow_feed import PING, follow_feed, topic_of
from chat.web.house import house
from chat.web.presence_asides import Notice, Noticed
from chat.web.told import Step
from chat.web.validation import parse_json

api = Blueprint("socket", __name__, url_prefix="/api/conversations")
sock = Sock()

BAD_TOKEN, ACCESS_GONE, NOT_FOUND, RECONNECT = 4401, 4403, 4404, 1012
TOKEN_S = 10.0  # seconds in which the first frame has to bring a token
LONGEST_FRAME = 1 << 20  # bytes
MOST_WAITING = 8  # frames of a client that are not answered yet

SOCK_OPTIONS = {"max_message_size": LONGEST_FRAME}


def _frame(event: str, data: dict[str, Any], frame_id: str | None = None) -> str:
    named = (
        {"event": event, "data": data} if frame_id is None else {"event": event, "id": frame_id, "data": data}
    )
    return json.dumps(named, ensure_ascii=False, separators=(",", ":"))


PING_FRAME, CLOSE_FRAME = _frame("ping", {}), _frame("close", {})


class WholeSends:
    """A socket whose `send` sends all of it: simple-websocket takes no notice of what was left over."""

    def __init__(self, ws: Any, stalled_s: float) -> None:
        self._ws = ws
        self._sock = ws.sock
        self._lock = Lock()
        self._sock.settimeout(stalled_s or None)

    def send(self, data: bytes) -> int:
        with self._lock:  # a pong and an event must not mix
            self._sock.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        while len(self._ws.input_buffer) >= MOST_WAITING:
            gevent.sleep(0.05)  # who sends faster than we answer waits in the network, not in our memory
        while True:
            try:
                data: bytes = self._sock.recv(size)
            except TimeoutError:
                continue  # only what is sent must not stall: a silent client is a good client
            return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


@sock.route("/<conversation_id>/socket", bp=api)  # type: ignore[untyped-decorator]  # flask-sock has no types
def converse(ws: Any, conversation_id: str) -> None:
    """Serve one socket from its handshake to its close code."""
    ws.sock = WholeSends(ws, house().settings.stalled_client_s)
    try:
        code = _serve(ws, conversation_id)
    except ConnectionClosed:
        return
    except OSError:
        return  # it stalled, or went without a word
    ws.close(code)


@api.before_request
def check_handshake() -> None:
    """Refuse before the upgrade what names itself and may not (401, 404); who names nobody is asked later."""
    access.check_socket_handshake((request.view_args or {})["conversation_id"])
    asked_pace()


def _serve(ws: Any, conversation_id: str) -> int:
    """Follow and serve until there is a close code to give."""
    if not access.is_named():
        try:
            access.name_by_token(_first_token(ws))
        except ApiError:
            return BAD_TOKEN
        try:
            access.conversation_or_404(conversation_id, need="read")
        except ApiError:
            return NOT_FOUND
    made, pace = house(), asked_pace()
    permit = access.conversation_permit(conversation_id, need="read")
    notice = Notice(made.presence, conversation_id, names=access.person_or_none() is not None)
    connection = Connection()
    with (
        made.bell.listen(topic_of(conversation_id), *permit.topics, *notice.topics) as ear,
        made.presence.seated(permit.seat),
        rung_when_over(permit, ear, made.now()),
        made.feeds.open(conversation_id) as feed,
    ):
        listener = gevent.spawn(copy_current_request_context(_listen), ws, conversation_id, ear, connection)
        line = Line(made, connection, permit, ear)
        made.tally.lines["socket"] += 1
        try:
            position = feed.place(request.args.get("after"), pace)
            for step in follow_feed(feed, ear, line, position, pace, made.settings.heartbeat_s, notice):
                for frame in [PING_FRAME] if step is PING else _encoded(step):
                    ws.send(frame)
                if isinstance(step, Step) and step.is_last:
                    return ACCESS_GONE
        except AccessGone:
            ws.send(CLOSE_FRAME)
            return ACCESS_GONE
        except StoreAway:
            return RECONNECT
        finally:
            made.tally.lines["socket"] -= 1
            connection.gone = True  # the listener ends after the frame that it is at
            listener.join(timeout=1)
    return RECONNECT


def _first_token(ws: Any) -> str:
    """Wait for the frame that says who this is; "" when none comes, or not that."""
    frame = _object(ws.receive(timeout=TOKEN_S))
    token = frame.get("token") if frame else None
    return token if isinstance(token, str) else ""


def _listen(ws: Any, conversation_id: str, ear: Ear, connection: Connection) -> None:
    """Do what the client's frames ask for, one after the other, until it goes."""
    try:
        while not connection.gone:
            frame = ws.receive(timeout=0.5)
            if frame is not None:
                ws.send(json.dumps(_answer(conversation_id, frame)))
    except (ConnectionClosed, OSError):
        pass  # it has gone: that is what we are here to notice
    finally:  # nobody listens any more, whatever the cause
        connection.gone = True
        ear.ring("gone")


def _answer(conversation_id: str, raw: str | bytes) -> dict[str, Any]:
    """Say to one frame what HTTP would say; whatever goes wrong is an answer, not the end of the socket."""
    frame = _object(raw) or {}
    ref = frame.get("ref")
    try:
        match frame:
            case {"send": dict() as body}:
                data, _ = ask(conversation_id, body)
                if data["reply"]:
                    start(data["reply"]["stream_id"], resume=False)
            case {"stop": str() as stream_id}:
                data = stop_stream(stream_id)
            case {"token": str()}:
                data = {}  # who is named already may name themselves again
            case _:
                raise Invalid("A frame is a JSON object with send or stop, and ref.", "bad_frame")
    except Exception as error:  # noqa: BLE001  the socket's edge: as_api_error logs what nobody expected
        return {"event": "error", "ref": ref, "data": as_api_error(error).body()}
    return {"event": "ok", "ref": ref, "data": data}


def _object(raw: str | bytes | None) -> dict[str, Any] | None:
    if raw is None:
        return None
    try:
        parsed = parse_json(raw)
    except ApiError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _encoded(step: Step | Noticed | None) -> list[str]:
    """Make the frames of a step; worked out once for all who are told the same."""
    if step is None:
        return []
    if isinstance(step, Noticed):
        return [_frame("presence", step.data)]
    if "socket" not in step.encoded:
        step.encoded["socket"] = [_frame(*wire.told_event(told.frame), told.id) for told in step.told]
    made: list[str] = step.encoded["socket"]
    return made
