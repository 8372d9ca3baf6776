"""Logins and passwords: one form of each, and no time lost with what is far too long to be one."""

import time
from unicodedata import normalize

import pytest

from chat.core.logins import LONGEST_LOGIN, LONGEST_PASSWORD, BadLogin, parse_login, parse_password

HANGUL = "\ud55c"  # one character, or the three letters that it is made of
MARKS = "\u0f71\u0f72\u0f74" * 100_000  # out of order: Unicode takes the square of their number to sort them


def test_what_was_typed_in_parts_is_the_same_as_the_whole() -> None:
    assert parse_login(normalize("NFD", HANGUL * LONGEST_LOGIN)) == HANGUL * LONGEST_LOGIN
    typed = normalize("NFD", HANGUL * LONGEST_PASSWORD)
    assert parse_password(typed) == HANGUL * LONGEST_PASSWORD


def test_nobody_who_is_not_signed_in_holds_up_all_others_with_marks() -> None:
    began = time.process_time()
    with pytest.raises(BadLogin):
        parse_login(MARKS)
    parse_password(MARKS)
    assert time.process_time() - began < 5  # minutes, where they are put in order
