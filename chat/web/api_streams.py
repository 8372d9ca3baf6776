"""The routes of one stream: drive, read, subscribe, stop, delete (WIRE §5)."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, request

from chat.core.frames import Close, End, Ping, Rewind, Slice
from chat.core.lifecycle import Status, is_streaming
from chat.core.log import check_place, parse_epoch, parse_offset, resume_place
from chat.generation.engine import Draining, NoSource
from chat.live.bell import Ear
from chat.live.follow import follow
from chat.live.logs import Pace, Reader
from chat.store import messages, people, reasoning
from chat.store.leases import AnotherIsLive
from chat.store.stored import StreamState, end_of
from chat.store.transaction import Transaction
from chat.web import access, wire
from chat.web.bodies import Body, Line, Permit, live_response, plain_response
from chat.web.errors import AnswerInProgress, Invalid
from chat.web.house import house
from chat.web.ids import new_id
from chat.web.limits_ask import admission
from chat.web.validation import NewStream, read_body

api = Blueprint("api_streams", __name__, url_prefix="/api/streams")

Place = tuple[int, int]  # (offset, epoch)
FORMS = ("text/plain", "text/event-stream")  # of a drive; the first where the client does not mind


@api.post("")
def create() -> tuple[Response, int]:
    """Make a stream that lives without a conversation."""
    person = access.current_person()
    asked = read_body(NewStream)
    made, stream_id, now = house(), new_id(), house().now()
    chunk_by = asked.chunk_by or made.settings.chunk_by
    admit = admission(person)
    ask = asked.model_dump(include={"prompt", "system", "model", "temperature"})

    def add(tx: Transaction) -> None:
        people.ensure(tx, person, now)
        admit(tx, person.id)
        made.streams.create(tx, stream_id, chunk_by=chunk_by, created_by=person.id, request=ask)

    made.store.write(add)
    return jsonify(stream_id=stream_id), 201


@api.post("/<stream_id>")
def drive(stream_id: str) -> Response:
    """Start the answer if nobody has, and stream it from `offset` on: raw text, or events where asked for."""
    state, permit = access.stream_with_permit(stream_id, need="ask")
    place = asked_place(state, "delta")
    start(stream_id, resume=request.args.get("resume") == "1")
    if request.accept_mimetypes.best_match(FORMS) == "text/event-stream":
        return _follow(stream_id, place, "delta", permit, rotate=False)
    reader = house().logs.reader(stream_id, "delta")
    response = plain_response(text_body(reader, place), _ear(reader), permit)
    response.headers["Stream-Offset"] = str(place[0])
    return _with_epoch(response, stream_id)


@api.get("/<stream_id>")
def read(stream_id: str) -> Response:
    """Give what is stored from `offset` on, and how the stream stands."""
    state = access.stream_or_404(stream_id, need="read")
    offset, _ = asked_place(state, "stored")
    with house().logs.reader(stream_id, "stored") as reader:
        log = reader.look()
        if log is None:
            raise access.not_found()
        data, end, epoch = bytes(log.data[offset:]), log.end, log.epoch
    if end is None and end_of(state) is not None:  # it ended elsewhere, and the ring is not here yet
        stored = house().streams.read(stream_id)
        if stored is None:
            raise access.not_found()
        data, end, epoch = stored.data[offset:], end_of(stored.state), stored.state.epoch
    # An epoch that began since we looked at the row: somebody claimed it.
    status = end.status if end else state.status if epoch == state.epoch else Status.STREAMING
    response = jsonify(
        text=data.decode(),
        offset=offset,
        next_offset=offset + len(data),
        status=status,
        epoch=epoch,
        error=end.error if end else None,
        usage=end.usage if end else None,
        finish_reason=end.finish_reason if end else None,
    )
    response.headers["Stream-Epoch"] = str(epoch)
    response.set_etag(f"{epoch}.{offset}.{offset + len(data)}.{status}")
    response.make_conditional(request)
    return response


@api.get("/<stream_id>/events")
def subscribe(stream_id: str) -> Response:
    """Send what is stored, then each batch as it comes (`pace=delta`: each delta, where there is a tape)."""
    state, permit = access.stream_with_permit(stream_id, need="read")
    pace: Pace = asked_pace()
    last = request.headers.get("Last-Event-ID")
    if not last:
        return _follow(stream_id, asked_place(state, pace), pace, permit, rotate=True)
    place, first = resumed_place(stream_id, last, pace)
    return _follow(stream_id, place, pace, permit, rotate=True, first=first)


@api.post("/<stream_id>/stop")
def stop(stream_id: str) -> tuple[Response, int]:
    """Ask for the end; harmless when it has ended already."""
    return jsonify(stop_stream(stream_id)), 202


@api.delete("/<stream_id>")
def remove(stream_id: str) -> tuple[str, int]:
    """Stop it, and remove it with the reply that points to it."""
    access.stream_or_404(stream_id, need="ask")
    made = house()

    def erase(tx: Transaction) -> None:
        if messages.remove_answer(tx, made.streams, stream_id):
            return
        if not reasoning.remove(tx, made.streams, stream_id):
            made.streams.delete(tx, stream_id)

    made.store.write(erase)
    made.engine.forget(stream_id)  # only now: had the deletion failed, the answer would have gone on
    return "", 204


def start(stream_id: str, *, resume: bool) -> None:
    """Claim and start it if there is something to start; raise what the client is to be told."""
    made = house()
    try:
        made.engine.drive(stream_id, resume=resume)
    except AnotherIsLive as other:
        raise AnswerInProgress(made.store.read(partial(messages.live_beside, stream_id=stream_id))) from other
    except (NoSource, Draining):
        return  # somebody's generator will feed it, or another process: follow until then


def stop_stream(stream_id: str) -> dict[str, Any]:
    """Ask for the end of a stream that the caller may stop; say how it stands.

    To stop what is thought is to stop the answer that it is thought for.
    """
    state = access.stream_or_404(stream_id, need="ask")
    if state.beside is None:
        return {"stream_id": stream_id, "status": house().engine.stop(stream_id)}
    if is_streaming(state.status):
        house().engine.stop(state.beside)
    return {"stream_id": stream_id, "status": state.status}


# ── places ───────────────────────────────────────────────────────────────────────────────────


def asked_pace() -> Pace:
    """Read `?pace=`: `delta`, or nothing for the store's."""
    match request.args.get("pace"):
        case None:
            return "stored"
        case "delta":
            return "delta"
    raise Invalid("pace is delta, or left out.", "bad_pace")


def asked_place(state: StreamState, pace: Pace) -> Place:
    """Read `?offset=` and `?epoch=`, checked against the log that will be read; raise OffsetProblem."""
    offset = parse_offset(request.args.get("offset"))
    epoch = parse_epoch(request.args.get("epoch"), state.epoch)
    if offset > 0:
        with house().logs.reader(state.id, pace) as reader:
            log = reader.look()
            if log is not None and log.epoch < state.epoch:
                house().engine.forget(state.id)  # we slept, and another process goes on with it
                log = reader.look()
            if log is not None:
                check_place(offset, min(epoch, log.epoch), bases=log.bases, text=bytes(log.data))
    return offset, epoch


def resumed_place(stream_id: str, last_event_id: str, pace: Pace) -> tuple[Place, Rewind | None]:
    """Say where a reader goes on that comes with an id, and what it must be told first. Never refuses."""
    asked = wire.parse_frame_id(last_event_id)
    with house().logs.reader(stream_id, pace) as reader:
        log = reader.look()
        if log is None:
            return (0, 0), None
        if asked is None:
            return (0, log.epoch), Rewind(0, log.epoch)
        epoch, offset = asked
        place = resume_place(offset, epoch, bases=log.bases, text=bytes(log.data))
        return (place, log.epoch), None if place == offset else Rewind(place, log.epoch)


# ── bodies ───────────────────────────────────────────────────────────────────────────────────


def events_body(reader: Reader, place: Place, pace: Pace, first: Rewind | None = None) -> Body:
    """Encode what a reader is told as server-sent events."""
    slice_event = "delta" if pace == "delta" else "chunk"
    heartbeat_s = house().settings.heartbeat_s

    def body(ear: Ear, line: Line) -> Iterator[bytes]:
        with reader:
            if first is not None:
                yield wire.encode(first, slice_event)
            for frame in follow(reader, ear, *place, heartbeat_s, line.over):
                yield wire.encode(frame, slice_event)

    return body


def text_body(reader: Reader, place: Place) -> Body:
    """Give the bytes alone: the end of the body says nothing of success, and a takeover always ends it."""
    heartbeat_s = house().settings.heartbeat_s

    def body(ear: Ear, line: Line) -> Iterator[bytes]:
        epoch = None
        with reader:
            for frame in follow(reader, ear, *place, heartbeat_s, line.over):
                match frame:
                    case Slice() if epoch in (None, frame.epoch):
                        epoch = frame.epoch
                        yield frame.data
                    case Ping():
                        pass
                    case Slice() | Rewind() | End() | Close():
                        return

    return body


def _follow(
    stream_id: str,
    place: Place,
    pace: Pace,
    permit: Permit,
    *,
    rotate: bool,
    first: Rewind | None = None,
) -> Response:
    reader = house().logs.reader(stream_id, pace)
    body = events_body(reader, place, pace, first)
    return _with_epoch(live_response(body, _ear(reader), permit, rotate=rotate), stream_id)


def _ear(reader: Reader) -> Ear:
    return house().bell.listen(*reader.topics)


def _with_epoch(response: Response, stream_id: str) -> Response:
    tape = house().tapes.get(stream_id)
    state = None if tape else house().streams.state(stream_id)
    response.headers["Stream-Epoch"] = str(tape.epoch if tape else state.epoch if state else 0)
    return response
