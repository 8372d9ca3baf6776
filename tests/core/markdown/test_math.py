"""Formulas: TeX goes out as text in an element of its own, and money stays money."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.markdown import picture, render
from chat.core.markdown.held import FORMULA_PATIENCE
from tests.core.markdown.growing import KEY
from tests.core.markdown.samples import patient
from tests.core.markdown.test_sanitise import check_inert

FORMULAS = {
    "a $x^2$ b": '<p>a <span class="math">x^2</span> b</p>',
    r"\(a*b*c_d_e\)": '<p><span class="math">a*b*c_d_e</span></p>',
    "so $$y$$ it is": '<p>so <span class="math display">y</span> it is</p>',
    r"so \[y\] it is": '<p>so <span class="math display">y</span> it is</p>',
    "$$\nx\n- y\n# z\n$$": '<div class="math">x\n- y\n# z</div>',
    "\\[\na \\\\[2pt] b\n\\]": '<div class="math">a \\\\[2pt] b</div>',
    "$$ x $$": '<div class="math">x</div>',
    "text\n$$ x $$\ntext": '<p>text</p><div class="math">x</div><p>text</p>',
    "面积$x$的": '<p>面积<span class="math">x</span>的</p>',
    "$2x$ and $5$": '<p><span class="math">2x</span> and <span class="math">5</span></p>',
    "- $$\n  x\n  $$\n- b": '<ul><li><div class="math">x</div></li><li>b</li></ul>',
}
MONEY = [
    *("$5 and $10", "US$5 or CA$6", "$5-$10", "$5/$6", "from $5 to 10$ a piece", "$ 5 $", "$", "$$", "$$$$"),
    *("$HOME/bin:$PATH", r"\$5 and 6$", "a$b$", "it is $5.", "$1,000 to $2,000", "($3 or $4)", "$x\ny$"),
]


@pytest.mark.parametrize(("text", "html"), FORMULAS.items())
def test_a_formula_is_text_of_its_own(text: str, html: str) -> None:
    assert render(text) == html


@pytest.mark.parametrize("text", MONEY)
def test_money_is_no_formula(text: str) -> None:
    assert "math" not in render(text)


@pytest.mark.parametrize("text", ["`$x$`", "```\n$x$\n$$\ny\n$$\n```", "    $$\n    x\n    $$"])
def test_in_code_a_dollar_is_a_dollar(text: str) -> None:
    assert "math" not in render(text)


def test_what_closes_within_its_first_line_is_words_however_the_line_ends() -> None:
    assert "<div" not in render("$$ a $$ b") + render("$$ a $$ b $$")


def test_a_formula_that_never_closes_is_text_until_the_next_blank_line() -> None:
    assert render("$$\nx\n\ny $$") == "<p>$$\nx</p><p>y $$</p>"
    assert render("\\[\nx\n\n- y") == "<p>[\nx</p><ul><li>y</li></ul>"


@patient
@given(st.text(st.sampled_from("<>\"'=/ xhij()[]!`&\\${}\n"), max_size=60))
def test_no_tex_becomes_html(tex: str) -> None:
    for text in (f"${tex}$", f"$$\n{tex}\n$$", f"\\({tex}\\)", f"\\[{tex}\\]"):
        check_inert(render(text))


@pytest.mark.parametrize("opening", ["$x", "a $$y", r"\(x + ", r"a \[x"])
def test_an_open_formula_waits_until_it_closes(opening: str) -> None:
    before = len(b"so ")
    assert picture(f"so {opening}".encode(), KEY).offset < before + 2


@pytest.mark.parametrize("opening", ["$$\n", "\\[\n", "- $$\n  "])
def test_an_open_formula_on_its_own_lines_waits_too_but_not_for_ever(opening: str) -> None:
    assert picture(f"so\n\n{opening}x + y\n  z".encode(), KEY).offset <= len("so\n\n")
    long = f"so\n\n{opening}" + "x + y\n  " * FORMULA_PATIENCE
    assert picture(long.encode(), KEY).offset > len(long) - 20


@pytest.mark.parametrize("text", ["costs $5 and", "US$5", "a $ b"])
def test_money_does_not_wait(text: str) -> None:
    assert picture(text.encode(), KEY).offset == len(text)


@pytest.mark.parametrize("piece", ["$", "$x", "$$x", r"\(", r"\[", "$1", "$x ", "$$\n", "\\[\n", r"$\\"])
def test_no_formula_takes_much_longer_than_its_length(piece: str) -> None:
    assert len(render(piece * 20_000)) < 10 * len(piece) * 20_000
    picture((piece * 5_000).encode(), KEY)
