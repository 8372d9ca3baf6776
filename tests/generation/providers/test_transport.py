"""The line below the SDK: kept, not kept, encrypted, through a proxy, and against servers that misbehave."""

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import gevent
import httpx2
import pytest
from gevent.server import StreamServer

from chat.generation.providers import proxy_for
from chat.generation.providers.transport import LONGEST_REFUSAL, LeanTransport
from tests.generation.providers.conftest import MakeProvider, eventually, hear, question
from tests.generation.providers.test_interrupting import AT_ONCE_S, Listening
from tests.scripted import answer_of, read_script
from tests.server import free_port
from tests.upstream import Upstream


def test_a_line_is_used_again(upstream: Upstream, make_provider: MakeProvider) -> None:
    provider = make_provider()
    for model in ("plain", "plain;slice=7", "plain;framing=length", "unauthorized", "plain"):
        hear(provider.open(question(model)))
        assert eventually(lambda: not upstream.log[-1].open)  # the body's end was sent, too
    assert (upstream.count(), upstream.connections) == (5, 1)


@pytest.mark.parametrize(
    "model", ["cut", "error-event", "huge-line", "html", "neither", "plain;framing=close"]
)
def test_a_line_that_failed_is_not(model: str, upstream: Upstream, make_provider: MakeProvider) -> None:
    provider = make_provider()
    hear(provider.open(question(model)))
    assert hear(provider.open(question("plain"))).text == answer_of(read_script("plain"))
    assert upstream.connections == 2


def test_answers_at_once_have_a_line_each(upstream: Upstream, make_provider: MakeProvider) -> None:
    provider = make_provider()
    upstream.hold(20, "held")
    speaking = [gevent.spawn(hear, provider.open(question("held"))) for _ in range(8)]
    assert eventually(lambda: upstream.connections == 8)
    upstream.let_go("held")
    assert {greenlet.get().finish for greenlet in speaking} == {"stop"}
    assert upstream.connections == 8


def test_a_line_that_the_server_gave_up_is_replaced(make_provider: MakeProvider) -> None:
    first = Upstream(port=free_port()).start()  # which nobody else is given meanwhile
    provider = make_provider(address=first.url)
    assert hear(provider.open(question())).finish == "stop"
    first.close()
    with Upstream(port=first.port) as second:
        assert hear(provider.open(question())).finish == "stop"
        assert second.count() == 1


def test_an_old_line_is_not_used(upstream: Upstream, make_provider: MakeProvider) -> None:
    ahead = [0.0]
    provider = make_provider(now=lambda: time.monotonic() + ahead[0])
    hear(provider.open(question()))
    ahead[0] = 60.0
    hear(provider.open(question()))
    assert upstream.connections == 2


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    """A certificate for 127.0.0.1 that nobody trusts."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate, and is not here")
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        key,
        "-out",
        cert,
        *names,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


def test_tls_streams_and_can_be_cut(certificate: tuple[str, str], make_provider: MakeProvider) -> None:
    with Upstream(certificate=certificate) as upstream:
        trusting = ssl.create_default_context(cafile=certificate[0])
        provider = make_provider(address=upstream.url, tls=trusting)
        for _ in range(2):
            assert hear(provider.open(question("slices"))).text == answer_of(read_script("slices"))
            assert eventually(lambda: not upstream.log[-1].open)
        assert upstream.connections == 1
        listening = Listening(provider.open(question("stall")))
        assert eventually(lambda: upstream.log[-1].model == "stall")
        assert listening.stop() < AT_ONCE_S
        assert eventually(lambda: not upstream.log[-1].open)


def test_a_certificate_that_is_not_trusted_is_named_at_once(
    certificate: tuple[str, str], make_provider: MakeProvider
) -> None:
    slept: list[float] = []
    with Upstream(certificate=certificate) as upstream:
        heard = hear(make_provider(address=upstream.url, sleep=slept.append).open(question()))
        assert upstream.count() == 0
    assert heard.problem is not None
    assert "certificate that is not trusted" in heard.problem.message
    assert slept == []


@pytest.fixture
def proxy() -> Iterator[StreamServer]:
    """A plain HTTP proxy for one request a line."""

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # one side broke off: the other hears of it below
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):  # it has left, too
            sink.shutdown(socket.SHUT_WR)

    def serve(client: socket.socket, address: object) -> None:
        first = client.recv(65536)
        url = httpx2.URL(first.split()[1].decode())
        with socket.create_connection((url.host, url.port)) as target:
            target.sendall(first.replace(str(url).encode(), url.raw_path, 1))
            gevent.spawn(pump, client, target)
            pump(target, client)

    server = StreamServer(("127.0.0.1", 0), serve)
    server.start()
    yield server
    server.stop(timeout=0)


def test_through_a_proxy_all_is_the_same(
    proxy: StreamServer, upstream: Upstream, make_provider: MakeProvider
) -> None:
    provider = make_provider(proxy=f"http://127.0.0.1:{proxy.server_port}")
    assert hear(provider.open(question("slices"))).text == answer_of(read_script("slices"))
    assert hear(provider.open(question("gzip"))).text == answer_of(read_script("gzip"))
    assert hear(provider.open(question("cut"))).code == "truncated"
    listening = Listening(provider.open(question("stall")))
    assert eventually(lambda: upstream.log[-1].model == "stall")
    assert listening.stop() < AT_ONCE_S
    assert eventually(lambda: not any(seen.open for seen in upstream.log))


@pytest.mark.parametrize(
    ("address", "proxies", "proxy"),
    [
        ("https://api.openai.com/v1", {}, None),
        ("https://api.openai.com/v1", {"https": "http://p:1"}, "http://p:1"),
        ("https://api.openai.com/v1", {"http": "http://p:1"}, None),
        ("https://api.openai.com/v1", {"all": "http://p:1"}, "http://p:1"),
        ("https://api.openai.com/v1", {"https": "http://p:1", "no": "openai.com"}, None),
        ("http://localhost:11434/v1", {"http": "http://p:1", "no": "localhost,127.0.0.1"}, None),
        ("http://localhost:11434/v1", {"http": "http://p:1", "no": "*"}, None),
    ],
)
def test_which_proxy_stands_before_an_address(
    address: str, proxies: dict[str, str], proxy: str | None
) -> None:
    assert proxy_for(address, proxies) == proxy


class Saying:
    """A server that says given bytes to whoever comes, and hangs up."""

    def __init__(self, said: bytes) -> None:
        self._server = StreamServer(("127.0.0.1", 0), lambda client, _: self._say(client, said))

    def _say(self, client: socket.socket, said: bytes) -> None:
        client.recv(65536)
        client.sendall(said)
        client.close()

    def __enter__(self) -> str:
        self._server.start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *exc: object) -> None:
        self._server.stop(timeout=0)


def get(url: str) -> httpx2.Response:
    with httpx2.Client(transport=LeanTransport(time.monotonic)) as client:
        return client.get(url)


def test_heads_that_are_unusual_but_right() -> None:
    head = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200\r\nX-Name: caf\xe9\r\nX-Empty:\r\n\r\nbody"
    with Saying(head) as url:
        response = get(url)
    assert (response.status_code, response.text) == (200, "body")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/2 200\r\n\r\n",
        b"hello\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 9000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_an_error_of_the_transport(said: bytes) -> None:
    with Saying(said) as url, pytest.raises(httpx2.TransportError):
        get(url)


def test_the_body_of_a_refusal_is_not_read_without_end() -> None:
    with Saying(b"HTTP/1.1 500 No\r\n\r\n" + b"x" * 5_000_000) as url:
        assert len(get(url).content) < 2 * LONGEST_REFUSAL


def test_a_header_with_a_line_break_is_not_sent() -> None:
    with Saying(b"") as url, pytest.raises((httpx2.LocalProtocolError, ValueError)):
        httpx2.Client(transport=LeanTransport(time.monotonic)).get(url, headers={"X": "a\r\nY: b"})
