"""Cleaning deltas: whatever a provider sends, every database and reader can take it."""

import re

from hypothesis import given
from hypothesis import strategies as st

from chat.core.ingest import Cleaner
from tests.core.texts import any_text, cut

dirty_text = st.lists(
    st.sampled_from(["\0", "\ud83d", "\ude00", "\ud83d\ude00", "😀", "a", "世", "\uffff"])
    | st.text(max_size=3)
).map("".join)


def clean(deltas: list[str]) -> str:
    cleaner = Cleaner()
    return "".join(map(cleaner.feed, deltas)) + cleaner.close()


def by_the_letter(text: str) -> str:
    """Drop NUL, then join every high half with the low one after it, then replace what is left alone."""
    text = text.replace("\0", "")
    text = re.sub(
        "([\ud800-\udbff])([\udc00-\udfff])",
        lambda pair: chr(0x10000 + ((ord(pair[1]) - 0xD800) << 10) + ord(pair[2]) - 0xDC00),
        text,
    )
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


@given(cut(dirty_text))
def test_every_cut_of_a_text_gives_the_same_clean_text(deltas: list[str]) -> None:
    assert clean(deltas) == by_the_letter("".join(deltas))


@given(cut(any_text.map(lambda text: text.replace("\0", ""))))
def test_clean_text_passes_unchanged_and_at_once(deltas: list[str]) -> None:
    cleaner = Cleaner()
    assert [cleaner.feed(delta) for delta in deltas] == deltas
    assert cleaner.close() == ""


@given(cut(dirty_text))
def test_what_comes_out_can_always_be_stored(deltas: list[str]) -> None:
    cleaner = Cleaner()
    for delta in deltas:
        assert b"\0" not in cleaner.feed(delta).encode()


def test_an_emoji_in_two_deltas_is_one() -> None:
    cleaner = Cleaner()
    assert [cleaner.feed("ok \ud83d"), cleaner.feed("\ude00!")] == ["ok ", "😀!"]


def test_a_half_that_nothing_completes_is_replaced_once() -> None:
    cleaner = Cleaner()
    assert cleaner.feed("\ud83d") == ""
    assert cleaner.close() == "\ufffd"
    assert cleaner.close() == ""
