"""A scripted OpenAI-compatible server that speaks bytes: `python -m tests.upstream --port N`.

What it answers, the request's model says (`tests.scripted`), or what was put under that model before: in
this process `upstream.scripts[model] = Script(…)`, from another one `POST /scripts {"model": …, …}`.
It remembers what it was asked: `upstream.log`, or `GET /log`; `DELETE /log` forgets it.
"""

import argparse
import json
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from typing import Any, Self

import gevent
import msgspec
from gevent.pool import Pool
from gevent.server import StreamServer

from tests import embedder
from tests.scripted import DoesNotFit, Script, kept_text, pieces_of, read_script, rest_of, stamped, writes

Leaves = Callable[[int], bool]  # waits until that event may be sent; True: the other side has left meanwhile
PAGE = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n"


@dataclass
class Seen:
    """One question as it came in, and what became of it."""

    model: str
    messages: list[dict[str, Any]]
    body: dict[str, Any]
    authorization: str
    at: float
    status: int = 0
    open: bool = True
    complete: bool = False  # the whole script was sent; False and not open: cut, or the other side left
    seconds: float = 0.0  # how long it was open
    kept: str = ""  # of a script that `continues`: what was to be continued
    misfit: bool = False  # and was no beginning of the answer
    sent: list[float] = field(default_factory=list)  # and when each event was sent (time.time)


@dataclass
class Request:
    """One HTTP request, read whole."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Upstream:
    """The server. A context manager; `url` is what OPENAI_BASE_URL should be."""

    port: int = 0
    scripts: dict[str, Script] = field(default_factory=dict)
    log: list[Seen] = field(default_factory=list)
    embedded: list[dict[str, Any]] = field(
        default_factory=list
    )  # what was to become vectors, as it was asked
    embeds_as: str = ""  # the model that it is instead of the one that is asked to embed
    held_at: dict[str, int] = field(default_factory=dict)  # by model: see hold
    connections: int = 0
    certificate: tuple[str, str] | None = None  # cert and key file: speaks TLS

    def start(self) -> Self:
        tls = None
        if self.certificate:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(*self.certificate)
        self._server = StreamServer(
            ("127.0.0.1", self.port), self._serve, spawn=Pool(), **({"ssl_context": tls} if tls else {})
        )
        self._server.start()
        self.port = self._server.server_port
        return self

    def close(self) -> None:
        """Stop at once; open answers break off."""
        self._server.stop(timeout=0)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}/v1"

    def count(self, model: str | None = None) -> int:
        """Say how many questions came, for one model or in all."""
        return sum(model is None or seen.model == model for seen in self.log)

    def last(self, model: str) -> Seen:
        """Give this model's newest question: what an earlier test left may come in after it, for another."""
        return next(seen for seen in reversed(self.log) if seen.model == model)

    def hold(self, characters: int, model: str = "scripted") -> None:
        """Say no more of this model's thoughts and answers than so many characters, until told otherwise.

        An answer that goes on with a cut one counts from the beginning of the whole.
        """
        self.held_at[model] = characters

    def let_go(self, model: str = "scripted") -> None:
        """Say the rest."""
        self.held_at.pop(model, None)

    def _serve(self, client: socket.socket, address: object) -> None:
        self.connections += 1
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with client.makefile("rb") as lines:
                while (request := _read_request(lines)) and self._answer(client, request):
                    pass
        except OSError:
            pass  # the other side left: the log says so, where it matters
        finally:
            client.close()

    def _answer(self, client: socket.socket, request: Request) -> bool:
        """Answer one request; say whether the connection may carry another."""
        route = (request.method, request.path)
        if route == ("POST", "/v1/chat/completions"):
            return self._complete(client, request)
        if route == ("POST", "/v1/embeddings"):
            return self._embed(client, request)
        if route == ("GET", "/log"):
            requests = [asdict(seen) for seen in self.log]
            return _reply(client, 200, {"count": len(requests), "requests": requests})
        if request.method == "GET" and request.path.startswith("/log/"):
            requests = [asdict(seen) for seen in self.log if seen.model == request.path[5:]]
            return _reply(client, 200, {"count": len(requests), "requests": requests})
        if route == ("DELETE", "/log"):
            self.log.clear()
            return _reply(client, 200, {})
        if route == ("POST", "/scripts"):
            wanted = json.loads(request.body)
            model = wanted.pop("model")
            self.scripts[model] = msgspec.convert(wanted, Script, strict=False)
            return _reply(client, 200, {})
        if route == ("GET", "/v1/models"):
            return _reply(client, 200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})
        return _reply(client, 404, {"error": {"message": "Not found."}})

    def _embed(self, client: socket.socket, request: Request) -> bool:
        asked = json.loads(request.body)
        asked["model"] = self.embeds_as or asked["model"]
        before = sum(one["model"] == asked["model"] for one in self.embedded)
        self.embedded.append(asked | {"authorization": request.headers.get("authorization", "")})
        return embedder.answer(client, asked, before)

    def _complete(self, client: socket.socket, request: Request) -> bool:
        body = json.loads(request.body)
        model, authorization = body["model"], request.headers.get("authorization", "")
        asked_before = self.count(model)
        seen = Seen(model, body["messages"], body, authorization, at=time.time())
        self.log.append(seen)
        script = self.scripts.get(model) or read_script(model)
        started = time.monotonic()
        try:
            refuses = {
                "stream_options": script.refuse_stream_options,
                "temperature": script.refuse_temperature,
            }
            refused = next((name for name, no in refuses.items() if no and name in body), "")
            seen.status = 400 if refused else _status(script, asked_before)
            if seen.status != 200:
                return _refuse(client, seen.status, script, refused)
            if script.continues:
                seen.kept = kept_text(seen.messages)
                script = rest_of(script, seen.kept)
            wants_usage = bool((body.get("stream_options") or {}).get("include_usage"))
            leaves = self._gate(client, script, model) if model in self.held_at else _never
            seen.complete = _play(client, script, wants_usage, seen.sent, leaves)
            return seen.complete and script.framing != "close"
        except DoesNotFit as error:
            seen.misfit, seen.status = True, 400
            message = f"This is no beginning of my answer: {str(error)[-200:]}"
            return _reply(client, 400, {"error": {"message": message}})
        finally:
            seen.open, seen.seconds = False, time.monotonic() - started

    def _gate(self, client: socket.socket, script: Script, model: str) -> Leaves:
        """Make what is asked before each event: it waits while that would be too much."""
        said = list(accumulate(map(len, pieces_of(script)), initial=script.told))

        def leaves(number: int) -> bool:
            after = said[min(number, len(said)) - 1]
            while after > self.held_at.get(model, after):
                if _left_within(client, 0.01):
                    return True
            return False

        return leaves


def _status(script: Script, asked_before: int) -> int:
    if script.redirect:
        return 307
    return script.statuses[asked_before] if asked_before < len(script.statuses) else 200


def _refuse(client: socket.socket, status: int, script: Script, refused: str) -> bool:
    message = f"Unrecognized request argument supplied: {refused}" if refused else script.message
    more = {"Retry-After": script.retry_after} if script.retry_after else {}
    if script.redirect:
        more["Location"] = script.redirect
    return _reply(client, status, {"error": {"message": message, "type": "scripted", "code": None}}, more)


def _never(_number: int) -> bool:
    return False


def _play(
    client: socket.socket, script: Script, wants_usage: bool, sent: list[float], leaves: Leaves
) -> bool:
    """Send the body as the script says; False when the connection must not be used again."""
    if script.headers_s and _left_within(client, script.headers_s):
        return False
    if script.html:
        client.sendall(_head(200, {"Content-Type": "text/html"}, len(PAGE)) + PAGE)
        return True
    body = writes(script, wants_usage)
    client.sendall(_stream_head(script, body))
    if script.comments:
        return _only_comments(client)
    if script.first_s and _left_within(client, script.first_s):
        return False
    return _send_paced(client, script, body, sent, leaves)


def _send_paced(
    client: socket.socket,
    script: Script,
    body: tuple[tuple[bytes, ...], ...],
    sent: list[float],
    leaves: Leaves,
) -> bool:
    step = max(1, script.burst) / script.pace if script.pace else 0.0
    due = time.monotonic()
    last_token = len(body) - 4  # finish, usage, [DONE], the end of the body: not stamped
    for number, parts in enumerate(body, 1):
        if step and number <= last_token + 1 and (wait := due - time.monotonic()) > 0:
            gevent.sleep(wait)
        due += step
        if leaves(number):
            return False
        if script.stamp and 1 < number <= last_token:
            client.sendall(stamped(time.time_ns() // 1000))
        else:
            for part in parts:
                client.sendall(part)
                if script.slice:
                    gevent.sleep(0)
        if script.continues:
            sent.append(time.time())
        if number == script.stall_after:
            return not _left_within(client, 3600)
    return not script.cut_after


def _only_comments(client: socket.socket) -> bool:
    while not _left_within(client, 0.2):
        client.sendall(b"c\r\n: keepalive\n\r\n")
    return False


def _left_within(client: socket.socket, seconds: float) -> bool:
    """Be silent for so long; True as soon as the other side has left."""
    client.settimeout(seconds)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    finally:
        client.settimeout(None)


def _read_request(lines: Any) -> Request | None:
    first = lines.readline().split()
    if len(first) < 2:
        return None
    headers = {}
    while (line := lines.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = lines.read(int(headers.get("content-length", 0)))
    return Request(first[0].decode(), first[1].decode(), headers, body)


def _stream_head(script: Script, body: tuple[tuple[bytes, ...], ...]) -> bytes:
    headers = {"Content-Type": "application/json" if script.plain_json else script.content_type}
    if script.gzip:
        headers["Content-Encoding"] = "gzip"
    if script.framing == "chunked":
        headers["Transfer-Encoding"] = "chunked"
    length = sum(len(part) for parts in body for part in parts)
    if script.framing == "length":
        return _head(200, headers, length + bool(script.cut_after))
    return _head(200, headers)


def _head(status: int, headers: dict[str, str], length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _reply(client: socket.socket, status: int, value: Any, more: dict[str, str] | None = None) -> bool:
    body = json.dumps(value, ensure_ascii=False).encode()
    client.sendall(_head(status, {"Content-Type": "application/json"} | (more or {}), len(body)) + body)
    return True


def main() -> None:
    """Serve until interrupted; prints the base URL once it listens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    with Upstream(port=parser.parse_args().port) as upstream:
        print(upstream.url, flush=True)
        gevent.get_hub().join()


if __name__ == "__main__":
    from gevent import monkey

    monkey.patch_socket()
    main()
