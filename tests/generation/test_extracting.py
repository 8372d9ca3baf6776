"""Documents are read by a process of their own, of which nothing stays, however it ends."""

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import gevent
import gevent.event
import pytest

from chat.core.documents import Passage
from chat.extraction.limits import Limits
from chat.extraction.unreadable import CODES, Unreadable
from chat.generation import extracting
from tests.extraction import files
from tests.extraction.apart import GENEROUS_S, LIMITS, SENTENCE, children, nothing_stays, read, refused
from tests.extraction.files import paragraph


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    with nothing_stays():
        yield


# ── what can be read ─────────────────────────────────────────────────────────────────────────


def test_a_text_is_told_passage_by_passage_with_how_far_it_is() -> None:
    *messages, done = read("text", ((SENTENCE * 20 + "\n\n") * 20).encode())
    told = [Passage(**message["passage"]) for message in messages if "passage" in message]
    assert [passage.number for passage in told] == list(range(1, len(told) + 1))
    far = [message["progress"] for message in messages if "progress" in message]
    assert far == sorted(set(far))
    assert far[-1] >= 90
    size = sum(len(passage.text) for passage in told)
    assert done == {"done": {"pages": None, "characters": size, "language": "en"}}


def test_a_pdf_is_told_with_its_pages() -> None:
    original = files.pdf([[SENTENCE], [SENTENCE, "End."]])
    assert extracting.inspect("pdf", [original], LIMITS) == 2
    *_, passage, done = [message for message in read("pdf", original) if "progress" not in message]
    assert passage["passage"]["page"] == 2
    assert done["done"]["pages"] == 2


def test_a_word_document_can_be_looked_at_and_read() -> None:
    original = files.docx(paragraph("Wells", "berschrift1") + paragraph("Deep."))
    assert extracting.inspect("docx", [original], LIMITS) is None
    passage = next(message for message in read("docx", original) if "passage" in message)["passage"]
    assert (passage["text"], passage["heading"]) == ("Deep.", "Wells")


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
def test_text_of_any_kind_needs_no_look(kind: str) -> None:
    assert extracting.inspect(kind, [b"\0"], LIMITS) is None


def test_every_reason_for_not_reading_is_in_the_protocol() -> None:
    page = (Path(extracting.__file__).parents[2] / "docs" / "protocol.md").read_text()
    assert not [code for code in CODES if f"`{code}`" not in page]


# ── time, memory, and ends ───────────────────────────────────────────────────────────────────


def test_what_takes_too_long_is_ended() -> None:
    slow = files.pdf([[SENTENCE] * 60] * 190)
    began = time.monotonic()
    assert refused("pdf", slow, Limits(seconds=0.3), at_once=False).code == "too_slow"
    assert time.monotonic() - began < GENEROUS_S / 2


def test_what_takes_too_much_memory_is_ended() -> None:
    why = refused("text", b"word " * (12 << 20), Limits(bytes=0, characters=0, mib=128), at_once=False)
    assert why.code in ("too_large", "crashed")


def test_whoever_stops_taking_messages_ends_the_process() -> None:
    with closing(extracting.read("text", [SENTENCE.encode() * 50_000], LIMITS)) as messages:
        next(messages)
        assert children()


def test_a_reader_that_dies_is_noticed() -> None:
    messages = extracting.read("text", _never_ending(), LIMITS)
    gevent.spawn_later(0.5, lambda: [os.kill(child, signal.SIGKILL) for child in children()])
    with pytest.raises(Unreadable) as why:
        list(messages)
    assert why.value.code == "crashed"


def test_an_original_that_cannot_be_given_whole_is_not_half_read() -> None:
    def broken_off() -> Iterator[bytes]:
        yield SENTENCE.encode()
        raise LookupError("the document was deleted")

    with pytest.raises(LookupError, match="deleted"):
        read("text", broken_off())


def test_who_waits_may_be_interrupted() -> None:
    waiting = gevent.spawn(read, "text", _never_ending())
    gevent.sleep(0.5)
    waiting.kill(KeyError("leaving"))
    assert isinstance(waiting.exception, KeyError)


def test_a_reader_ends_with_the_server_that_started_it(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    program = (
        "import gevent, itertools, pathlib, subprocess\n"
        "from chat.extraction.limits import Limits\n"
        "from chat.generation import extracting\n"
        "slow = (gevent.sleep(0.1) or b'x' for _ in itertools.count())\n"
        "reader = extracting.Reader('--read', 'text', Limits())\n"
        f"pathlib.Path({str(started)!r}).write_text(str(reader._pid))\n"
        "reader.feed(slow)\n"
    )
    server = subprocess.Popen([sys.executable, "-c", program])
    while not started.exists() or not started.read_text():
        gevent.sleep(0.05)
    reader = int(started.read_text())
    gevent.sleep(0.5)  # it is at work
    server.kill()
    server.wait()
    with gevent.Timeout(GENEROUS_S, AssertionError("it reads on for nobody")):
        while _lives(reader):
            gevent.sleep(0.05)


def test_a_reader_knows_no_secret_and_nothing_that_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hush")
    monkeypatch.setenv("OPENAI_API_KEY", "hush")
    reader = extracting.Reader("--read", "text", LIMITS)
    try:
        feeding = gevent.spawn(reader.feed, [SENTENCE.encode() * 50_000])
        assert next(reader.lines(GENEROUS_S)), "it is at work; what it has to say fills the pipe"
        feeding.join()
        place = Path(f"/proc/{reader._pid}")
        assert b"hush" not in (place / "environ").read_bytes()
        with gevent.Timeout(GENEROUS_S, AssertionError("it holds what is not its own")):
            while sorted(os.listdir(place / "fd")) != ["0", "1", "2"]:
                gevent.sleep(0.02)  # it may be loading what it needs
        assert os.getpgid(reader._pid) == reader._pid  # Ctrl-C is not for it
    finally:
        reader.close()


def test_the_hub_goes_on_while_a_large_document_is_read() -> None:
    longest = 0.0

    def watch() -> None:
        nonlocal longest
        while True:
            began = time.thread_time()  # of the processor, so that others on this machine do not count
            gevent.sleep(0.001)
            longest = max(longest, time.thread_time() - began)

    originals = files.pdf([[SENTENCE] * 50] * 60), SENTENCE.encode() * 15_000
    gc.disable()  # what collecting takes grows with all that the tests have loaded
    try:
        watcher = gevent.spawn(watch)
        read("pdf", originals[0])
        read("text", originals[1])
    finally:
        gc.enable()
    watcher.kill()
    assert longest < 0.05


def _never_ending() -> Iterator[bytes]:
    while True:
        gevent.sleep(0.05)
        yield b"x"


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_person_takes_one_of_the_places_where_documents_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extracting, "LOOK_S", GENEROUS_S)
    goes_on = gevent.event.Event()

    def slow() -> Iterator[bytes]:
        goes_on.wait()
        yield b""

    def look(person_id: str) -> None:
        with suppress(Unreadable):
            extracting.inspect("pdf", slow(), LIMITS, person_id)

    adas = [gevent.spawn(look, "ada") for _ in range(4)]
    gevent.sleep(0.1)
    assert extracting.inspect("pdf", [files.pdf([[SENTENCE]])], LIMITS, "ben") == 1, (
        "there is a place for him"
    )
    goes_on.set()
    gevent.joinall(adas, raise_error=True)


def test_who_finds_no_place_in_time_has_a_document_read_without_a_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extracting, "LOOK_S", 0.2)
    with extracting._room, extracting._room:
        assert extracting.inspect("pdf", [files.pdf([[SENTENCE]])], LIMITS, "ben") is None
    monkeypatch.setattr(extracting, "LOOK_S", GENEROUS_S)
    assert extracting.inspect("pdf", [files.pdf([[SENTENCE]])], LIMITS, "ben") == 1
