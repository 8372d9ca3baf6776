"""Files on their way in: too large is told at once, gone is gone, and nobody else waits for any of it."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from time import monotonic, sleep

import pytest
import requests

from tests.conftest import ServerFactory
from tests.extraction import files
from tests.patience import PATIENCE_S
from tests.person import Person
from tests.server import RealServer
from tests.server_promises.waiting import until

MIB = 1 << 20
GIB = 1 << 30


@contextmanager
def sending(
    person: Person, *headers: str, path: str = "/api/documents?name=a.txt"
) -> Iterator[socket.socket]:
    """Begin to send a body by hand."""
    port = int(person.url.rpartition(":")[2])
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)) as line:
        lines = (f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {person.token}", *headers)
        line.sendall("\r\n".join((*lines, "", "")).encode())
        yield line


def status_of(line: socket.socket) -> int:
    """Read the status of the answer."""
    return int(line.recv(65_536).split()[1])


def in_chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // MIB):
        yield b"%x\r\n%s\r\n" % (MIB, b"a" * MIB)


def open_files(server: RealServer) -> int:
    """Count the files that the workers hold open beside database and log: those without a name too."""
    held = [Path(f"/proc/{worker.pid}/fd") for worker in server.workers]
    return sum(_is_beside(one, server.folder) for folder in held for one in folder.iterdir())


def _is_beside(link: Path, its_own: Path) -> bool:
    try:
        place = os.readlink(link)
    except OSError:
        return False  # closed while we looked
    return place.startswith("/") and not place.startswith(str(its_own))  # a connection has no path


def documents_of(person: Person) -> list[dict[str, object]]:
    return list(person.get("/api/documents")["items"])


def test_a_gibibyte_is_refused_before_it_is_sent(person: Person) -> None:
    with sending(person, f"Content-Length: {GIB}") as line:
        assert status_of(line) == 413
    assert documents_of(person) == []


def test_who_does_not_say_how_much_is_refused_where_it_is_too_much(person: Person) -> None:
    with sending(person, "Transfer-Encoding: chunked") as line:
        told: list[int] = []
        reader = threading.Thread(target=lambda: told.append(status_of(line)))
        reader.start()
        sent = 0
        try:
            for chunk in in_chunks(200 * MIB):
                line.sendall(chunk)
                sent += MIB
                if told:
                    break
        except OSError:
            pass  # it hung up, which is as good
        reader.join(PATIENCE_S)
    assert told == [413]
    assert sent < 100 * MIB, "it was listened to for long"
    assert documents_of(person) == []


class Sender:
    """Sends what nobody wants, over one line after another, until it is enough."""

    def __init__(self, person: Person, path: str) -> None:
        self.enough = False
        self.line = 0  # which it is; 0 between two
        self.sent = 0  # bytes over this one
        self._lines = count(1)
        self._person = person
        self._path = path

    def run(self) -> None:
        while not self.enough:
            with sending(self._person, f"Content-Length: {GIB}", path=self._path) as line:
                self.line, self.sent = next(self._lines), 0
                try:
                    while not self.enough:
                        line.sendall(b"a" * MIB)
                        self.sent += MIB
                        sleep(0.001)  # whoever asks beside us has a turn
                except OSError:
                    pass  # it hung up
                self.line = 0


@pytest.mark.parametrize("path", ["/api/documents?name=a.txt", "/api/session", "/no/such/page"])
def test_nobody_waits_for_a_body_that_nobody_wants(server: RealServer, person: Person, path: str) -> None:
    sender, in_the_midst = Sender(person, path), 0
    sending_all_the_time = threading.Thread(target=sender.run)
    sending_all_the_time.start()
    try:
        end = monotonic() + PATIENCE_S
        while in_the_midst < 10:
            assert monotonic() < end, "who asked was answered only when the line of who sends was over"
            line, began = sender.line, sender.sent > 0
            assert requests.get(f"{server.url}/healthz", timeout=PATIENCE_S).status_code == 200
            in_the_midst += bool(line and began and line == sender.line)
    finally:
        sender.enough = True
        sending_all_the_time.join(PATIENCE_S)


def test_a_small_body_that_nobody_read_costs_no_connection(person: Person) -> None:
    with requests.Session() as session:
        for _ in range(3):
            answer = session.post(f"{person.url}/no/such/page", data=b"a" * 1000, timeout=PATIENCE_S)
            assert answer.status_code in (403, 404)
            answer = session.post(f"{person.url}/no/such/page", data=iter([b"a" * 1000]), timeout=PATIENCE_S)
            assert answer.status_code in (403, 404)


def test_who_leaves_in_the_middle_leaves_nothing(server: RealServer, person: Person) -> None:
    before = open_files(server)
    for header in (f"Content-Length: {9 * MIB}", "Transfer-Encoding: chunked"):
        with sending(person, header) as line:
            for chunk in in_chunks(5 * MIB):
                line.sendall(chunk)
            until(lambda: open_files(server) > before)  # it has been put down somewhere
        until(lambda: open_files(server) <= before)
    assert documents_of(person) == []
    assert "Traceback" not in server.logs


def test_who_sends_nothing_more_is_let_go(server_factory: ServerFactory) -> None:
    server = server_factory()
    person = Person.sign_in(server.url, "Ada")
    server.environment["CHAT_STALLED_CLIENT_S"] = "1"  # only now: who signs in may be slow
    server.restart()
    with sending(person, "Content-Length: 1000") as line:
        line.sendall(b"a" * 500)
        assert status_of(line) == 400
    assert documents_of(person) == []


def test_a_file_comes_back_as_it_went(person: Person) -> None:
    data = b"".join(b"%d and some words\n" % number for number in range(300_000))
    sent = {"file": ("Numbers.txt", data)}
    answers = [
        person.call("POST", "/api/documents", params={"name": "Numbers.txt"}, data=data),
        person.call("POST", "/api/documents", params={"name": "Numbers.txt"}, data=iter([data])),
        person.call("POST", "/api/documents", files=sent),
    ]
    for answer in answers:
        assert answer.status_code == 201, answer.text
        original = person.call("GET", f"/api/documents/{answer.json()['id']}/original")
        assert original.content == data


# ── hostile files ────────────────────────────────────────────────────────────────────────────


def bomb() -> bytes:
    """Make a Word document that is 300 MiB of nothing, packed."""
    return files.docx("<w:p><w:r><w:t>x</w:t></w:r></w:p>", {"word/media/a.bin": bytes(300 * MIB)})


def polyglot() -> bytes:
    """Make a page of HTML that is a PDF for who begins to read later."""
    return b"<html><script>alert(1)</script>\n" + files.pdf([["x"]])


HOSTILE = {
    "a zip bomb": ("Report.docx", bomb, 413, "too_large"),
    "ten thousand pages": ("Book.pdf", lambda: files.pdf_of([b""] * 10_000), 413, "too_many_pages"),
    "a PDF that is none": ("Broken.pdf", lambda: b"%PDF-1.7\nnothing of one", 422, "broken"),
    "an archive that is no document": ("a.docx", lambda: b"PK\x03\x04" + bytes(99), 422, "broken"),
    "HTML that is a PDF": ("Page.pdf", polyglot, 415, "unsupported_media_type"),
    "a picture": ("Picture.txt", lambda: b"\x89PNG\r\n\x1a\n" + bytes(99), 415, "unsupported_media_type"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_and_leaves_nothing(server: RealServer, person: Person, what: str) -> None:
    name, make, status, code = HOSTILE[what]
    before = open_files(server)
    answer = person.call("POST", "/api/documents", params={"name": name}, data=make())
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert documents_of(person) == []
    until(lambda: open_files(server) <= before)
