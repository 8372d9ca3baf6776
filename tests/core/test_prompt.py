"""What is said to the model."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.prompt import (
    Budget,
    Fitted,
    Room,
    Turn,
    build,
    choose,
    continuation,
    fit,
    request_fields,
    without_repeated,
)
from chat.core.sources import Source
from chat.core.tokens import tokens_of

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


# ── what a model can hold ────────────────────────────────────────────────────────────────────

CODE = "3f9a1c0b2d4e5f60"


def contents(fitted: Fitted) -> list[str]:
    return [message["content"] for message in fitted.messages]


def turns_of(*texts: str) -> list[Turn]:
    return [Turn("assistant" if at % 2 else "user", text) for at, text in enumerate(texts)]


def source(number: int, text: str) -> Source:
    return Source(number, "d", "a.txt", number, None, "", text)


def test_what_fits_is_told_whole() -> None:
    fitted = fit("Be brief.", ASKED, [], Budget(1000), CODE)
    assert fitted.messages == build("Be brief.", ASKED)
    assert (fitted.question, fitted.sources, fitted.left_out) == ("And then?", [], 0)


def test_of_what_was_said_the_oldest_is_left_out_first() -> None:
    turns = turns_of("one " * 100, "two " * 100, "three " * 100, "four " * 100, "five?")
    fitted = fit("Be brief.", turns, [], Budget(500), CODE)
    assert contents(fitted) == ["Be brief.", "three " * 100, "four " * 100, "five?"]
    assert fitted.left_out == 2


def test_nobody_answers_before_somebody_asked() -> None:
    turns = turns_of("one " * 100, "two", "three?")
    fitted = fit(None, turns, [], Budget(100), CODE)
    assert [message["role"] for message in fitted.messages] == ["user"]
    assert fitted.left_out == 2


def test_the_instructions_and_the_question_are_told_however_long() -> None:
    fitted = fit("rule " * 500, turns_of("one", "two", "why " * 500), [], Budget(100), CODE)
    assert contents(fitted) == ["rule " * 500, "why " * 500]
    assert fitted.left_out == 2


def test_an_answer_that_goes_on_takes_the_room_of_what_was_before() -> None:
    turns = turns_of("one " * 100, "two " * 100, "three?")
    assert fit(None, turns, [], Budget(300), CODE).left_out == 0
    assert fit(None, turns, [], Budget(300), CODE, so_far="four " * 100).left_out == 2


def test_sources_come_before_what_was_said_and_stand_beside_the_question() -> None:
    turns = turns_of("one " * 100, "two " * 100, "three?")
    given = [source(1, "It ends. " * 30)]
    fitted = fit(None, turns, given, Budget(600), CODE)
    assert fitted.left_out == 2
    assert [message["role"] for message in fitted.messages] == ["system", "user"], "and roles alternate"
    assert given[0].text.strip() in contents(fitted)[-1]
    assert fitted.sources == given


def test_of_the_sources_the_best_are_given_under_new_numbers() -> None:
    found = [source(3, "a " * 200), source(5, "b " * 2000), source(8, "c " * 200)]
    chosen = choose(None, "Why?", found, Budget(16_000, 500))
    assert [(one.number, one.text[0]) for one in chosen] == [(1, "a"), (2, "c")]
    assert choose(None, "Why?", found, Budget(16_000, 100)) == []
    assert len(choose(None, "Why?", found, Budget(16_000))) == 3, "0 is no bound"
    assert choose(None, "why " * 5000, found, Budget(1000, 500)) == [], "the question comes first"


def test_no_more_are_given_than_a_mark_can_name() -> None:
    assert len(choose(None, "?", [source(1, "a")] * 1200, Budget(10**6))) == 999


def test_marks_of_earlier_answers_are_not_told_for_their_numbers_mean_others_now() -> None:
    turns = [Turn("user", "Why [1]?"), Turn("assistant", "Because [1][2].", cites=True), Turn("user", "And?")]
    assert contents(fit(None, turns, [], Budget(1000), CODE)) == ["Why [1]?", "Because.", "And?"]
    plain = [replace(turn, cites=False) for turn in turns]
    assert contents(fit(None, plain, [], Budget(1000), CODE))[1] == "Because [1][2]."


def test_single_models_have_a_room_of_their_own() -> None:
    room = Room(16_000, 3_000, {"small": 4_000})
    assert (room.of("small").tokens, room.of("other").tokens) == (4_000, 16_000)


@given(st.lists(st.text(max_size=400), min_size=1, max_size=12), st.integers(0, 400), st.integers(0, 3))
def test_whatever_is_said_the_question_is_last_and_only_what_must_be_goes_beyond_the_budget(
    texts: list[str], tokens: int, given_sources: int
) -> None:
    turns = [*turns_of(*texts[:-1]), Turn("user", texts[-1] + "?")]
    sources = [source(n, "It ends.") for n in range(1, given_sources + 1)]
    fitted = fit("Be brief.", turns, sources, Budget(tokens), CODE)
    told = contents(fitted)
    assert told[-1].endswith(texts[-1] + "?")
    blank = sum(not turn.text.strip() for turn in turns)
    assert fitted.left_out == len(turns) - blank - (len(told) - 1)
    must = tokens_of(told[0]) + tokens_of(told[-1])
    assert sum(map(tokens_of, told)) <= max(tokens, must)
