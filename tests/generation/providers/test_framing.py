"""Bodies on an HTTP/1.1 line: however the line cuts them, the same bytes come out, and the end is known."""

import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.generation.providers.framing import UNPACKED_AT_ONCE, BadFraming, Chunked, Counted, Unpacker

chunks = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(marks)]


@given(chunks, st.lists(st.integers(0, 1000)), st.sampled_from([b"", b";name=value", b" "]))
def test_chunks_come_out_whole_however_they_are_cut(
    parts: list[bytes], places: list[int], extension: bytes
) -> None:
    line = b"".join(b"%X%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)
    framing = Chunked()
    out = b"".join(framing.feed(piece) for piece in cut(line + b"0\r\nTrailer: x\r\n\r\n", places))
    assert out == b"".join(parts)
    assert framing.ended


def test_several_chunks_of_one_read_are_one_piece() -> None:
    assert Chunked().feed(b"1\r\na\r\n1\r\nb\r\n2\r\ncd\r\n") == b"abcd"


def test_the_end_of_the_chunks_must_be_said() -> None:
    framing = Chunked()
    framing.feed(b"1\r\na\r\n0\r\n")
    assert not framing.ended


@pytest.mark.parametrize("line", [b"zz\r\n", b"-1\r\n", b"1_0\r\n", b"+5\r\n", b"0x5\r\n", b"1" * 2000])
def test_a_size_that_is_none_is_refused(line: bytes) -> None:
    with pytest.raises(BadFraming):
        Chunked().feed(line)


@given(st.binary(max_size=60), st.lists(st.integers(0, 100)))
def test_a_counted_body_ends_by_its_count(body: bytes, places: list[int]) -> None:
    framing = Counted(len(body))
    assert b"".join(framing.feed(piece) for piece in cut(body + b"next", places)) == body
    assert framing.ended


@pytest.mark.parametrize("name", ["gzip", "x-gzip", " GZIP ", "deflate"])
def test_packed_bytes_are_unpacked(name: str) -> None:
    packed = zlib.compress(b"hello") if name == "deflate" else gzip.compress(b"hello")
    unpacker = Unpacker(name)
    assert (
        b"".join(out for at in range(len(packed)) for out in unpacker.feed(packed[at : at + 1])) == b"hello"
    )


def test_a_bomb_is_unpacked_in_small_pieces() -> None:
    pieces = Unpacker("gzip").feed(gzip.compress(bytes(50_000_000)))
    assert len(next(pieces)) <= UNPACKED_AT_ONCE


def test_a_foreign_packing_is_refused() -> None:
    with pytest.raises(BadFraming):
        Unpacker("br")
    with pytest.raises(BadFraming):
        list(Unpacker("gzip").feed(b"not packed at all"))
