"""Regions: closed is final, and together they are the whole text's HTML."""

import pytest
from hypothesis import given

from chat.core.markdown import Region, finished, picture, render
from chat.core.markdown.parser import parse, read, to_html
from chat.core.markdown.sanitise import sanitise
from tests.core.markdown.growing import KEY, pictures, places, prefixes
from tests.core.markdown.samples import REAL, patient, pieced
from tests.core.markdown.simulated_page import without_mark

real = pytest.mark.parametrize("text", REAL.values(), ids=REAL)


@real
def test_regions_of_real_answers_hold_at_every_prefix(text: str) -> None:
    check_every_prefix(text)


@patient
@given(pieced())
def test_regions_of_any_text_hold_at_every_prefix(text: str) -> None:
    check_every_prefix(text)


def check_every_prefix(text: str) -> None:
    final = finished(text.encode())
    assert render(text) == "".join(region.html for region in final)
    assert render(text) == sanitise(to_html(parse(read(text.encode()))))
    for prefix, shown in prefixes(text):
        assert shown.closed == final[: len(shown.closed)]
        assert shown.offset <= len(prefix)
        html = "".join(region.html for region in shown.closed) + without_mark(shown.open.html)
        assert code_trimmed(html) == code_trimmed(render(prefix[: shown.offset].decode()))
        assert shown.open.html.count(f'id="mark-{KEY}" data-o="{shown.offset}"') == 1


def code_trimmed(html: str) -> str:
    """Overlook the newline that ends indented code: a page shows it when the next line comes."""
    return html.replace("\n</code>", "</code>")


@real
def test_a_page_of_a_real_answer_may_parse_from_its_open_region(text: str) -> None:
    check_from_the_open_region(text)


@patient
@given(pieced())
def test_a_page_of_any_text_may_parse_from_its_open_region(text: str) -> None:
    check_from_the_open_region(text)


def check_from_the_open_region(text: str) -> None:
    closed: list[Region] = []
    for shown, (_, whole) in zip(pictures(text, places(text)), prefixes(text), strict=True):
        closed += shown.closed
        assert (*closed, shown.open) == (*whole.closed, whole.open)
        assert shown.offset == whole.offset
    assert (*closed, *finished(text.encode(), shown.open.start)) == finished(text.encode())


@real
def test_what_a_page_shows_of_a_real_answer_never_shrinks(text: str) -> None:
    check_it_never_shrinks(text)


@patient
@given(pieced())
def test_what_a_page_shows_of_any_text_never_shrinks(text: str) -> None:
    check_it_never_shrinks(text)


def check_it_never_shrinks(text: str) -> None:
    offsets = [shown.offset for _, shown in prefixes(text)]
    assert offsets == sorted(offsets)


@real
def test_regions_begin_where_their_text_begins(text: str) -> None:
    data = text.encode()
    regions = finished(data)
    ends = [region.start for region in regions[1:]] + [len(data)]
    assert regions[0].start == 0
    for region, end in zip(regions, ends, strict=True):
        assert render(data[region.start : end].decode()) == region.html


def test_nothing_has_no_regions_but_a_picture_with_the_mark() -> None:
    assert render("") == render(" \n\n") == ""
    assert finished(b"") == ()
    assert picture(b"", KEY).open.html == f'<p><i class="mark" id="mark-{KEY}" data-o="0"></i></p>'


def test_a_definition_changes_nothing_above_it() -> None:
    assert render("[a]\n\n[a]: http://x.example") == "<p>[a]</p><p>[a]: http://x.example</p>"
