"""Model output is hostile: nothing in it may act, fetch or pass for a part of the page."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.markdown import render
from chat.core.markdown.sanitise import TAGS, sanitise
from tests.core.markdown.samples import HOSTILE, REAL, patient, pieced
from tests.core.markdown.simulated_page import Element, read

MAY_HAVE = {
    ("a", "href"): r"(https?://|mailto:)[^\s]+",
    ("a", "rel"): "noopener noreferrer nofollow",
    ("ol", "start"): r"\d+",
    ("code", "class"): r"language-[\w+#.-]+",
    ("span", "class"): "math|math display|box",
    ("li", "class"): "task",
    ("div", "class"): "math",
    ("td", "align"): "left|center|right",
    ("th", "align"): "left|center|right",
}


@pytest.mark.parametrize("text", REAL.values(), ids=REAL)
def test_real_and_ill_willed_answers_are_inert(text: str) -> None:
    check_inert(render(text))


@patient
@given(pieced(24))
def test_any_markdown_is_inert(text: str) -> None:
    check_inert(render(text))


@patient
@given(st.text(st.sampled_from("<>\"'=/ abhxij()[]!`&;:#-\n"), max_size=60))
def test_any_markup_is_inert(text: str) -> None:
    check_inert(render(text))
    check_inert(sanitise(text))


def check_inert(html: str) -> None:
    assert "<hx-" not in html
    for element in everything(read(html)):
        assert element.tag in TAGS
        for name, value in element.attributes:
            assert re.fullmatch(MAY_HAVE[(element.tag, name)], value or "", re.IGNORECASE), (name, value)
        assert element.tag != "a" or "rel" in dict(element.attributes)


def everything(children: list[Element | str]) -> list[Element]:
    found = [child for child in children if isinstance(child, Element)]
    return found + [inner for child in found for inner in everything(child.children)]


def test_an_image_becomes_a_link_with_its_alt_text() -> None:
    link = '<a href="https://x.example/i.png" rel="noopener noreferrer nofollow">{}</a>'
    assert render("![a *b*](https://x.example/i.png)") == f"<p>{link.format('a b')}</p>"
    assert render("![](https://x.example/i.png)") == f"<p>{link.format('image')}</p>"


def test_an_image_inside_a_link_is_its_alt_text() -> None:
    html = '<p><a href="http://l.example" rel="noopener noreferrer nofollow">alt</a></p>'
    assert render("[![alt](http://i.example/i)](http://l.example)") == html


@pytest.mark.parametrize(
    "url", ["javascript:x", "data:text/html,x", "vbscript:x", "//x.example", "/c/1", "#a", "file:///x"]
)
def test_other_addresses_than_web_and_mail_are_no_links(url: str) -> None:
    assert "<a" not in render(f"[a]({url}) ![a]({url}) <{url}>")


@pytest.mark.parametrize("url", ["http://x.example/?a=1&b=2", "HTTPS://x.example", "mailto:a@x.example"])
def test_web_and_mail_addresses_are_links(url: str) -> None:
    assert "<a href=" in render(f"[a]({url})")


def test_a_language_names_a_class_only_when_it_is_a_plain_word() -> None:
    assert render("```c++\n```") == '<pre><code class="language-c++"></code></pre>'
    assert render('```x"onclick=y\n```') == "<pre><code></code></pre>"
    assert sanitise('<code class="region mark">x</code>') == "<code>x</code>"


def test_alignment_needs_no_style() -> None:
    assert 'align="right"' in render("|a|\n|-:|\n|1|")
    assert "style" not in render("|a|\n|-:|\n|1|")


def test_tasks_are_shown_as_boxes() -> None:
    assert render("- [ ] a\n- [x] b") == (
        '<ul><li class="task"><span class="box">☐</span> a</li>'
        '<li class="task"><span class="box">☑</span> b</li></ul>'
    )


def test_sanitising_twice_is_harmless() -> None:
    assert sanitise(render(HOSTILE)) == render(HOSTILE)


@pytest.mark.parametrize(
    "piece", [">", "- ", "[", "![", "*a **a ", "`", "<", "|a", "&", "\\", "a*", "[a](", "> - "]
)
def test_no_text_takes_much_longer_than_its_length(piece: str) -> None:
    assert len(render(piece * 2_000)) < 40 * len(piece) * 2_000


def test_a_wide_table_of_short_rows_stays_bounded() -> None:
    wide = "|a" * 200 + "|\n" + "|-" * 200 + "|\n" + "|x\n" * 2_000
    assert len(render(wide)) < 20 * len(wide)
