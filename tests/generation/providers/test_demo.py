"""The built-in demo: varied Markdown at a human pace, honest about what it is; and when it is chosen."""

import time
from dataclasses import replace

import pytest

from chat.core.citing import cited, settled
from chat.core.markdown.regions import render
from chat.core.prompt import CONTINUE, continuation
from chat.core.sources import Source
from chat.generation.providers import choose
from chat.generation.providers.demo import (
    TOPICS,
    DemoProvider,
    paced,
    read_answer,
    rest_of_answer,
    thought_before,
    topic_of,
)
from chat.generation.providers.demo_quotes import IN_VAIN
from chat.generation.providers.types import Aborted, Ask, Delta, Finished, Patience, Reasoning, Usage
from tests.generation.providers.conftest import hear, question

ALL = [topic for topic, _ in TOPICS]


def test_an_answer_streams_and_finishes() -> None:
    slept: list[float] = []
    heard = hear(DemoProvider(slept.append).open(question(text="What should I try?")))  # type: ignore[arg-type]
    assert heard.text == read_answer("try")
    assert [type(item) for item in heard.items[-2:]] == [Usage, Finished]
    assert heard.usage is not None
    assert heard.usage.estimated
    tokens = sum(isinstance(item, Delta) for item in heard.items)
    assert 30 <= tokens / sum(slept) <= 60
    assert len(set(slept)) > 50  # natural, not a metronome


@pytest.mark.parametrize("topic", ALL)
def test_every_answer_is_rich_and_says_what_it_is(topic: str) -> None:
    text = read_answer(topic)
    assert "\n- " in text or "\n1. " in text
    for mark in ("# ", "|---|", "```", "> ", "**"):
        assert mark in text
    assert not text.isascii()
    assert "OPENAI_API_KEY" in text
    assert "demo" in text
    assert text.count("```") % 2 == 0


@pytest.mark.parametrize("topic", ALL)
def test_cutting_into_tokens_loses_nothing(topic: str) -> None:
    text = read_answer(topic)
    tokens = list(paced(text))
    assert "".join(token for token, _ in tokens) == text
    assert tokens == list(paced(text))
    assert max(len(token) for token, _ in tokens) <= 8


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Hello!", "welcome"),
        ("How do drivers and viewers work?", "journey"),
        ("What should I try?", "try"),
        ("Show me the API in code", "code"),
        ("日本語で答えて", "japanese"),
        ("What is Headwater?", "welcome"),
    ],
)
def test_the_question_chooses_the_answer(text: str, topic: str) -> None:
    assert topic_of(text) == topic


def test_questions_about_nothing_known_vary() -> None:
    assert len({topic_of(f"zzz {number}") for number in range(50)}) == len(ALL)
    assert topic_of("\ud800") in ALL
    assert topic_of("") in ALL


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_an_interrupted_answer_goes_on_exactly(share: float) -> None:
    messages = [{"role": "user", "content": "Hello!"}]
    whole = read_answer("welcome")
    partial = whole[: int(len(whole) * share)]
    assert partial + rest_of_answer(Ask(continuation(messages, partial))) == whole
    prefilled = continuation(messages, partial, "message")
    assert partial.rstrip() + rest_of_answer(Ask(prefilled)) == whole


def test_a_question_to_think_about_is_thought_about_first() -> None:
    heard = hear(DemoProvider(lambda seconds: None).open(question(text="Think about rivers")))
    assert heard.thought == read_answer("thought")
    assert [type(item) for item in heard.items].index(Delta) == sum(
        isinstance(item, Reasoning) for item in heard.items
    ), "before it answers"
    assert "demo" in heard.thought


@pytest.mark.parametrize("asked", ["Hello!", CONTINUE])
def test_others_are_not(asked: str) -> None:
    assert not hear(DemoProvider(lambda seconds: None).open(question(text=asked))).thought


def test_an_answer_that_goes_on_is_not_thought_about_again() -> None:
    messages = [{"role": "user", "content": "Think!"}]
    for prefill in (None, "message"):
        ask = Ask(continuation(messages, "# Hea", prefill))  # type: ignore[arg-type]
        assert not hear(DemoProvider(lambda seconds: None).open(ask)).thought


def test_a_lone_request_to_continue_is_a_question_like_others() -> None:
    assert rest_of_answer(Ask([{"role": "user", "content": CONTINUE}]))
    assert rest_of_answer(Ask([]))


def test_a_stop_is_heard_at_the_next_token() -> None:
    answer = DemoProvider(lambda seconds: None).open(question())
    assert isinstance(next(answer), Delta)
    answer.close()
    with pytest.raises(Aborted):
        next(answer)


def choose_with(**different: str) -> object:
    usual = {"key": "", "address": "", "model": "", "models": (), "proxies": {}}
    return choose(**(usual | different), patience=Patience(), now=time.monotonic, sleep=time.sleep)  # type: ignore[arg-type]


def test_a_key_or_an_address_means_a_real_provider() -> None:
    assert isinstance(choose_with(), DemoProvider)
    for different in ({"key": "sk-1"}, {"address": "http://localhost:11434/v1"}):
        assert choose_with(**different).name == "openai"  # type: ignore[attr-defined]


def test_the_default_model_is_the_named_one_else_the_first_offered() -> None:
    offered = {"key": "sk-1", "models": ("a", "b")}
    assert choose_with(**offered).default_model == "a"  # type: ignore[arg-type, attr-defined]
    assert choose_with(**offered, model="b").default_model == "b"  # type: ignore[arg-type, attr-defined]
    assert choose_with(**offered).models() == ("a", "b")  # type: ignore[arg-type, attr-defined]
    assert choose_with(key="sk-1").default_model  # type: ignore[attr-defined]


# ── with documents ───────────────────────────────────────────────────────────────────────────

LEASE = (
    "4.2 Notice. This agreement may be ended by either party with a notice of thirty days. Fees remain due."
)
SOURCES = [
    Source(1, "d1", "Le*ase [1].pdf", 3, 12, "4 Ending › 4.2 Notice", LEASE),
    Source(2, "d2", "notes.md", 1, None, "", "1. <b>Dr. Smith</b> agreed to a notice [9] of `30` days."),
    Source(3, "d2", "notes.md", 2, None, "", "Nothing of that."),
    Source(4, "d2", "notes.md", 3, None, "", "Beyond what is quoted."),
]


def with_sources(text: str = "How may the agreement be ended?") -> Ask:
    told = [{"role": "system", "content": "rules"}, {"role": "user", "content": f"think: {LEASE}\n{text}"}]
    return Ask(told, question=text, sources=SOURCES)


def test_where_there_are_documents_it_quotes_them_and_says_that_nobody_understood() -> None:
    text = rest_of_answer(with_sources())
    assert "> This agreement may be ended by either party with a notice of thirty days. [1]" in text
    assert "*Le\\*ase \\[1\\].pdf*, page 12, 4.2 Notice" in text
    assert "built-in demo" in text
    assert "OPENAI_API_KEY" in text
    assert cited(text, range(10)) == [1, 2], "what a document writes is no mark; 3 says nothing of it"
    assert "<b>" not in render(text)
    assert thought_before(with_sources()) == "", "a passage about thinking asks for no thoughts"
    assert thought_before(with_sources("Think about it.")) != ""


def test_each_quotation_is_the_sentence_that_its_source_is_marked_with() -> None:
    kept = settled(SOURCES, rest_of_answer(with_sources()))
    assert kept[0].quote is not None
    assert kept[0].text[slice(*kept[0].quote)].startswith("This agreement may")


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_an_interrupted_answer_of_quotations_goes_on_exactly(share: float) -> None:
    ask = with_sources()
    whole = rest_of_answer(ask)
    kept = whole[: int(len(whole) * share)]
    assert kept + rest_of_answer(replace(ask, messages=continuation(ask.messages, kept))) == whole


def test_of_what_is_given_whole_the_closest_is_quoted_first_wherever_it_stands() -> None:
    texts = ("Agreement of the parties.", "Fees.", "Agreements are kept.", "No agreement.", LEASE)
    whole = [Source(n, "d", "lease.pdf", n, None, "", text) for n, text in enumerate(texts, 1)]
    text = rest_of_answer(replace(with_sources("By what notice does the agreement end?"), sources=whole))
    assert 5 in cited(text, range(10))
    assert 2 not in cited(text, range(10))


def test_a_heading_is_quoted_with_what_follows_it() -> None:
    page = Source(
        1, "d", "report.pdf", 1, 1, "", "Founded in 1911.\n\nMembers\n\nWe are 1,284 now. Fees rose."
    )
    text = rest_of_answer(replace(with_sources("How many members?"), sources=[page]))
    assert "> Members We are 1,284 now. [1]" in text


def test_where_no_passage_has_a_word_of_the_question_it_says_so() -> None:
    text = rest_of_answer(with_sources("Which whale?"))
    assert "has a word in common" in text
    assert cited(text, range(10)) == [1, 2, 3]


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5])
def test_what_was_searched_in_vain_is_said_before_the_answer(share: float) -> None:
    ask = replace(question("hello"), question="hello", in_vain=True)
    whole = rest_of_answer(ask)
    assert whole == IN_VAIN + read_answer("welcome")
    kept = whole[: int(len(whole) * share)]
    on = replace(ask, messages=continuation(ask.messages, kept), in_vain=not kept)
    assert kept + rest_of_answer(on) == whole
