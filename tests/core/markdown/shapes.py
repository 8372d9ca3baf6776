"""Answers of one shape and any size, for measuring."""

from collections.abc import Callable, Iterator
from itertools import count

SENTENCE = (
    "The quick **brown fox** jumps over `lazy` dogs and *then* goes on to say some more words, "
    "[see](https://example.org/page) for the rest of it. "
)


def _paragraphs() -> Iterator[str]:
    for number in count():
        yield SENTENCE * (1 + number % 5) + "\n\n"


def _items() -> Iterator[str]:
    for number in count():
        yield f"- item {number} with **some** text that says `code` things\n"
        if number % 5 == 0:
            yield "  - nested child of that item\n"


def _rows() -> Iterator[str]:
    yield "| name | value | comment |\n|---|--:|---|\n"
    for number in count():
        yield f"| row {number} | {number * 37} | some words about *this* row |\n"


def _code() -> Iterator[str]:
    yield "```python\n"
    for number in count():
        yield f"    def function_{number}(self, x: int) -> int:\n"
        yield f"        return x + {number} if x < {number} else None\n"


def _one_paragraph() -> Iterator[str]:
    while True:
        yield SENTENCE


def _mixed() -> Iterator[str]:
    for make in (shape for _ in count() for shape in (_paragraphs, _items, _rows, _one_paragraph)):
        yield "## A heading\n\n" + _up_to(500, make()) + "\n\n"


SHAPES: dict[str, Callable[[], Iterator[str]]] = {
    "prose": _paragraphs,
    "mixed": _mixed,
    "list": _items,
    "table": _rows,
    "code": _code,
    "one paragraph": _one_paragraph,
}


def answer(shape: str, size: int) -> str:
    """Write an answer of about `size` characters, all of this shape."""
    return _up_to(size, SHAPES[shape]())


def _up_to(size: int, pieces: Iterator[str]) -> str:
    text = ""
    while len(text) < size:
        text += next(pieces)
    return text
