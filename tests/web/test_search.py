"""The search page and its address for programs: hits marked, escaped, linked to their place, paged."""

import re
from urllib.parse import quote

import pytest

from chat.web.caller import COOKIE
from tests.web.calls import Api


@pytest.fixture
def talked(api: Api) -> str:
    conversation = api.begin(title="Springs & <brooks>")
    api.answered(conversation, 'Where do <b>rivers</b> rise? "><script>alert(1)</script>')
    return conversation


def page(api: Api, path: str) -> str:
    client = api.app.test_client()
    client.set_cookie(COOKIE, api.house.signer.sign(api.ada), domain="localhost")
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_hit_says_where_it_is_and_what_was_found(api: Api, talked: str) -> None:
    (hit,) = api.get("/search?q=riv")["items"]
    assert hit["conversation_id"] == talked.rpartition("/")[2]
    assert hit["title"] == "Springs & <brooks>"
    assert (hit["role"], hit["author"]) == ("user", "Ada")
    assert [piece["text"] for piece in hit["snippet"] if piece["hit"]] == ["rivers"]
    assert hit["path"] == f"/c/{hit['conversation_id']}?branch={hit['message_id']}#m-{hit['message_id']}"


def test_the_place_of_a_hit_shows_it(api: Api, talked: str) -> None:
    (hit,) = api.get("/search?q=rivers")["items"]
    assert f'id="m-{hit["message_id"]}"' in page(api, hit["path"].partition("#")[0])


def test_a_hit_far_back_is_shown_by_its_place_too(api: Api, talked: str) -> None:
    for number in range(55):
        api.answered(talked, f"And {number}?")
    (hit,) = api.get("/search?q=rivers")["items"]
    assert f'id="m-{hit["message_id"]}"' in page(api, hit["path"].partition("#")[0])


def test_the_page_marks_the_words_and_nothing_else_of_a_text_is_html(api: Api, talked: str) -> None:
    shown = page(api, "/search?q=riv")
    assert "<mark>rivers</mark>" in shown
    assert "&lt;b&gt;" in shown
    assert "<script>alert" not in shown
    assert "Springs &amp; &lt;brooks&gt;" in shown


def test_of_an_answer_words_are_shown_and_of_a_question_what_was_typed(api: Api) -> None:
    conversation = api.begin()
    asked = api.ask(conversation, "What are **brooks**?")
    api.answer(asked, "# Brooks\n\n- **small** [rivers](https://example.org)\n- `brook`")
    hits = api.get("/search?q=brooks")["items"]
    said = ["".join(piece["text"] for piece in hit["snippet"]) for hit in hits]
    assert said == ["Brooks small rivers brook", "What are **brooks**?"]


def test_hits_are_paged_newest_first(api: Api) -> None:
    conversation = api.begin()
    for number in range(3):
        api.answered(conversation, f"Rivers {number}")
    first = api.get("/search?q=rivers&limit=2")
    second = api.get(f"/search?q=rivers&limit=2&after={first['next']}")
    said = ["".join(piece["text"] for piece in hit["snippet"]) for hit in first["items"] + second["items"]]
    assert said == ["Rivers 2", "Rivers 1", "Rivers 0"]
    assert second["next"] is None


def test_a_page_without_hits_says_so(api: Api, talked: str) -> None:
    assert "Nothing was found" in page(api, "/search?q=mountains")
    assert "Nothing was found" not in page(api, "/search?q=")


def test_others_find_nothing(api: Api, talked: str) -> None:
    assert api.get("/search?q=rivers", who=api.ben)["items"] == []
    assert api.refused("GET", "/search?q=rivers", who="") == (401, "unauthorized")


@pytest.mark.parametrize("query", ["", "q=" + "a" * 201, "q=a&limit=0", "q=a&limit=x", "q=a&after=x"])
def test_what_is_no_search_is_refused(api: Api, query: str) -> None:
    assert api.refused("GET", f"/search?{query}")[0] == 422


@pytest.mark.parametrize(
    "typed",
    [
        '"',
        "*",
        "a OR b",
        "\x00",
        "words:",
        "'; --",
        "日本",
        "(((",
        "a\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_whatever_is_typed_is_only_looked_for(api: Api, talked: str, typed: str) -> None:
    assert api.get(f"/search?q={quote(typed)}")["items"] == []
    assert re.search(r"<main", page(api, f"/search?q={quote(typed)}"))
