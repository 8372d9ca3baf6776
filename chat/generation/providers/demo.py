"""The provider without a key: real Markdown at a human pace, which says that it is a demo."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Self
from zlib import crc32

from chat.core.prompt import CONTINUE
from chat.generation.providers.demo_quotes import IN_VAIN, quoted
from chat.generation.providers.types import (
    Aborted,
    Ask,
    Delta,
    Finished,
    Item,
    Reasoning,
    Usage,
    estimate_usage,
)

ANSWERS = Path(__file__).parent / "answers"
TOKENS_PER_S = 45.0  # the mean; single gaps vary as a model's do
THINKING_S = 0.4  # before the first token
BREATH_S = 0.12  # after a line

# Which words of a question choose which answer; the first that fits.
TOPICS = (
    ("japanese", r"[\u3040-\u30ff\u4e00-\u9fff]|japanese|nihongo"),
    ("code", r"\b(api|code|curl|python|javascript|script|program\w*|develop\w*|endpoints?)\b"),
    ("try", r"\b(try|test|break|demo|share|link|reload|stop|ideas?)\b"),
    ("journey", r"\b(drivers?|viewers?|how|why|works?|tokens?|streams?|store[ds]?|table|explain)\b"),
    ("welcome", r"\b(hi|hello|hey|help|what|who|headwater|welcome|key|start)\b"),
)
THINKS = r"\b(think\w*|thoughts?|reason\w*)\b"  # a question with one of these is thought about first
_TOKEN = re.compile(
    r" ?[^\W\d_\u3040-\u9fff]{1,7}| ?\d{1,3}|[\u3040-\u9fff]{1,2}|\n+| ?[^\w\s]{1,2}|.", re.DOTALL
)


class DemoProvider:
    """See `types.Provider`. The same question gets the same answer."""

    name = "demo"
    default_model = "demo"

    def __init__(self, sleep: Callable[[float], None], models: Sequence[str] = ()) -> None:
        self._sleep = sleep
        self._models = tuple(models)

    def models(self) -> Sequence[str]:
        return self._models

    def served(self) -> Sequence[str]:
        return (self.default_model,)

    def open(self, ask: Ask) -> "DemoAnswer":
        return DemoAnswer(ask, self._sleep)


class DemoAnswer:
    """See `types.Answer`. `close` is heard at the next token, some 20 ms later."""

    def __init__(self, ask: Ask, sleep: Callable[[float], None]) -> None:
        self._ask = ask
        self._sleep = sleep
        self._closed = False
        self._items = self._run()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item:
        return next(self._items)

    def close(self) -> None:
        self._closed = True

    def _run(self) -> Iterator[Item]:
        thought, text = thought_before(self._ask), rest_of_answer(self._ask)
        yield from map(Reasoning, self._say(thought))
        yield from map(Delta, self._say(text))
        guess = estimate_usage(self._ask, thought + text)
        yield Usage(guess.input_tokens, guess.output_tokens, estimated=True)
        yield Finished("stop")

    def _say(self, text: str) -> Iterator[str]:
        for token, pause in paced(text):
            if not self._closed:
                self._sleep(pause)
            if self._closed:
                raise Aborted
            yield token


def thought_before(ask: Ask) -> str:
    """Give what is to be thought aloud; nothing where nobody asked for it, or the answer goes on."""
    last = ask.messages[-1] if ask.messages else {"role": "", "content": ""}
    if last["role"] != "user" or last["content"] == CONTINUE:
        return ""
    asked = ask.question or str(last["content"])
    return read_answer("thought") if re.search(THINKS, asked, re.IGNORECASE) else ""


def rest_of_answer(ask: Ask) -> str:
    """Choose the answer; where one was interrupted, what of it is still to be said."""
    asked = [str(message["content"]) for message in ask.messages if message["role"] == "user"]
    said = ""
    if len(asked) > 1 and asked[-1] == CONTINUE:
        said, asked = str(ask.messages[-2]["content"]), asked[:-1]
    elif ask.messages and ask.messages[-1]["role"] == "assistant":
        said = str(ask.messages[-1]["content"])
    question = ask.question or (asked[-1] if asked else "")
    whole = quoted(question, ask.sources) if ask.sources else read_answer(topic_of(question))
    if ask.in_vain or said.startswith(IN_VAIN[:20]):  # who goes on with it has not searched
        whole = IN_VAIN + whole
    return whole.removeprefix(said)


def topic_of(question: str) -> str:
    """Name the answer that suits a question."""
    for topic, words in TOPICS:
        if re.search(words, question, re.IGNORECASE):
            return topic
    return TOPICS[crc32(question.encode(errors="replace")) % len(TOPICS)][0]


@cache
def read_answer(topic: str) -> str:
    return (ANSWERS / f"{topic}.md").read_text(encoding="utf-8")


def paced(text: str) -> Iterator[tuple[str, float]]:
    """Cut a text into tokens, each with the seconds to wait before it; the same for the same text."""
    chance = Random(crc32(text.encode()))
    breath = THINKING_S
    for token in _TOKEN.findall(text):
        yield token, breath + chance.uniform(0.4, 1.6) / TOKENS_PER_S
        breath = BREATH_S if "\n" in token else 0.0
