"""The scripted provider goes on with a cut answer exactly where it stops, whichever way it is asked to."""

import pytest

from chat.core.prompt import Prefill, Turn, build, continuation
from tests.scripted import DoesNotFit, Script, answer_of, kept_text, rest_of

SCRIPT = Script(text="One two three, naïve 日本語 🙂 and the rest of it.", continues=True)
ASKED = build(None, [Turn("user", "One."), Turn("assistant", "Yes."), Turn("user", "And now?")])


@pytest.mark.parametrize("prefill", [None, "message", "prefix", "vllm"])
@pytest.mark.parametrize("length", range(1, len(SCRIPT.text)))
def test_what_it_kept_and_what_it_is_given_are_the_whole_answer(length: int, prefill: Prefill | None) -> None:
    kept = kept_text(continuation(ASKED, SCRIPT.text[:length], prefill))
    assert kept in (SCRIPT.text[:length], SCRIPT.text[:length].rstrip())
    assert kept + answer_of(rest_of(SCRIPT, kept)) == SCRIPT.text


def test_a_new_question_continues_nothing() -> None:
    assert kept_text(ASKED) == ""
    assert answer_of(rest_of(SCRIPT, "")) == SCRIPT.text


def test_what_it_never_said_it_does_not_continue() -> None:
    with pytest.raises(DoesNotFit):
        rest_of(SCRIPT, "One two four")
