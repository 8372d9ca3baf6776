"""What the server writes: one form for all lines, and no traceback for a client that went."""

import json
import logging
import socket

import pytest

from tests.conftest import ServerFactory
from tests.person import Person
from tests.server_promises.waiting import until
from tests.upstream import Upstream


def test_gunicorns_lines_are_json_too_and_name_their_process(server_factory: ServerFactory) -> None:
    server = server_factory(CHAT_LOG_FORMAT="json")
    lines = [json.loads(line) for line in server.logs.splitlines()]
    assert any("Listening at" in line["event"] for line in lines)
    assert all(line["pid"] and line["level"] and line["timestamp"] for line in lines)


def test_a_client_that_stalls_is_one_line(server_factory: ServerFactory, upstream: Upstream) -> None:
    server = server_factory(OPENAI_BASE_URL=upstream.url, CHAT_STALLED_CLIENT_S="1")
    person = Person.sign_in(server.url)
    asked = person.ask(model="steady;tokens=60000;pace=0")
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        token = person.credentials["Authorization"]
        request = f"POST /api/streams/{asked.stream_id} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n"
        client.sendall(request.encode())
        until(lambda: "stalled or vanished" in server.logs)
    server.stop()
    assert "Traceback" not in server.logs


def test_a_client_that_hangs_up_is_none(server_factory: ServerFactory, upstream: Upstream) -> None:
    server = server_factory(OPENAI_BASE_URL=upstream.url)
    person = Person.sign_in(server.url)
    for _ in range(3):
        asked = person.ask(model="steady;tokens=60;pace=60")
        driver = person.drive_events(asked.stream_id)
        driver.response.read_at_least(40)
        driver.response.close()
    until(lambda: server.logs.count("answered") == 3)
    server.stop()  # by then whoever wrote to those lines has noticed, too
    assert "Traceback" not in server.logs


def test_other_errors_of_a_socket_keep_their_traceback(caplog: pytest.LogCaptureFixture) -> None:
    from gunicorn.config import Config

    from chat.server_log import ServerLog

    log = ServerLog(Config())
    with caplog.at_level(logging.INFO):
        for error in (TimeoutError("timed out"), OSError(28, "No space left on device")):
            try:
                raise error
            except OSError:
                log.exception("Socket error processing request.")
    assert [record.exc_info is not None for record in caplog.records] == [False, True]
