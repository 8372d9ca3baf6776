"""Texts as models write them, and every way to cut them into deltas."""

from typing import TypeVar

from hypothesis import strategies as st

# What trips a scanner or a cut: scripts without spaces, emoji of several code points, combining
# marks, Unicode's own line ends, Markdown, abbreviations, every kind of white space.
_PIECES = (
    "Hello", " ", "  ", "\n", "\n\n", "\r\n", "\t", ".", "!", "?", "…", "...", "3.14", "e.g.",
    "i.e. ", "Dr. ",
    "https://a.io/b.c?d=1! ", "**bold.** ", "“Yes!” ", "(etc.) ", "1. ", "\n12. ", "at              7",
    "end.)”’»]*_` ",
    "`x.y`", "U.S. ", "vs. ",
    "你好", "。", "！？", "」", "「世界。」", "한국어. ", "สวัสดี", "नमस्ते। ",
    "مرحبا؟ ", "é", "👩‍👩‍👧‍👦", "🇨🇭", "😀",
    "\u2028", "\u0085", "\u00a0", "\x0b", "\ufeff", "\ufffd",
)  # fmt: skip

any_text = st.lists(st.sampled_from(_PIECES) | st.text(max_size=4), max_size=40).map("".join)


T = TypeVar("T", str, bytes)


@st.composite
def cut(draw: st.DrawFn, whole: st.SearchStrategy[T]) -> list[T]:
    """Cut what `whole` gives into pieces, empty ones too; joined they are the whole again."""
    value = draw(whole)
    places = sorted(draw(st.lists(st.integers(0, len(value)), max_size=60)))
    return [value[a:b] for a, b in zip([0, *places], [*places, len(value)], strict=True)]
