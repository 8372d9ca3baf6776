"""Answers of a given size and kind, for measuring what a page's viewer is sent."""

from collections.abc import Callable

SENTENCE = "A stream is a log, and whoever reads it holds an offset; item {n} says so once more. "
KINDS: dict[str, Callable[[int], str]] = {
    "prose": lambda n: SENTENCE.format(n=n) + ("\n\n" if n % 8 == 7 else ""),
    "list": lambda n: f"- **Item {n}**: a line of some length, with `code` in it, number {n}.\n",
    "table": lambda n: f"| row {n} | a cell with words | {n * 37} | *done* |\n",
    "code": lambda n: f"    value_{n} = compute(source[{n}], limit={n * 3})  # step {n} of many\n",
}
HEADS = {"table": "| name | text | count | state |\n|---|---|---|---|\n", "code": "```python\n"}
FEET = {"code": "```\n"}


def answer(kind: str, size: int) -> str:
    """Write about `size` bytes of this kind: one list, one table or one code block, however long."""
    lines, length, number = [HEADS.get(kind, "")], 0, 0
    while length < size:
        lines.append(KINDS[kind](number))
        length += len(lines[-1])
        number += 1
    return "".join(lines) + FEET.get(kind, "")
