"""What is written where: a withdrawal is marked on a screen, and a failure where it cannot be."""

import io

import pytest

from chat.terminal.asking import withdraw
from chat.terminal.failure import Failure
from chat.terminal.paper import Paper
from chat.terminal.reading import Withdrawn


def test_a_screen_is_told_what_was_withdrawn() -> None:
    out = io.BytesIO()
    paper = Paper(out, is_screen=True)
    paper.write("Half a sen")
    withdraw(Withdrawn(3), paper)
    paper.write("nce.")
    before, mark, after = out.getvalue().decode().split("\n")
    assert (before, after) == ("Half a sen", "nce.")
    assert mark.startswith("\x1b[1m[the last 3 bytes were withdrawn")


def test_what_stands_in_a_pipe_cannot_be_withdrawn_without_a_word() -> None:
    with pytest.raises(Failure):
        withdraw(Withdrawn(3), Paper(io.BytesIO(), is_screen=False))


def test_a_line_is_ended_once() -> None:
    out = io.BytesIO()
    paper = Paper(out, is_screen=False)
    for text in ("a", "", "b\n"):
        paper.write(text)
        paper.end_line()
    assert out.getvalue() == b"a\nb\n"


@pytest.mark.parametrize("is_screen", [True, False])
def test_bytes_are_utf_8_and_a_screen_gets_no_control_characters(is_screen: bool) -> None:
    out = io.BytesIO()
    Paper(out, is_screen=is_screen).write("é\t\x1b[1m日\r\n\x9b")
    assert out.getvalue().decode() == ("é\t[1m日\n" if is_screen else "é\t\x1b[1m日\r\n\x9b")
