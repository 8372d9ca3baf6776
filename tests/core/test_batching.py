"""When the deltas that wait are a batch: boundaries, age, size; however a text is cut into deltas."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.batching import Batcher, parse_chunk_by
from chat.core.log import is_boundary
from tests.core.texts import any_text, cut

NEVER_MS = 10**9
RULES = st.sampled_from(["word", "sentence", "paragraph", "1", "2", "7", "100"])


def batches(chunk_by: str, text: str) -> list[str]:
    """Feed one character after the other, store whatever is ready; the last one is what still waits."""
    batcher, data, stored, found = Batcher(chunk_by, NEVER_MS), text.encode(), 0, []
    for character in text:
        batcher.feed(character, 0.0)
        upto = batcher.ready(0.0)
        if upto is not None:
            found.append(data[stored:upto].decode())
            batcher.stored(stored := upto)
    return [*found, data[stored:].decode()]


def last_boundary(chunk_by: str, deltas: list[str]) -> int | None:
    batcher = Batcher(chunk_by, NEVER_MS, max_bytes=10**9)
    for delta in deltas:
        batcher.feed(delta, 0.0)
    return batcher.ready(0.0)


@pytest.mark.parametrize(
    "parts",
    [
        ["One. ", "Two! ", "Three? ", "Four… ", "Five... ", "six"],
        ["Pi is 3.14, about.\n", ""],
        ["Fruit, e.g. figs, i.e. sweet ones. ", "Next"],
        ["Dr. Who met Mr. Hyde vs. J. Smith of the U.S. at 5 p.m. today. ", "Ph.D. too"],
        ["See https://example.org/a.html?q=1!x and mail@example.org. ", "Then"],
        ["He said “Go!” ", "and (really?) ", "**left.** ", "then"],
        ["你好。", "「世界。」", "真的吗？！", "是的"],
        ["これはペンです。\n", "終わり"],
        ["नमस्ते। ", "مرحبا؟ ", "ok"],
        ["A line without a mark\n", "\n", "the next\r\n", "end"],
        ["Steps:\n", "1. First. ", "Then.\n", "2. Second\n", "> 3. Third"],
        ["It was in 1999. ", "Then"],
        ["At              7. ", "all"],
        ["No. ", "Never"],
        ["Wait for what comes next."],
        ["x != y and a.b(c)!d"],
    ],
)  # fmt: skip
def test_a_sentence_ends_where_a_reader_would_end_it(parts: list[str]) -> None:
    assert batches("sentence", "".join(parts)) == parts


def test_a_mark_at_the_end_waits_for_the_character_that_decides() -> None:
    batcher = Batcher("sentence", NEVER_MS)
    batcher.feed("It is 3.", 0.0)
    assert batcher.ready(0.0) is None
    batcher.feed("14. ", 0.0)
    assert batcher.ready(0.0) == len("It is 3.14. ")


def test_a_chinese_stop_waits_for_the_quote_that_may_close_it() -> None:
    batcher = Batcher("sentence", NEVER_MS)
    batcher.feed("「好。", 0.0)
    assert batcher.ready(0.0) is None
    batcher.feed("」是", 0.0)
    assert batcher.ready(0.0) == len("「好。」".encode())


@pytest.mark.parametrize(
    ("chunk_by", "parts"),
    [
        ("word", ["one ", "two\t", " ", "three\n", "four"]),
        ("word", ["世界 ", "你好\u3000", "x"]),
        ("paragraph", ["one\ntwo\n\n", "three\r\n\r\n", "four\n \t\n", "\n", "five\nsix"]),
        ("4", ["abcd", "efgh", "ij"]),
        ("4", ["a世", "bcde", "😀", "f"]),
        ("1", ["a", "é", "😀", ""]),
    ],
)
def test_the_other_rules_end_a_batch_where_they_say(chunk_by: str, parts: list[str]) -> None:
    assert batches(chunk_by, "".join(parts)) == parts


@given(chunk_by=RULES, text=any_text, data=st.data())
def test_every_cut_of_a_text_has_the_same_boundaries(chunk_by: str, text: str, data: st.DataObject) -> None:
    deltas = data.draw(cut(st.just(text)))
    assert last_boundary(chunk_by, deltas) == last_boundary(chunk_by, list(text))
    # and asking after each delta finds no other last one than asking once
    asked = Batcher(chunk_by, NEVER_MS, max_bytes=10**9)
    answers = [asked.feed(delta, 0.0) or asked.ready(0.0) for delta in deltas]
    assert answers[-1] == last_boundary(chunk_by, deltas)


@given(
    chunk_by=RULES,
    deltas=cut(any_text),
    pauses=st.lists(st.integers(0, 30), min_size=61, max_size=61),
    base=st.integers(0, 10**6),
    fails=st.lists(st.booleans(), min_size=61, max_size=61),
)
def test_batches_follow_one_another_and_nothing_waits_beyond_its_time(
    chunk_by: str, deltas: list[str], pauses: list[int], base: int, fails: list[bool]
) -> None:
    batcher = Batcher(chunk_by, flush_ms=50, offset=base, max_bytes=64)
    text, stored, now, asked, arrivals = b"", base, 0.0, base, []
    for delta, pause, fail in zip(deltas, pauses, fails, strict=False):
        now += pause / 1000
        batcher.feed(delta, now)
        text += delta.encode()
        arrivals.append((base + len(text), now))
        upto = batcher.ready(now)
        oldest = min((came for end, came in arrivals if end > stored), default=now)
        if base + len(text) - stored >= 64 or (base + len(text) > stored and now - oldest >= 0.050):
            assert upto == base + len(text)
        if upto is not None:
            assert stored < upto <= base + len(text)
            assert upto >= asked
            assert is_boundary(text, upto - base)
            asked = upto
            if not fail:  # a failed commit is asked for again
                batcher.stored(stored := upto)
    if base + len(text) > stored:
        assert batcher.ready(now + 0.051) == base + len(text)
        batcher.stored(base + len(text))
    assert batcher.ready(now + 10) is None


def test_age_counts_from_the_oldest_delta_that_is_not_stored() -> None:
    batcher = Batcher("word", flush_ms=500)
    batcher.feed("one two", 0.0)
    assert batcher.ready(0.0) == 4
    batcher.stored(4)  # "two" of the same delta still waits since then
    assert batcher.ready(0.499) is None
    assert batcher.ready(0.5) == 7
    batcher.stored(7)
    batcher.feed("three", 0.6)
    assert batcher.ready(1.0) is None


def test_an_empty_delta_starts_no_clock() -> None:
    batcher = Batcher("sentence", flush_ms=500)
    batcher.feed("", 0.0)
    batcher.feed("word", 10.0)
    assert batcher.ready(10.4) is None


def test_storing_an_older_offset_changes_nothing() -> None:
    batcher = Batcher("word", NEVER_MS)
    batcher.feed("one two ", 0.0)
    batcher.stored(8)
    batcher.stored(4)
    assert batcher.ready(0.0) is None


def test_no_more_than_the_limit_waits_for_a_boundary() -> None:
    batcher = Batcher("paragraph", NEVER_MS)
    batcher.feed("x" * 4095, 0.0)
    assert batcher.ready(0.0) is None
    batcher.feed("é", 0.0)
    assert batcher.ready(0.0) == 4097


def test_an_answer_without_a_boundary_is_not_kept_in_the_batcher() -> None:
    batcher = Batcher("sentence", flush_ms=0)
    for _ in range(1000):
        batcher.feed("x" * 100, 0.0)
        upto = batcher.ready(0.0)
        assert upto is not None
        batcher.stored(upto)
    held = len(batcher._old) + sum(map(len, batcher._new)) + len(batcher._arrivals)
    assert held < 100


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("word", "word"),
        ("sentence", "sentence"),
        ("paragraph", "paragraph"),
        (1, "1"),
        (4096, "4096"),
        ("8", "8"),
    ],
)
def test_a_rule_is_written_in_one_form(asked: str | int, written: str) -> None:
    assert parse_chunk_by(asked) == written


@pytest.mark.parametrize(
    "asked", ["", "line", "WORD", "0", 0, -1, 4097, "4097", "+5", "5 ", "٣", "1.5", True, "00080", "by_word"]
)
def test_a_rule_that_is_none_is_refused(asked: str | int) -> None:
    with pytest.raises(ValueError, match="chunk_by"):
        parse_chunk_by(asked)
