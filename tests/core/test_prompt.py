"""What is said to the model."""

import pytest

from chat.core.prompt import Turn, build, continuation, request_fields, without_repeated

ASKED = [Turn("user", "Why?"), Turn("assistant", "Because."), Turn("user", "And then?")]


def test_the_instructions_come_first_and_the_turns_in_their_order() -> None:
    assert build("Be brief.", ASKED) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Why?"},
        {"role": "assistant", "content": "Because."},
        {"role": "user", "content": "And then?"},
    ]


def test_blank_instructions_are_none() -> None:
    assert build(None, ASKED) == build("", ASKED) == build(" \n", ASKED)
    assert build(None, ASKED)[0]["role"] == "user"


def test_an_answer_that_never_got_a_word_is_left_out() -> None:
    assert build(None, [Turn("user", "Hi"), Turn("assistant", ""), Turn("user", "Hello?")]) == [
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "Hello?"},
    ]


def test_texts_are_passed_on_to_the_letter() -> None:
    assert build(None, [Turn("user", "  code:\n\tx\n")])[0]["content"] == "  code:\n\tx\n"


def test_a_cut_answer_is_shown_and_its_rest_asked_for() -> None:
    asked = build(None, ASKED)
    *before, partial, wish = continuation(asked, "First, ")
    assert before == asked
    assert partial == {"role": "assistant", "content": "First, "}
    assert wish["role"] == "user"
    assert "Continue" in wish["content"]


def test_an_answer_cut_before_its_first_word_is_asked_for_again() -> None:
    asked = build(None, ASKED)
    assert continuation(asked, " \n") == asked
    assert continuation(asked, "") is not asked


@pytest.mark.parametrize("prefill", ["message", "prefix", "vllm"])
def test_a_server_that_goes_on_by_itself_gets_the_partial_answer_last_and_no_blank_at_its_end(
    prefill,
) -> None:
    asked = build(None, ASKED)
    *before, partial = continuation(asked, "First, \n", prefill)
    assert before == asked
    assert (partial["role"], partial["content"]) == ("assistant", "First,")
    assert partial.get("prefix", False) == (prefill == "prefix")
    assert bool(request_fields(prefill)) == (prefill == "vllm")


@pytest.mark.parametrize(
    ("blank", "pieces", "whole"),
    [
        (" ", [" then"], "then"),
        (" ", ["then"], "then"),
        ("\n\n", ["\n", "\n- a"], "- a"),
        (" ", ["\n\nA"], "\n\nA"),
        ("", ["  x"], "  x"),
        ("  ", [" ", " ", " x"], " x"),
    ],
)
def test_white_space_that_is_stored_already_does_not_come_twice(blank, pieces, whole) -> None:
    text = ""
    for piece in pieces:
        blank, new = without_repeated(blank, piece) if blank else ("", piece)
        text += new
    assert text == whole
