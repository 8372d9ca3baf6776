"""Documents read by a process of their own: what hostile ones come to, and that nothing of it stays."""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gevent
import pytest

from chat.core.documents import Passage
from chat.extraction.limits import Limits
from chat.extraction.unreadable import CODES, TOO_BIG, Unreadable
from chat.generation import extracting
from tests.extraction import files
from tests.extraction.files import paragraph

LIMITS = Limits(bytes=30 << 20, pages=200, characters=1_000_000, seconds=20, mib=512)
GENEROUS_S = 60.0  # for a machine that does a lot besides
SENTENCE = "The well in the yard was dug before anyone now alive was born. "


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    """No process and no descriptor is left, however the reading ended."""
    before = _descriptors()
    yield
    with gevent.Timeout(10, AssertionError("a process or a descriptor is left")):
        while children() or _descriptors() > before:
            gevent.sleep(0.02)


def children() -> list[int]:
    """List the processes that read documents, zombies included."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            asked = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and (b"chat.extraction" in asked or fields[0] == "Z"):
            found.append(int(status.parent.name))
    return found


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def read(kind: str, original: bytes | Iterable[bytes], limits: Limits = LIMITS) -> list[dict[str, Any]]:
    pieces = (
        [original[at : at + 65536] for at in range(0, len(original), 65536)]
        if isinstance(original, bytes)
        else original
    )
    return list(extracting.read(kind, pieces, limits))


def refused(kind: str, original: bytes, limits: Limits = LIMITS, *, at_once: bool = True) -> Unreadable:
    """Have something read that cannot be, and give why. `at_once`: to look at it is enough to know."""
    began = time.monotonic()
    with pytest.raises(Unreadable) as why:
        extracting.inspect(kind, [original], limits) if at_once else read(kind, original, limits)
    assert time.monotonic() - began < GENEROUS_S
    assert why.value.code in CODES
    assert why.value.message.endswith(".")
    return why.value


def outcome(kind: str, original: bytes) -> list[str] | str:
    """Give the texts of what can be read, or else the code that says why not."""
    try:
        return [message["passage"]["text"] for message in read(kind, original) if "passage" in message]
    except Unreadable as why:
        return why.code


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


# ── hostile PDF ──────────────────────────────────────────────────────────────────────────────


def test_a_pdf_of_ten_thousand_pages_is_refused_at_the_first_look() -> None:
    why = refused("pdf", files.pdf_of([zlib.compress(b"")] * 10_000))
    assert why.code == "too_many_pages"
    assert "200" in why.message
    assert why.code in TOO_BIG


def test_a_pdf_that_lies_about_its_pages_is_counted() -> None:
    lying = files.pdf([["x"]] * 300).replace(b"/Count 300", b"/Count 001")
    assert refused("pdf", lying).code == "too_many_pages"


def test_one_page_a_million_times_is_refused() -> None:
    kids = b"/Kids[" + b"4 0 R " * 1_000_000 + b"]"
    again = files.pdf([["x"]]).replace(b"/Kids[4 0 R]", kids)
    assert refused("pdf", again).code in ("too_many_pages", "broken")


def test_a_pdf_with_a_password_says_so() -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(PdfReader(io.BytesIO(files.pdf([["Deep."]]))))
    writer.encrypt("secret", algorithm="AES-256")
    locked = io.BytesIO()
    writer.write(locked)
    why = refused("pdf", locked.getvalue())
    assert why.code == "encrypted"
    assert "password" in why.message


def test_a_pdf_of_pictures_says_what_to_do() -> None:
    why = refused("pdf", files.pdf_of([zlib.compress(b"0 0 5 5 re f")] * 3), at_once=False)
    assert why.code == "no_text"
    assert "only pictures" in why.message


@pytest.mark.parametrize(
    "original",
    [
        b"%PDF-1.7\n",
        b"%PDF-1.7\n" + bytes(range(256)) * 1000,
        b"%PDF-1.7\n" + b"1 0 obj\n<<" * 50_000,
        files.pdf([["x"]])[:-200],
        files.pdf([["x"]]).replace(b"/Kids[4 0 R]", b"/Kids[2 0 R]"),  # its pages are their own child
        files.pdf([["x"]]).replace(b"/Kids[4 0 R]", b"/Kids" + b"[" * 100_000),
        files.pdf([["x"]]).replace(b"startxref\n", b"startxref\n9"),
        b"%PDF-1.7\n" + files.zipped({"word/document.xml": "<a/>"}),  # and a ZIP: neither of both
    ],
)
def test_a_damaged_pdf_ends_in_words_or_is_read(original: bytes) -> None:
    assert outcome("pdf", original) in (["x"], "broken", "no_text", "too_many_pages", "too_slow")


def test_a_page_that_unpacks_to_gigabytes_is_left_out() -> None:
    bomb = zlib.compressobj(9)
    packed = b"".join(bomb.compress(b"(x) Tj " * 150_000) for _ in range(100)) + bomb.flush()
    original = files.pdf_of([packed, zlib.compress(b"BT /F 9 Tf (Deep.) Tj ET")])
    assert outcome("pdf", original) in (["Deep."], "too_slow", "too_large")


# ── hostile Word documents ───────────────────────────────────────────────────────────────────


def test_a_zip_bomb_is_refused_by_what_it_says() -> None:
    why = refused("docx", files.docx(paragraph("x"), {"word/media/a.bin": b"\0" * (140 << 20)}))
    assert why.code == "too_large"


def test_a_zip_bomb_that_lies_about_its_size_is_refused_by_what_comes_out() -> None:
    honest = files.docx("x" * (140 << 20))
    real = zipfile.ZipFile(io.BytesIO(honest)).getinfo("word/document.xml").file_size
    lying = honest.replace(real.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lying != honest
    assert refused("docx", lying).code in ("broken", "too_large")
    assert refused("docx", honest).code == "too_large"


def test_parts_that_share_their_bytes_are_refused() -> None:
    original = bytearray(files.docx(paragraph("x")))
    parts = zipfile.ZipFile(io.BytesIO(bytes(original))).infolist()
    place = original.index(b"PK\x01\x02")  # the directory: each entry names the place of its part
    entry = original.index(b"PK\x01\x02", place + 4)
    original[entry + 42 : entry + 46] = parts[0].header_offset.to_bytes(4, "little")
    assert refused("docx", bytes(original)).code == "broken"


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">' + "".join(
            f'<!ENTITY x{at} "{("&x" + str(at - 1) + ";") * 10 if at else "&x;" * 10}">' for at in range(10)
        ) + "]><a>&x9;</a>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    ],
)  # fmt: skip
def test_xml_that_declares_entities_is_refused(declared: str) -> None:
    main = declared.encode("utf-16") if "utf-16" in declared else declared
    assert refused("docx", files.docx("", {"word/document.xml": main})).code == "broken"


@pytest.mark.parametrize(
    ("original", "code"),
    [
        (files.zipped({"xl/workbook.xml": "<a/>"}), "wrong_kind"),
        (
            files.docx(
                "", {"_rels/.rels": files.RELATIONS.format(kind="officeDocument", target="../../etc/x.xml")}
            ),
            "wrong_kind",
        ),
        (files.docx("<w:p>"), "broken"),
        (files.docx("x")[:-30], "broken"),
        (b"PK\x03\x04" + b"\0" * 100, "broken"),
        (b"PK\x03\x04 and something before it" + files.docx(paragraph("x")), "broken"),
        (files.zipped({f"part{at}": "" for at in range(6000)}), "too_large"),
    ],
)
def test_a_damaged_word_document_is_refused(original: bytes, code: str) -> None:
    assert refused("docx", original).code == code


def test_a_word_document_may_be_as_deep_as_it_likes() -> None:
    deep = "<w:sdt>" * 100_000 + paragraph("Deep.") + "</w:sdt>" * 100_000
    assert outcome("docx", files.docx(deep)) == ["Deep."]


def test_an_empty_word_document_holds_no_text() -> None:
    assert refused("docx", files.docx(paragraph(" ")), at_once=False).code == "no_text"


# ── hostile text ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
@pytest.mark.parametrize("text", [b"x" * (20 << 20), b"[" * (2 << 20), b"<a " * (2 << 20), b"* " * (2 << 20)])
def test_megabytes_in_one_line_end_in_words(kind: str, text: bytes) -> None:
    why = refused(kind, text, at_once=False)
    assert why.code in ("too_long", "no_text", "too_slow")


def test_a_file_of_headings_makes_no_million_passages() -> None:
    assert refused("markdown", b"# a\nb\n" * 500_000, at_once=False).code == "too_long"


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
def test_no_text_is_said_so(kind: str) -> None:
    assert refused(kind, b" \n\t\n", at_once=False).code == "no_text"


def test_a_binary_by_the_name_of_a_text_is_refused() -> None:
    assert refused("text", b"MZ" + os.urandom(100_000), at_once=False).code in ("wrong_kind", "encoding")


def test_more_bytes_than_allowed_are_not_read() -> None:
    why = refused("text", b"x" * 2000, Limits(bytes=1000), at_once=False)
    assert why.code == "too_large"


def test_no_limit_is_no_limit() -> None:
    anything = Limits(bytes=0, pages=0, characters=0, seconds=0, mib=512)
    assert "done" in read("text", SENTENCE.encode() * 20_000, anything)[-1]
    assert extracting.inspect("pdf", [files.pdf([["x"]] * 2100)], anything) == 2100


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
        gevent.sleep(1)
        place = Path(f"/proc/{reader._pid}")
        assert b"hush" not in (place / "environ").read_bytes()
        assert sorted(os.listdir(place / "fd")) == ["0", "1", "2"]
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

    watcher = gevent.spawn(watch)
    read("pdf", files.pdf([[SENTENCE] * 50] * 60))
    read("text", SENTENCE.encode() * 15_000)
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
