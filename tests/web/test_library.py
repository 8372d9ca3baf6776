"""The pages of documents: all works by forms, text is text, what changes comes over the page's own line."""

import io
import re
from typing import Any

import pytest
from flask import Flask

from chat.core.documents import Passage
from chat.store import documents, passages
from chat.store.document_tables import documents as table
from chat.store.transaction import Transaction
from chat.web.document_list import DocumentsAside, documents_aside, of_conversation, of_library
from chat.web.document_pages import PER_PAGE, line_asides
from chat.web.document_view import document_path
from tests.web.people import SAME, Browser

RIVERS = b"Rivers begin at a spring."
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def ada(app: Flask) -> Browser:
    browser = Browser(app)
    browser.get("/")
    return browser


def add(browser: Browser, *files: tuple[str, bytes], to: str = "/documents") -> Any:
    """Send the form that adds files, as a browser without scripts does."""
    given = {"file": [(io.BytesIO(data), name) for name, data in files]}
    return browser.client.post(to, data=given, headers=SAME)


def ids_on(page: Any) -> list[str]:
    return re.findall(r'id="d-(\w+)"', page.text)


def added(browser: Browser, name: str = "Rivers.txt", data: bytes = RIVERS) -> str:
    """Add one to the library; gives its id."""
    assert add(browser, (name, data)).status_code == 303
    return ids_on(browser.get("/library"))[0]


def read(browser: Browser, document_id: str, *cut: Passage) -> None:
    """Let a document be read, with this text."""

    def write(tx: Transaction) -> None:
        passages.put(tx, document_id, cut)
        documents.change(tx, table.c.id == document_id, status="ready", passages=len(cut))

    browser.house.store.write(write)


# ── adding ───────────────────────────────────────────────────────────────────────────────────


def test_files_are_added_by_a_plain_form(ada: Browser) -> None:
    assert "Nothing has been added yet." in ada.get("/library").text
    answer = add(ada, ("Rivers.txt", RIVERS), ("Springs.md", RIVERS))
    assert (answer.status_code, answer.location) == (303, "/library")
    page = ada.get("/library")
    assert page.text.index("Springs.md") < page.text.index("Rivers.txt")
    assert page.text.count("Waits to be read") == 2


def test_a_file_that_is_refused_is_told_of_where_the_others_are(ada: Browser) -> None:
    answer = add(ada, ("Rivers.txt", RIVERS), ("a.png", b"\x89PNG\r\n\x1a\n\0"), ("Springs.txt", RIVERS))
    assert answer.status_code == 415
    assert "The first file was added. Files of the kind .png cannot be read." in answer.text
    assert "Rivers.txt" in answer.text
    assert "Springs.txt" not in answer.text
    for empty in (add(ada), add(ada, ("", b""))):
        assert empty.status_code == 422
        assert "Choose a file first." in empty.text
    assert ada.post("/documents", file="text").status_code == 422


def test_a_file_begins_a_conversation_of_its_own(ada: Browser) -> None:
    answer = add(ada, ("Rivers.txt", RIVERS), ("Springs.txt", RIVERS), to="/documents?conversation_id=new")
    assert answer.status_code == 303
    page = ada.get(answer.location)
    assert {"Rivers.txt", "Springs.txt"} <= set(re.findall(r'dir="auto">([^<]+)<', page.text))
    refused = add(ada, ("a.png", b"\x89PNG\r\n\x1a\n\0"), to="/documents?conversation_id=new")
    assert (refused.status_code, "cannot be read" in refused.text) == (415, True)
    there = answer.location.rpartition("/")[2]
    refused = add(ada, ("a.png", b"\x89PNG\r\n\x1a\n\0"), to=f"/documents?conversation_id={there}")
    assert (refused.status_code, "Springs.txt" in refused.text) == (415, True)


def test_a_form_of_another_site_adds_nothing(ada: Browser) -> None:
    given = {"file": (io.BytesIO(RIVERS), "Rivers.txt")}
    answer = ada.client.post("/documents", data=given, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert ids_on(ada.get("/library")) == []


def test_more_than_a_page_of_them_goes_on_elsewhere(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.web.document_list.LISTED", 2)
    add(ada, *[(f"{number}.txt", RIVERS) for number in range(3)])
    page = ada.get("/library")
    further = re.search(r'href="(/library\?after=[^"]+)"', page.text)
    assert further is not None
    older = ada.get(further[1])
    assert len(ids_on(page)) == 2
    assert len(ids_on(older)) == 1
    assert "documents=" not in older.text, "it would become the newest ones"
    assert ada.get("/library?after=x").status_code == 422


# ── one document ─────────────────────────────────────────────────────────────────────────────


def test_names_and_texts_are_text(ada: Browser) -> None:
    document_id = added(ada, "<script>alert(1)<.txt")
    read(ada, document_id, Passage(1, f"{SCRIPT} is no script.", heading=SCRIPT, page=3))
    for path in ("/library", f"/d/{document_id}", f"/d/{document_id}/menu", f"/d/{document_id}/text"):
        page = ada.get(path)
        assert page.status_code == 200
        assert "<script>" not in page.text
        assert "&lt;script&gt;" in page.text


def test_what_is_quoted_is_marked_in_its_passage_alone(ada: Browser) -> None:
    document_id = added(ada)
    texts = "A spring  is\na place.", "A spring is a place."
    read(ada, document_id, *(Passage(number, text) for number, text in enumerate(texts, 1)))
    page = ada.get(document_path(document_id, 1, "spring is a place").partition("#")[0])
    assert "A <mark>spring  is\na place</mark>." in page.text
    assert page.text.count("<mark>") == 1
    for said in ("nothing of it", "", " ", "(", "A.*", "\x00", "x" * 5000):
        page = ada.get(f"/d/{document_id}", query_string={"at": "1", "quote": said})
        assert (page.status_code, "<mark>" in page.text) == (200, False), said


def test_a_quote_holds_no_markup(ada: Browser) -> None:
    document_id = added(ada)
    read(ada, document_id, Passage(1, f"It says {SCRIPT} there."))
    page = ada.get(document_path(document_id, 1, SCRIPT).partition("#")[0])
    assert "<mark>&lt;script&gt;alert(1)&lt;/script&gt;</mark>" in page.text


def test_a_long_text_is_shown_page_by_page(ada: Browser) -> None:
    document_id = added(ada)
    read(ada, document_id, *(Passage(number, f"Word {number}.") for number in range(1, 2 * PER_PAGE + 2)))

    def shown(query: str) -> list[int]:
        return [int(one) for one in re.findall(r'id="p(\d+)"', ada.get(f"/d/{document_id}{query}").text)]

    first, second = [*range(1, PER_PAGE + 1)], [*range(PER_PAGE + 1, 2 * PER_PAGE + 1)]
    assert shown("") == shown("?at=1") == shown(f"?at={PER_PAGE}") == first
    assert shown(f"?at={PER_PAGE + 1}") == shown(f"?at={2 * PER_PAGE}") == second
    assert shown("?at=999999999") == [2 * PER_PAGE + 1]
    for odd in ("0", "-1", "x", "", "٣", "9" * 30):
        assert shown(f"?at={odd}") == first
    page = ada.get(f"/d/{document_id}?at={PER_PAGE + 1}").text
    assert f'href="/d/{document_id}?at=1"' in page
    assert f'href="/d/{document_id}?at={2 * PER_PAGE + 1}"' in page


def test_headings_and_pages_stand_where_they_begin(ada: Browser) -> None:
    document_id = added(ada)
    read(
        ada,
        document_id,
        Passage(1, "a", heading="Rivers", page=1),
        Passage(2, "b", heading="Rivers", page=1),
        Passage(3, "c", heading="Rivers › Springs", page=2),
    )
    page = ada.get(f"/d/{document_id}").text
    assert re.findall(r'<h2 dir="auto">([^<]+)', page) == ["Rivers", "Rivers › Springs"]
    assert re.findall(r"Page (\d)", page) == ["1", "2"]


def test_one_that_is_not_read_says_how_far_it_is(ada: Browser) -> None:
    document_id = added(ada)
    assert "Waits to be read" in ada.get(f"/d/{document_id}").text

    def change(**values: Any) -> None:
        ada.house.store.write(lambda tx: documents.change(tx, table.c.id == document_id, **values))

    change(status="reading", progress=40)
    for path in ("/library", f"/d/{document_id}", f"/d/{document_id}/text"):
        assert re.search(r"Is being read… 40 %<progress max=\"100\" value=\"40\"", ada.get(path).text), path
    change(status="failed", error={"code": "no_text", "message": f"It holds no text. {SCRIPT}"})
    for path in ("/library", f"/d/{document_id}"):
        assert "It holds no text. &lt;script&gt;" in ada.get(path).text, path


def test_it_is_renamed_by_a_form(ada: Browser) -> None:
    document_id = added(ada)
    assert ada.post(f"/d/{document_id}/rename", name="../Springs\n.txt").location == f"/d/{document_id}"
    assert "Springs .txt" in ada.get("/library").text
    ada.post(f"/d/{document_id}/rename", name=" ")
    assert "Springs .txt" in ada.get("/library").text


def test_what_was_deleted_can_be_brought_back(ada: Browser) -> None:
    document_id = added(ada)
    gone = ada.post(f"/d/{document_id}/delete")
    assert (gone.status_code, gone.location) == (303, f"/library?gone={document_id}")
    page = ada.get(gone.location)
    assert ids_on(page) == []
    assert 'Deleted: <b dir="auto">Rivers.txt</b>' in page.text
    assert ada.get(f"/d/{document_id}").status_code == 404
    stranger = Browser(ada.app)
    stranger.get("/")
    assert "Rivers.txt" not in stranger.get(gone.location).text
    assert stranger.post(f"/d/{document_id}/restore").status_code == 404
    assert ada.post(f"/d/{document_id}/restore").location == "/library"
    assert ids_on(ada.get("/library")) == [document_id]
    assert ada.post(f"/d/{document_id}/restore").status_code == 404


def test_a_script_deletes_in_place(ada: Browser) -> None:
    document_id = added(ada)
    asked = {**SAME, "HX-Request": "true", "HX-Current-URL": "http://localhost/library"}
    answer = ada.client.post(f"/d/{document_id}/delete", headers=asked)
    assert f'hx-post="/d/{document_id}/restore"' in answer.text
    assert ada.client.post(f"/d/{document_id}/restore", headers=asked).text == ""
    there = asked | {"HX-Current-URL": f"http://localhost/d/{document_id}?at=3"}
    answer = ada.client.post(f"/d/{document_id}/delete", headers=there)
    assert answer.headers["HX-Redirect"] == f"/library?gone={document_id}"


# ── a conversation's ─────────────────────────────────────────────────────────────────────────


def test_a_conversation_says_whether_it_uses_the_library(ada: Browser) -> None:
    path = ada.ask()

    def uses() -> bool:
        return 'value="on" checked' in ada.get(path).text

    assert uses()
    assert ada.post(f"{path}/library").status_code == 303
    assert not uses()
    ada.post(f"{path}/library", library="on")
    assert uses()
    for said, used in ((["off", "on"], True), (["off"], False), ([], True)):
        begun = ada.client.post("/c", data={"text": "What?", "library": said}, headers=SAME)
        assert ('value="on" checked' in ada.get(begun.location).text) is used, said


def test_who_only_reads_a_conversation_sees_its_documents_and_adds_none(ada: Browser) -> None:
    path = ada.ask()
    add(ada, ("Rivers.txt", RIVERS), to=f"/documents?conversation_id={path.rpartition('/')[2]}")
    ben = Browser(ada.app)
    ben.get("/")
    assert ada.who is not None
    assert ben.who is not None
    token = ada.house.signer.sign(ada.who)
    made = ada.client.post(
        f"/api/conversations{path.removeprefix('/c')}/invitations",
        json={"role": "viewer"},
        headers={"Authorization": f"Bearer {token}"},
    )
    token = ada.house.signer.sign(ben.who)
    accepted = ben.client.post(
        "/api/invitations/accept",
        json={"token": made.get_json()["token"]},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert accepted.status_code == 200
    page = ben.get(path)
    assert "Rivers.txt" in page.text
    assert re.search(r'<body class="app"', page.text), "what is for those who ask is there, and not shown"
    assert re.search(r'<div class="asker-only">\s*<form class="add" id="add"', page.text)
    alone = ben.get(f"{path}/documents")
    assert ("Rivers.txt" in alone.text, 'id="add"' in alone.text) == (True, False)
    refused = add(ben, ("a.txt", RIVERS), to=f"/documents?conversation_id={path.rpartition('/')[2]}")
    assert refused.status_code == 403


# ── over the line ────────────────────────────────────────────────────────────────────────────


def aside_of(browser: Browser, place: Any, sign: str) -> tuple[DocumentsAside, ...]:
    with browser.app.test_request_context(f"/events?documents={sign}"):
        return documents_aside(place)


def sign_on(page: Any) -> str:
    found = re.search(r"documents=([\w.-]+)", page.text)
    assert found is not None
    return found[1]


def test_a_page_is_sent_what_changed(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.web.rested.REST_S", 0.0)
    sign, who = sign_on(ada.get("/library")), ada.who
    assert who is not None
    with ada.app.test_request_context(f"/events?documents={sign}"):
        (line,) = documents_aside(of_library(who))
    assert line.topics[0] == f"documents:{who.id}"
    assert line.look(set()) == b"", "nothing has changed since the page was made"
    added(ada)
    assert line.look({"documents:others"}) == b""
    told = line.look({f"documents:{who.id}"})
    assert b'hx-target="#documents-now"' in told
    assert b"Rivers.txt" in told
    assert line.look({f"documents:{who.id}"}) == b""


def test_a_conversations_page_is_sent_its_own(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.web.rested.REST_S", 0.0)
    path = ada.ask()
    here, sign = path.rpartition("/")[2], sign_on(ada.get(path))
    with ada.app.test_request_context(f"{path}/events?documents={sign}"):
        (line,) = documents_aside(of_conversation(here))
    assert line.look(set()) == b""
    add(ada, ("Rivers.txt", RIVERS), to=f"/documents?conversation_id={here}")
    told = line.look({f"documents-of:{here}"})
    assert told.count(b"<hx-partial") == 2, "above the field, and in the panel"


def test_who_comes_back_is_sent_them_whatever_it_showed_at_first(ada: Browser) -> None:
    sign, who = sign_on(ada.get("/library")), ada.who
    assert who is not None
    for headers, sent in (({}, False), ({"Last-Event-ID": "0"}, True)):
        with ada.app.test_request_context(f"/events?documents={sign}", headers=headers):
            (line,) = documents_aside(of_library(who))
        assert bool(line.look(set())) is sent


def test_a_line_tells_nobody_of_what_is_not_theirs(ada: Browser) -> None:
    document_id, path = added(ada), ada.ask()
    stranger = Browser(ada.app)
    stranger.get("/")
    for name in (document_id, f"c-{path.rpartition('/')[2]}", "c-", "nothing", "a\x00b", ""):
        for browser, count in (
            (ada, 1 if name[2:] and name in (document_id, f"c-{path[3:]}") else 0),
            (stranger, 0),
        ):
            cookie = {"Cookie": f"headwater={browser.cookie}"}
            query = {"documents": f"{name}.x"}
            with browser.app.test_request_context("/events", query_string=query, headers=cookie):
                assert browser.who is not None
                assert len(line_asides(browser.who)) == count, name
