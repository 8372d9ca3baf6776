"""Sources in pages: chips, the list below an answer, and what each leads to, for whom."""

import re

import pytest
from flask import Flask

from chat.core.lifecycle import Status
from chat.store import documents
from chat.store.documents import Allowed
from chat.web.caller import COOKIE
from tests.web.sourced import CITING, begin, finish, source
from tests.web.test_pages import HTMX, NO_INLINE, Browser
from tests.web.test_sharing import invited, shared

CHIP = re.compile(
    r'<a class="chip" href="\?source=(\w+)\.(\d+)" data-n="(\d+)" aria-label="Source [^"]+">\[(\d+)\]</a>'
)
LISTED = re.compile(r'<a class="cited" href="\?source=\w+\.(\d+)"[^>]*aria-label="([^"]+)"')


@pytest.fixture
def owner(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def other(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def path(owner: Browser) -> str:
    """A conversation of the owner's that was answered from documents."""
    page = owner.begin("Where does it begin?").partition("#")[0]
    finish(owner.house, owner.stream(page), left_out=12, unread=2)
    return page


def chips(html: str) -> list[str]:
    return [number for _, number, same, too in CHIP.findall(html) if number == same == too]


def answer_in(html: str) -> str:
    """Give the id of the answer that a page shows."""
    found = re.search(r'<article class="message assistant" id="m-(\w+)"', html)
    assert found
    return found[1]


def source_path(owner: Browser, path: str, number: int | str = 1) -> str:
    return f"{path}/messages/{answer_in(owner.get(path).text)}/sources/{number}"


# ── in the text, and below it ────────────────────────────────────────────────────────────────


def test_an_answer_has_a_chip_for_each_mark_and_each_source_once_in_its_list(owner, path):
    page = owner.get(path).text
    assert chips(page) == ["1", "2", "12"]
    assert LISTED.findall(page) == [
        ("1", "Source 1: river.pdf, page 3"),
        ("2", "Source 2: moors.md, Where they begin"),
        ("12", "Source 12: river.pdf, page 3"),
    ]
    assert page.count('aria-label="Source 2: moors.md, Where they begin"') == 2, "the chip says it too"
    assert "never cited" not in page
    assert not NO_INLINE.search(page)


def test_an_answer_says_how_much_of_the_conversation_its_model_was_not_told(owner, path):
    page = owner.get(path).text
    assert "The first 12 messages no longer fit and were left out." in page
    assert "2 documents were still being read and were not looked at." in page


def test_an_answer_without_sources_has_neither_chips_nor_a_list(owner):
    page = owner.begin().partition("#")[0]
    owner.finish(page, CITING)
    html = owner.get(page).text
    assert "springs [1]," in html
    assert 'class="chip"' not in html
    assert re.search(r'<div class="sources" id="q-\w+"></div>', html), "empty, so that it can come"


def test_a_live_answer_has_its_chips_and_no_list_yet(owner):
    page = owner.begin().partition("#")[0]
    begin(owner.house, owner.stream(page), CITING + " And ")
    html = owner.get(page).text
    assert chips(html) == ["1", "2", "12"]
    assert 'data-offered="12"' in html
    assert not LISTED.search(html)
    assert "left out" not in html


def test_what_a_document_is_called_is_text(owner):
    page = owner.begin().partition("#")[0]
    sources = [source(1, '<img src=x onerror="alert(1)">.pdf', heading="</section><script>alert(1)</script>")]
    finish(owner.house, owner.stream(page), sources=sources)
    for html in (owner.get(page).text, owner.get(source_path(owner, page)).text):
        assert "<img" not in html
        assert "<script>" not in html
        assert "&lt;img src=x" in html


# ── one source ───────────────────────────────────────────────────────────────────────────────


def test_a_chip_leads_to_its_passage_with_the_words_marked(owner, path):
    href = CHIP.search(owner.get(path).text)
    assert href is not None
    answer = owner.get(f"{path}?source={href[1]}.{href[2]}")
    assert answer.status_code == 303
    page = owner.get(answer.location)
    assert answer.location == source_path(owner, path)
    assert "river.pdf" in page.text
    assert "Page 3" in page.text
    assert "Rivers › Where they begin" in page.text
    assert "<mark>Springs lie high.</mark> A river &lt;b&gt;rises&lt;/b&gt; where" in page.text
    assert f'href="{path}?branch={href[1]}#m-{href[1]}"' in page.text
    assert not NO_INLINE.search(page.text)


def test_a_script_is_given_the_passage_alone(owner, path):
    piece = owner.get(source_path(owner, path), **HTMX).text
    assert "<html" not in piece
    assert 'data-name="Source 1: river.pdf, page 3"' in piece


def test_whoever_may_read_the_conversation_may_read_its_sources_and_nobody_else(owner, other, path):
    wanted = source_path(owner, path)
    assert other.get(wanted).status_code == 404
    other.post(invited(owner, path, role="viewer"))
    assert other.get(wanted).status_code == 200


def test_a_link_shows_passages_until_it_is_taken_back(owner, other, path):
    link = shared(owner, path)
    wanted = source_path(owner, path).replace(path, link)
    assert "Springs lie high." in other.get(wanted).text
    chip = CHIP.search(other.get(link).text)
    assert other.get(f"{link}?source={chip[1]}.1").location == wanted
    owner.post(f"{path}/unshare")
    assert other.get(wanted).status_code == 404


def test_what_was_offered_and_is_not_cited_is_shown_to_nobody(owner):
    page = owner.begin().partition("#")[0]
    stream_id = owner.stream(page)
    epoch = begin(owner.house, stream_id, "Rivers rise [1] where ")
    assert [owner.get(source_path(owner, page, n)).status_code for n in (1, 2, 3, 12)] == [200, 404, 404, 404]
    assert owner.house.streams.close(stream_id, epoch, Status.STOPPED, text="Rivers rise [1] where ")
    assert [owner.get(source_path(owner, page, n)).status_code for n in (1, 2)] == [200, 404]


@pytest.mark.parametrize("number", ["0", "3", "13", "-1", "1.0", "x", "²", "9" * 5000, "%00", "1/2"])
def test_a_number_that_is_no_source_leads_nowhere(owner, path, number):
    assert owner.get(source_path(owner, path, number)).status_code == 404


@pytest.mark.parametrize("asked", ["", ".", "x", "x.", ".1", "../../me.1", "%00.1", "a.²", "a." + "1" * 5000])
def test_a_chip_that_nobody_made_leads_nowhere(owner, path, asked):
    assert owner.get(f"{path}?source={asked}").status_code == 404


def test_a_source_is_looked_for_in_its_own_conversation(owner, path):
    elsewhere = owner.begin("Something else?").partition("#")[0]
    assert owner.get(source_path(owner, path).replace(path, elsewhere)).status_code == 404


# ── its document ─────────────────────────────────────────────────────────────────────────────


def cites_a_document(owner: Browser, *, of_conversation: bool) -> tuple[str, str]:
    """Answer from a document of the conversation, or of the owner's library; gives the page and its id."""
    page = owner.begin().partition("#")[0]
    house, cookie = owner.house, owner.client.get_cookie(COOKIE)
    person = house.signer.read(cookie.value)
    where = page.rpartition("/")[2] if of_conversation else None
    about = {"conversation_id": where, "name": "river.pdf", "kind": "pdf", "size": 3}
    made = house.store.write(
        lambda tx: documents.begin(tx, owner=person, now=house.now(), limits=Allowed(), **about)
    )
    finish(house, owner.stream(page), sources=[source(1, document_id=made.id)])
    return page, made.id


@pytest.mark.parametrize("of_conversation", [True, False])
def test_who_may_open_the_document_is_led_to_the_place_in_it(owner, of_conversation):
    page, document_id = cites_a_document(owner, of_conversation=of_conversation)
    href = f'href="/d/{document_id}?at=1&amp;quote=Springs+lie+high.#p1"'
    assert href in owner.get(source_path(owner, page)).text


def test_a_member_is_led_to_the_conversations_documents_and_not_to_its_owners_library(owner, other):
    for of_conversation in (True, False):
        page, document_id = cites_a_document(owner, of_conversation=of_conversation)
        other.post(invited(owner, page))
        shown = other.get(source_path(owner, page)).text
        assert "Springs lie high." in shown
        assert (f"/d/{document_id}" in shown) is of_conversation


def test_who_reads_by_a_link_is_led_to_no_document(owner, other):
    page, document_id = cites_a_document(owner, of_conversation=True)
    wanted = source_path(owner, page).replace(page, shared(owner, page))
    assert f"/d/{document_id}" not in other.get(wanted).text
    assert f"/d/{document_id}" not in owner.get(wanted).text, "the link is what opened it"


def test_a_source_stays_when_its_document_is_deleted(owner):
    page, document_id = cites_a_document(owner, of_conversation=True)
    assert owner.house.store.write(lambda tx: documents.discard(tx, document_id, owner.house.now()))
    shown = owner.get(source_path(owner, page)).text
    assert "Springs lie high." in shown
    assert f"/d/{document_id}" not in shown
