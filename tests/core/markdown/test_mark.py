"""Where the mark stands: just where the next character will appear."""

import pytest

from chat.core.markdown import picture
from chat.core.markdown.mark import NONCE
from tests.core.markdown.growing import KEY

PLACES = {
    "a word": "<p>a word^</p>",
    "a **bold** word": "<p>a <strong>bold</strong> word^</p>",
    "# Title": "<h1>Title^</h1>",
    "# Title\n": "<h1>Title</h1><p>^</p>",
    "Title\n---\n": "<h2>Title</h2><p>^</p>",
    "text\n": "<p>text^</p>",
    "text\n\n": "<p>text</p><p>^</p>",
    "- one\n- two": "<ul><li>one</li><li>two^</li></ul>",
    "- one\n-\n": "<ul><li>one</li><li></li></ul><p>^</p>",
    "- one\n  - in": "<ul><li>one<ul><li>in^</li></ul></li></ul>",
    "> quote": "<blockquote><p>quote^</p></blockquote>",
    "```py\nx = 1": '<pre><code class="language-py">x = 1^</code></pre>',
    "```py\nx = 1\n\n": '<pre><code class="language-py">x = 1\n\n^</code></pre>',
    "```\nx\n```\n": "<pre><code>x\n</code></pre><p>^</p>",
    "- ```\n  x\n": "<ul><li><pre><code>x\n^</code></pre></li></ul>",
    "    code": "<pre><code>code^</code></pre>",
    "---\n": "<hr><p>^</p>",
}
HEAD = "| a | b |\n|---|---|\n"
TABLE = "<table><thead><tr><th>a</th><th>b</th></tr></thead>{}</table>"
ROWS = {
    "": TABLE.format("") + "<p>^</p>",
    "| 1": TABLE.format("<tbody><tr><td>1^</td><td></td></tr></tbody>"),
    "1 | 2": TABLE.format("<tbody><tr><td>1</td><td>2^</td></tr></tbody>"),
    "| 1 \\| 2": TABLE.format("<tbody><tr><td>1 | 2^</td><td></td></tr></tbody>"),
    "| 1 | 2 |": TABLE.format("<tbody><tr><td>1</td><td>2</td></tr></tbody>") + "<p>^</p>",
    "| 1 | 2 |\n": TABLE.format("<tbody><tr><td>1</td><td>2</td></tr></tbody>") + "<p>^</p>",
}


@pytest.mark.parametrize(("text", "html"), PLACES.items())
def test_the_mark_stands_where_the_text_goes_on(text: str, html: str) -> None:
    assert with_caret(text) == html


@pytest.mark.parametrize(("row", "html"), ROWS.items())
def test_in_a_row_the_mark_stands_in_the_cell_being_written(row: str, html: str) -> None:
    assert with_caret(HEAD + row) == html


def with_caret(text: str) -> str:
    shown = picture(text.encode(), KEY)
    mark = f'<i class="mark" id="mark-{KEY}" data-o="{shown.offset}"></i>'
    return "".join(region.html for region in (*shown.closed, shown.open)).replace(mark, "^")


def test_a_model_that_writes_a_mark_writes_text() -> None:
    forged = f'<i class="mark" id="mark-{KEY}" data-o="0"></i>'
    assert picture(forged.encode() + b" x", KEY).open.html.count("<i ") == 1


def test_the_nonce_never_leaves() -> None:
    assert NONCE not in picture(b"# a\n\n- b", KEY).open.html
