"""The grammar: CommonMark with tables, tasks, formulas and citations; no raw HTML, no definitions."""

import re
from collections.abc import MutableMapping, Sequence, Set
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import MD_TRIM_CHARS, escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block import table as table_rule
from markdown_it.rules_block.fence import fence as fence_rule
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from chat.core.markdown import chips, math

FENCE_MAY_INTERRUPT = ["paragraph", "reference", "blockquote", "list"]
CELLS_FILLED_UP = 4096  # of rows that are too short; the library's 65,536 take seconds and half a megabyte
LONE_RETURN = re.compile(r"\r(?!\n)")
LINKS_TO = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,32}")
TASK = re.compile(r"\[([ xX])\](?=\s)")


class LeanRenderer(RendererHTML):
    """HTML without white space between blocks, so that a page can be grown by appending elements."""

    def renderToken(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        token = tokens[idx]
        if token.hidden:  # the paragraph of a tight list item
            return ""
        if token.nesting == -1:
            return f"</{token.tag}>"
        return f"<{token.tag}{self.renderAttrs(token)}>"

    def fence(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        word = tokens[idx].info.split(maxsplit=1)
        known = word and LANGUAGE.fullmatch(word[0])
        opening = f'<code class="language-{word[0]}">' if known else "<code>"
        return f"<pre>{opening}{escapeHtml(tokens[idx].content)}</code></pre>"

    def code_block(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        return f"<pre><code>{escapeHtml(tokens[idx].content)}</code></pre>"

    def math(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        return f"<span{self.renderAttrs(tokens[idx])}>{escapeHtml(tokens[idx].content)}</span>"

    def math_block(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        return f'<div class="math">{escapeHtml(tokens[idx].content)}</div>'

    def task(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        return f'<span class="box">{tokens[idx].content}</span>'

    def chip(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        return chips.chip_html(tokens[idx].content.strip("[]"))

    def hardbreak(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]
    ) -> str:
        return "<br>"


def _fence_that_knows_its_end(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a fence and note whether its closing line is there: only an open one still grows."""
    if not fence_rule(state, start, end, silent):
        return False
    if not silent:
        token, last = state.tokens[-1], state.line - 1
        line = state.src[state.bMarks[last] + state.tShift[last] : state.eMarks[last]].strip(" \t")
        is_closing = last > start and len(line) >= len(token.markup) and not line.strip(token.markup[0])
        token.meta["open"] = not is_closing or state.is_code_block(last)
    return True


def is_open_fence(token: Token) -> bool:
    """Say whether this is a code fence whose closing line has not come."""
    return bool(token.meta.get("open"))


def _links_may_go(url: str) -> bool:
    """Allow absolute addresses only: a relative one would point into this very server."""
    return LINKS_TO.match(url) is not None


def _images_become_links(state: StateCore) -> None:
    """No address of the model's choosing is ever fetched by itself: show the alt text, linked."""
    for token in state.tokens:
        if token.children and any(child.type == "image" for child in token.children):
            token.children = _without_images(token.children)


def _without_images(children: list[Token]) -> list[Token]:
    kept: list[Token] = []
    inside_link = 0
    for child in children:
        inside_link += (child.type == "link_open") - (child.type == "link_close")
        if child.type != "image":
            kept.append(child)
            continue
        alt = Token("text", "", 0, content=_plain(child.children or []) or "image")
        if inside_link:
            kept.append(alt)
            continue
        opening = Token("link_open", "a", 1, attrs={"href": child.attrGet("src") or ""})
        kept += [opening, alt, Token("link_close", "a", -1)]
    return kept


def _plain(children: Sequence[Token]) -> str:
    return "".join(_plain(child.children) if child.children else child.content for child in children)


def _tasks_become_boxes(state: StateCore) -> None:
    """`- [x] done` shows a ticked box: a character, for a form control would do nothing here."""
    tokens = state.tokens
    for before, opening, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if before.type != "list_item_open" or opening.type != "paragraph_open" or not inline.children:
            continue
        first = inline.children[0]
        if first.type == "text" and (task := TASK.match(first.content)):
            first.content = first.content[task.end() :]
            box = Token("task", "span", 0, content="☐" if task[1] == " " else "☑")
            inline.children = [box, *inline.children]
            before.attrs = {"class": "task"}


def _alignment_becomes_an_attribute(state: StateCore) -> None:
    """The page's policy forbids inline style; `align` needs none."""
    for token in state.tokens:
        if token.type in ("th_open", "td_open") and "style" in token.attrs:
            token.attrs = {"align": str(token.attrs["style"]).rpartition(":")[2]}


def _grammar() -> MarkdownIt:
    md = MarkdownIt(
        "commonmark", {"html": False, "maxNesting": 50}, renderer_cls=LeanRenderer
    )  # a deeper nest than 50 means nothing to a reader, and Python's stack is finite
    table_rule.__globals__["MAX_AUTOCOMPLETED_CELLS"] = CELLS_FILLED_UP
    md.enable(["table", "strikethrough"])
    # A definition below may change what stands above: without them a closed block is final.
    md.disable(["reference", "html_block", "html_inline"])
    md.block.ruler.at("fence", _fence_that_knows_its_end, {"alt": FENCE_MAY_INTERRUPT})
    math.teach(md)
    chips.teach(md)
    md.validateLink = _links_may_go  # type: ignore[method-assign]
    md.core.ruler.push("images_become_links", _images_become_links)
    md.core.ruler.push("tasks_become_boxes", _tasks_become_boxes)
    md.core.ruler.push("alignment_becomes_an_attribute", _alignment_becomes_an_attribute)
    md.parse("a")  # its tables of rules are built at first use, which two threads must not do at once
    return md


_GRAMMAR = _grammar()


def read(data: bytes) -> str:
    """Decode Markdown; its lines end with a newline, as anywhere else on the wire.

    CommonMark would also take a lone carriage return, out of which the next byte may make another line end.
    """
    return LONE_RETURN.sub(" ", data.decode())


def trim_end(text: str) -> str:
    """Cut off the white space that the grammar ignores at the end of a block."""
    return text.rstrip(MD_TRIM_CHARS)


def parse(text: str, numbers: Set[int] = chips.NO_NUMBERS) -> list[Token]:
    """Turn Markdown, which may cite these numbers, into tokens; every text is valid: it never refuses."""
    return _GRAMMAR.parse(text, {chips.NUMBERS: numbers})


def to_html(tokens: Sequence[Token]) -> str:
    """Write tokens as HTML that still has to be sanitised."""
    return str(_GRAMMAR.renderer.render(tokens, _GRAMMAR.options, {}))


def blocks(tokens: Sequence[Token]) -> list[list[Token]]:
    """Split tokens into the document's top-level blocks, in order."""
    found: list[list[Token]] = []
    depth = 0
    for token in tokens:
        if depth == 0:
            found.append([])
        found[-1].append(token)
        depth += token.nesting
    return found
