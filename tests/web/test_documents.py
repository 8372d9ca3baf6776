"""Documents over the API: what is taken, what is refused and leaves nothing, how an original comes back."""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select

from chat.core.documents import Passage
from chat.store import documents, members, passages
from chat.store.document_tables import documents as table
from chat.store.document_tables import originals
from chat.store.documents import PIECE_BYTES
from chat.store.transaction import Transaction
from tests.web.calls import Api, opened_app

RIVERS = b"Rivers begin at a spring.\n\nThey end in the sea."


def add(api: Api, data: Any = RIVERS, name: str = "Rivers.txt", who: Any = "Ada", **query: str) -> Any:
    """Add a document; gives its JSON."""
    answer = api.call("POST", "/documents", data=data, query_string={"name": name, **query}, who=who)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def refused(api: Api, data: Any = RIVERS, **query: str) -> tuple[int, str]:
    return api.refused("POST", "/documents", data=data, query_string=query)


def kept(api: Api) -> tuple[int, int]:
    """Count the documents and pieces of originals that Ada has, in whatever state."""

    def look(conn: Connection) -> tuple[int, int]:
        hers = select(table.c.id).where(table.c.owner_id == api.ada.id)
        pieces = select(func.count()).select_from(originals).where(originals.c.document_id.in_(hers))
        return len(conn.execute(hers).all()), conn.execute(pieces).scalar_one()

    return api.house.store.read(look)


def ready(api: Api, document_id: str, *texts: str) -> None:
    """Let a document be read, whatever is in it."""

    def write(tx: Transaction) -> None:
        cut = [Passage(number, text, page=number) for number, text in enumerate(texts, 1)]
        passages.put(tx, document_id, cut)
        documents.change(tx, table.c.id == document_id, status="ready", passages=len(texts))

    api.house.store.write(write)


# ── adding ───────────────────────────────────────────────────────────────────────────────────


def test_a_body_that_is_a_file_becomes_a_document_that_waits(api: Api) -> None:
    added = add(api)
    assert (added["name"], added["kind"], added["size"]) == ("Rivers.txt", "text", len(RIVERS))
    assert (added["status"], added["conversation_id"], added["owner_id"]) == ("waiting", None, api.ada.id)
    assert api.get(f"/documents/{added['id']}") == added
    assert api.get("/documents")["items"] == [added]
    assert api.get("/documents", who=api.ben)["items"] == []


def test_so_does_the_first_file_of_a_form(api: Api) -> None:
    form = {"note": "not a file", "file": (io.BytesIO(RIVERS), "Rivers.md")}
    answer = api.call("POST", "/documents", data=form)
    assert (answer.status_code, answer.get_json()["kind"]) == (201, "markdown")
    named = {"file": (io.BytesIO(RIVERS), "Rivers.md")}
    answer = api.call("POST", "/documents", data=named, query_string={"name": "Streams.txt"})
    assert (answer.get_json()["name"], answer.get_json()["kind"]) == ("Streams.txt", "text")


def test_its_content_type_is_not_believed(api: Api) -> None:
    for media_type in ("application/x-www-form-urlencoded", "application/json", "image/png", ""):
        headers = {"Content-Type": media_type}
        query = {"name": "Rivers.txt"}
        answer = api.call("POST", "/documents", data=RIVERS, query_string=query, headers=headers)
        assert (answer.status_code, answer.get_json()["kind"]) == (201, "text"), media_type


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Rivers.txt", "Rivers.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ada\\Rivers.txt", "Rivers.txt"),
        ("a\nb\r\nSet-Cookie: x=1.txt", "a b Set-Cookie: x=1.txt"),
        ('say "water".txt', 'say "water".txt'),
        ("photo\u202etxt.exe.txt", "phototxt.exe.txt"),
        ("\x00\x1bRivers\x7f.txt", "Rivers .txt"),
        ("Flüsse und 水.txt", "Flüsse und 水.txt"),
        ("...", "Document"),
        ("///", "Document"),
        ("x" * 300 + ".txt", "x" * 250 + "….txt"),
        ("水" * 300, "水" * 254 + "…"),
    ],
)
def test_a_hostile_name_is_one_line_without_folders(api: Api, said: str, name: str) -> None:
    added = add(api, name=said)
    assert added["name"] == name
    answer = api.call("GET", f"/documents/{added['id']}/original")
    told = answer.headers["Content-Disposition"]
    assert told.startswith("attachment; filename=\"document.txt\"; filename*=UTF-8''")
    assert told.isascii()
    assert not set("\r\n\x00/\\") & set(told)
    assert len(told) < 1400
    assert answer.data == RIVERS


def test_a_conversation_has_documents_of_its_own(api: Api) -> None:
    path = api.begin(title="Rivers")
    here = path.rpartition("/")[2]
    added = add(api, conversation_id=here)
    assert added["conversation_id"] == here
    assert api.get("/documents")["items"] == []
    assert api.get(f"/documents?conversation_id={here}")["items"] == [added]
    for elsewhere in ("unknown", "a\x00b"):
        assert refused(api, name="a.txt", conversation_id=elsewhere) == (404, "not_found")
        query = {"conversation_id": elsewhere}
        assert api.refused("GET", "/documents", query_string=query) == (404, "not_found")


def test_a_conversation_is_begun_with_a_document(api: Api) -> None:
    added = add(api, conversation_id="new")
    conversation = api.get(f"/conversations/{added['conversation_id']}")
    assert conversation["title"] is None
    assert api.get("/conversations")["items"] == [conversation]
    before = len(api.get("/conversations")["items"])
    assert refused(api, b"\x89PNG\r\n\x1a\n\0", name="a.png", conversation_id="new")[0] == 415
    assert len(api.get("/conversations")["items"]) == before
    query = {"conversation_id": "new"}
    assert api.refused("GET", "/documents", query_string=query) == (404, "not_found")


def test_a_large_one_is_kept_as_it_came(api: Api) -> None:
    data = b"".join(b"line %d\n" % number for number in range(300_000))
    assert len(data) > 3 << 20
    added = add(api, data, "lines.txt")
    answer = api.call("GET", f"/documents/{added['id']}/original")
    assert answer.data == data
    assert answer.content_length == len(data)
    assert kept(api) == (1, -(-len(data) // PIECE_BYTES))


# ── refusing ─────────────────────────────────────────────────────────────────────────────────

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
REFUSED = {
    "nothing": ("Empty.txt", b"", 422, "empty"),
    "a picture": ("Picture.png", PNG, 415, "unsupported_media_type"),
    "a picture that calls itself text": ("Notes.txt", PNG, 415, "unsupported_media_type"),
    "a program": ("run", b"\x7fELF\x02\x01\x01\0", 415, "unsupported_media_type"),
    "a PDF that calls itself text": ("Notes.txt", b"%PDF-1.7\n", 415, "unsupported_media_type"),
    "text that calls itself a PDF": ("Notes.pdf", RIVERS, 415, "unsupported_media_type"),
    "a PDF behind a page of HTML": ("Notes.pdf", b"<html>\n%PDF-1.7", 415, "unsupported_media_type"),
    "an archive that calls itself HTML": (
        "a.html",
        b"PK\x03\x04" + b"\0" * 99,
        415,
        "unsupported_media_type",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_document_leaves_nothing_behind(api: Api, what: str) -> None:
    name, data, status, code = REFUSED[what]
    assert refused(api, data, name=name) == (status, code)
    assert kept(api) == (0, 0)


@pytest.mark.parametrize("name", ["", " ", None])
def test_without_a_name_nobody_knows_what_it_is(api: Api, name: str | None) -> None:
    assert refused(api, **({} if name is None else {"name": name})) == (422, "invalid")


BAD_FORMS = {
    "no boundary": ("multipart/form-data", b"--x\r\n\r\n", 400),
    "a boundary of elsewhere": ("multipart/form-data; boundary=é", b"--x\r\n\r\n", 400),
    "nothing": ("multipart/form-data; boundary=x", b"", 422),
    "no part": ("multipart/form-data; boundary=x", b"--x--\r\n", 422),
    "a part without an end": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nRivers',
        400,
    ),
    "a part without a word": ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n\r\nc\r\n--x--\r\n", 400),
    "no file": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nRivers\r\n--x--\r\n',
        422,
    ),
    "a name that is no UTF-8": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="\xff.txt"\r\n\r\na\r\n--x--\r\n',
        400,
    ),
    "a field that is a book": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"a" * 70_000 + b"\r\n--x--\r\n",
        413,
    ),
    "a word before it that is a book": ("multipart/form-data; boundary=x", b"a" * 1_200_000, 413),
    "fields without end": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 200 + b"--x--\r\n",
        413,
    ),
}


@pytest.mark.parametrize("what", BAD_FORMS)
def test_a_form_that_is_none_is_refused_in_words(api: Api, what: str) -> None:
    media_type, data, status = BAD_FORMS[what]
    headers = {"Content-Type": media_type}
    assert api.refused("POST", "/documents", data=data, headers=headers)[0] == status
    assert kept(api) == (0, 0)


class Watched(io.BytesIO):
    """A body that counts what is read of it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Api]:
    """A server for little: three documents, of 1000 bytes each, 2500 altogether."""
    limits = {"document_bytes": 1000, "documents": 3, "documents_bytes": 2500, "upload_rate": 0}
    with opened_app(tmp_path, **limits) as app:
        yield Api(app)


def test_what_says_that_it_is_too_large_is_not_even_read(small: Api) -> None:
    body, said = Watched(b"a" * 1001), {"CONTENT_LENGTH": str(1 << 30)}
    answer = small.call("POST", "/documents?name=a.txt", input_stream=body, environ_overrides=said)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (413, "too_large")
    assert "1000 bytes" in answer.get_json()["error"]["message"]
    assert body.taken == 0
    add(small, b"a" * 1000)


def test_what_turns_out_too_large_is_read_no_further(small: Api) -> None:
    body = Watched(b"a" * (3 << 20))
    terminated = {"wsgi.input_terminated": True}
    answer = small.call("POST", "/documents?name=a.txt", input_stream=body, environ_base=terminated)
    assert answer.status_code == 413
    assert body.taken <= 1 << 20
    assert kept(small) == (0, 0)
    form = {"file": (io.BytesIO(b"a" * 1001), "a.txt")}
    assert small.refused("POST", "/documents", data=form) == (413, "too_large")
    assert kept(small) == (0, 0)


def test_elsewhere_bodies_stay_small(small: Api) -> None:
    added = add(small)
    long = {"name": "a" * (1 << 20)}
    assert small.refused("PATCH", f"/documents/{added['id']}", long) == (413, "too_large")


def test_nobody_adds_more_than_they_may(small: Api) -> None:
    add(small, b"a" * 1000)
    second = add(small, b"b" * 1000)
    assert refused(small, b"c" * 600, name="c.txt") == (409, "too_many_bytes")
    add(small, b"c" * 500)
    assert refused(small, b"d", name="d.txt") == (409, "too_many_documents")
    assert refused(small, b"d", name="d.txt", conversation_id="new") == (409, "too_many_documents")
    assert small.get("/conversations")["items"] == []
    assert small.call("DELETE", f"/documents/{second['id']}").status_code == 204
    add(small, b"d")
    add(small, b"d", who=small.ben)


def test_nobody_adds_faster_than_they_may(tmp_path: Path) -> None:
    with opened_app(tmp_path, upload_rate=2) as app:
        api = Api(app)
        add(api)
        assert refused(api, b"", name="a.txt")[0] == 422
        assert refused(api, name="a.txt") == (429, "rate_limited")
        add(api, who=api.ben)


def test_what_ends_early_leaves_nothing(api: Api) -> None:
    query = {"name": "a.txt"}
    said = {"CONTENT_LENGTH": "8"}
    sent: Any = {"input_stream": io.BytesIO(b"half"), "environ_overrides": said}
    assert api.refused("POST", "/documents", query_string=query, **sent) == (400, "ended_early")
    assert kept(api) == (0, 0)


def test_a_document_that_is_deleted_while_it_arrives_is_gone(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deleted(tx: Transaction, document_id: str, **more: Any) -> None:
        documents.delete(tx, document_id)
        raise documents.DocumentGone(document_id)

    monkeypatch.setattr("chat.web.document_intake.documents.put_piece", deleted)
    assert refused(api, name="a.txt") == (404, "not_found")
    assert api.get("/documents")["items"] == []


def test_who_is_let_go_while_their_file_comes_in_adds_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = api.begin(title="Rivers")
    here = path.rpartition("/")[2]
    made = api.call("POST", f"{path}/invitations", {"role": "co-driver"}).get_json()
    api.call("POST", "/invitations/accept", {"token": made["token"]}, who=api.ben)
    ben = str(api.ben.id)
    look = partial(api.house.store.write, lambda tx: members.remove(tx, here, ben))
    monkeypatch.setattr("chat.web.document_intake._look_inside", lambda *_: look())
    query = {"name": "a.txt", "conversation_id": here}
    assert api.refused("POST", "/documents", data=RIVERS, query_string=query, who=api.ben)[0] == 404
    assert api.get(f"/documents?conversation_id={here}")["items"] == []


# ── afterwards ───────────────────────────────────────────────────────────────────────────────


def test_an_original_is_only_ever_saved(api: Api) -> None:
    page = b"<!doctype html><script>alert(1)</script>"
    added = add(api, page, "Page.html")
    answer = api.call("GET", f"/documents/{added['id']}/original")
    assert answer.data == page
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    head = api.call("HEAD", f"/documents/{added['id']}/original")
    assert (head.status_code, head.content_length, head.data) == (200, len(page), b"")


def test_one_that_still_arrives_is_not_given_back(api: Api) -> None:
    begin = partial(
        documents.begin, owner=api.ada, conversation_id=None, name="a.txt", kind="text", size=9,
        now=api.house.now(), limits=documents.Allowed(),
    )  # fmt: skip
    arriving = api.house.store.write(begin)
    assert api.get(f"/documents/{arriving.id}")["status"] == "arriving"
    assert api.refused("GET", f"/documents/{arriving.id}/original") == (409, "arriving")


def test_its_text_is_read_passage_by_passage(api: Api) -> None:
    place = f"/documents/{add(api)['id']}"
    assert api.get(f"{place}/passages") == {"items": [], "next": None}
    ready(api, place.rpartition("/")[2], "Rivers begin", " at a spring.", " They end.")
    first = api.get(f"{place}/passages?limit=2")
    assert [one["text"] for one in first["items"]] == ["Rivers begin", " at a spring."]
    assert first["items"][0] == {"number": 1, "page": 1, "heading": "", "text": "Rivers begin"}
    rest = api.get(f"{place}/passages?limit=2&after={first['next']}")
    assert ([one["text"] for one in rest["items"]], rest["next"]) == ([" They end."], None)
    for query in ("limit=0", "limit=201", "after=x", "after=-1", "after=9999999999999"):
        assert api.refused("GET", f"{place}/passages?{query}") == (422, "bad_page")


def test_it_is_renamed_and_deleted_once(api: Api) -> None:
    place = f"/documents/{add(api)['id']}"
    renamed = api.call("PATCH", place, {"name": "../Streams\u202e.txt"}).get_json()
    assert renamed["name"] == api.get(place)["name"] == "Streams.txt"
    for name in ("", "  ", "a\x00b", "a" * 256, 7, None):
        assert api.refused("PATCH", place, {"name": name}) == (422, "invalid")
    assert api.refused("PATCH", place, {"status": "ready"}) == (422, "invalid")
    assert api.call("DELETE", place).status_code == 204
    assert api.refused("DELETE", place) == (404, "not_found")
    assert api.refused("GET", place) == (404, "not_found")
    assert api.refused("GET", f"{place}/original") == (404, "not_found")
    assert api.get("/documents")["items"] == []


def test_who_added_it_to_somebody_elses_conversation_may_take_it_away(api: Api) -> None:
    path = api.begin(title="Rivers")
    made = api.call("POST", f"{path}/invitations", {"role": "co-driver"}).get_json()
    api.call("POST", "/invitations/accept", {"token": made["token"]}, who=api.ben)
    here = path.rpartition("/")[2]
    hers, his = add(api, conversation_id=here), add(api, conversation_id=here, who=api.ben)
    listed = api.get(f"/documents?conversation_id={here}", who=api.ben)["items"]
    assert [one["id"] for one in listed] == [his["id"], hers["id"]]
    assert api.refused("DELETE", f"/documents/{hers['id']}", who=api.ben) == (403, "read_only")
    assert api.call("PATCH", f"/documents/{his['id']}", {"name": "His.txt"}, who=api.ben).status_code == 200
    assert api.call("DELETE", f"/documents/{his['id']}").status_code == 204, "she owns the conversation"
    api.call("DELETE", f"{path}/members/{api.ben.id}")
    assert api.refused("GET", f"/documents/{hers['id']}", who=api.ben) == (404, "not_found")


def test_a_library_is_its_owners_alone(api: Api, app: Flask) -> None:
    place = f"/documents/{add(api)['id']}"
    for method, where in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/original"),
        ("GET", "/passages"),
    ):
        body = {"name": "Mine"} if method == "PATCH" else None
        assert api.refused(method, f"{place}{where}", body, who=api.ben) == (404, "not_found")
    assert api.get(place)["name"] == "Rivers.txt"


def test_what_an_answer_would_be_given_is_found_beforehand(api: Api) -> None:
    path = api.begin(title="Rivers")
    here = path.rpartition("/")[2]
    added = add(api, conversation_id=here)
    ready(api, added["id"], "Rivers begin at a spring.", "They end in the sea.")
    query = {"q": "Where do rivers begin?", "conversation_id": here}
    found = api.get("/documents/search", query_string=query)["items"]
    assert found[0]["document_id"] == added["id"]
    assert found[0]["number"] == 1
    assert "Rivers begin at a spring." in {one["text"] for one in found}
    assert api.refused("GET", "/documents/search", query_string=query, who=api.ben) == (404, "not_found")
    odd = [{}, {"conversation_id": here}, {"q": " ", "conversation_id": here}]
    for bad in (*odd, {"q": "a" * 2001, "conversation_id": here}):
        assert api.refused("GET", "/documents/search", query_string=bad) == (422, "invalid")
    assert api.get("/documents/search", query_string={"q": "a\x00b", "conversation_id": here})


def test_without_a_conversation_the_callers_own_library_is_searched(api: Api) -> None:
    here = api.begin(title="Rivers").rpartition("/")[2]
    mine, theirs, elsewhere = add(api), add(api, who=api.ben), add(api, conversation_id=here)
    for one in (mine, theirs, elsewhere):
        ready(api, one["id"], f"Rivers begin at a spring, says {one['id']}.")
    for who, added in ((api.ada, mine), (api.ben, theirs)):
        query = {"q": "Where do rivers begin?"}
        found = api.get("/documents/search", query_string=query, who=who)["items"]
        assert [one["document_id"] for one in found] == [added["id"]]
    assert api.get("/documents/search", query_string={"q": "Which whale?"})["items"] == []


def test_a_list_goes_on_where_its_page_ended(api: Api) -> None:
    ids = [add(api, name=f"{number}.txt")["id"] for number in range(3)]
    first = api.get("/documents?limit=2")
    rest = api.get(f"/documents?limit=2&after={first['next']}")
    assert [one["id"] for one in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None
