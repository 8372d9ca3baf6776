"""What a conversation is called: a line that a model made of its beginning, or its first words."""

import re

LONGEST = 60  # characters of a title
EXCERPT = 2_000  # bytes of a question, and of its answer, that a model is shown
TASK = (
    "Name the conversation below. Answer with a title of three to six words in the language of the question, "
    "on one line, without quotes, Markdown or a full stop. Do not answer the question itself."
)
THOUGHT = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)
LEAD = re.compile(r"(?:title|titel|titre|título|titolo)\s*[:：]\s*", re.IGNORECASE)
AROUND = " \t\"'`*_#~“”„‟«»‘’‚‹›「」『』《》-–—"
END = ".。．,，;；:："


def title_messages(question: str, answer: str) -> list[dict[str, str]]:
    """Write the request for a title: the beginning of the first exchange, and what to do with it."""
    said = f"Question:\n{excerpt(question)}\n\nAnswer:\n{excerpt(answer)}"
    return [{"role": "system", "content": TASK}, {"role": "user", "content": said}]


def excerpt(text: str) -> str:
    """Cut a text to its first bytes, never inside a character."""
    return text.encode()[:EXCERPT].decode(errors="ignore").strip()


def is_enough(said: str) -> bool:
    """Say whether a model that still writes has written the whole title, or more than one can use."""
    said = THOUGHT.sub("", said).lstrip() if "<think>" in said else said.lstrip()
    return "\n" in said or len(said) > 4 * LONGEST


def clean_title(said: str) -> str | None:
    """Make a title of what a model said; None when there is nothing to make one of."""
    lines = [line.strip(AROUND) for line in THOUGHT.sub("", said).splitlines()]
    first = next(filter(None, lines), "")
    bare = LEAD.sub("", first, count=1).strip(AROUND).rstrip(END).strip(AROUND)
    return cut(bare) if any(map(str.isalnum, bare)) else None


def first_words(question: str) -> str | None:
    """Make a title of a question: its first words."""
    return cut(question) or None


def cut(text: str) -> str:
    """Cut a text to one short line, at a word where there are words."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text[:500]).split())
    if len(text) <= LONGEST:
        return text
    room = text[: LONGEST - 1]
    head, blank, _ = text[:LONGEST].rpartition(" ")
    return f"{(head if blank and len(head) > LONGEST // 2 else room).rstrip(' ,;:.')}…"
