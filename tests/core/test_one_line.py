"""One line: what is seen of a name, in its order, and nothing where nothing is seen."""

import re

import pytest

from chat.core.documents.file_names import clean_name
from chat.core.logins import parse_name
from chat.core.one_line import SOMETHING, one_line


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("  Rivers \t and\r\nlakes ", "Rivers and lakes"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("a\u2066b\u2069\ufeff\u200b\u00ad", "ab"),
        ("Bell\x07 and\x85NUL\x00", "Bell and NUL"),
        ("half\ud800 a letter", "half a letter"),
        ("orders\U000e0049\U000e0067 to a model", "orders to a model"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🚀 and 日本語", "👩\u200d🚀 and 日本語"),
    ],
)
def test_what_is_seen_stays_in_the_order_it_was_typed(said: str, kept: str) -> None:
    assert one_line(said) == kept
    assert one_line(kept) == kept


@pytest.mark.parametrize(
    "said", ["", " ", "\u202e", "\u3164\u2800", "\u200d", " \u00a0\u3000\n", "\U000e0041"]
)
def test_a_name_of_which_nothing_is_seen_is_none(said: str) -> None:
    assert one_line(said) == parse_name(said) == ""
    assert clean_name(said) == "Document"
    assert not re.search(SOMETHING, said)


def test_a_name_that_is_cut_to_what_nobody_sees_is_none() -> None:
    assert parse_name("\u200d" * 90 + "Ada") == ""
    assert one_line("\u200d" * 3 + "Ada", 5) == "\u200d" * 3 + "Ad"
