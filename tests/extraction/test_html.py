"""What is read of HTML."""

import pytest

from chat.core.documents import Block
from chat.extraction import html

DEEP = 200_000


def read(page: str | bytes) -> list[Block]:
    return list(html.read(page if isinstance(page, bytes) else page.encode()))


def said(page: str | bytes) -> list[str]:
    return [block.text for block in read(page)]


def test_a_page_is_read_under_its_headings() -> None:
    page = "<h1>Of <em>wells</em></h1><p>Deep.</p><h2>Cold</h2><p>Very.<h1>Roofs</h1>Straw.<h2>Last</h2>"
    assert [(block.text, block.headings) for block in read(page)] == [
        ("Deep.", ("Of wells",)), ("Very.", ("Of wells", "Cold")), ("Straw.", ("Roofs",)),
        ("Last", ("Roofs",)),
    ]  # fmt: skip


def test_paragraphs_lists_tables_and_lines_are_told_apart() -> None:
    page = """
      <p>One<br>two <b>three</b>
         four<p>Five
      <ul><li>a<li><p>b</p><ul><li>c</ul></ul>
      <table><tr><td>1<td>2</tr> <tr><th>3</th> <th>4</th></tr></table>
      <pre>x\n  y</pre>"""
    assert said(page) == ["One\ntwo three four", "Five", "- a\n- b\n- c", "1 | 2\n3 | 4", "x\n  y"]


def test_what_nobody_sees_on_the_page_is_not_read() -> None:
    page = (
        "<head><title>T</title><style>p{}</style></head><script>if (a<b) '</p>'</script>"
        "<nav><nav>n</nav>m</nav>"
        "<!-- <p>no --><svg><text>s</text></svg><template><p>t</template><p>Seen</p><button>b</button>"
    )
    assert said(page) == ["Seen"]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("1 < 2 &amp; 3 &gt; 2", "1 < 2 & 3 > 2"),
        ('<a title="x > y" href=z>link</a>', "link"),
        ("<a title='>'>link</a> it's", "link it's"),
        ("a<nav>b", "ab"),
        ("a<!-- never closed", "a"),
        ("a<b", "a"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("a&#0;b&#xD800;c&nbsp;d", "a\ufffdb\ufffdc\u00a0d"),
        ("<p>x</p><script>open to the end <p>y</p>", "x"),
    ],
)
def test_careless_pages_are_read_as_browsers_would(page: str, text: str) -> None:
    assert said(page) == [text]


def test_a_page_may_say_how_it_is_encoded_if_that_is_an_encoding_of_text() -> None:
    assert said(b'<meta charset="windows-1251"><p>' + "Колодец".encode("cp1251")) == ["Колодец"]
    assert said(b'<meta charset="zlib_codec"><p>caf\xe9 au lait') == ["café au lait"]


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * DEEP + "deep" + "</div>" * DEEP,
        "<ul><li>" * DEEP + "deep",
        "<b><nav>" * DEEP + "deep",
        "deep<a " * DEEP,
        "deep" + "<" * DEEP,
        'deep<p title="' * DEEP,
        "<!--" * DEEP + "--> deep",
        "<nav" * DEEP + "> deep",
        "deep" + "&" * DEEP,
        "<svg>" * DEEP + "deep" + "</svg>" * (DEEP - 1),
    ],
)
def test_however_deep_or_open_a_page_is_it_is_read_once(page: str) -> None:
    assert "deep" in "".join(said(page))
