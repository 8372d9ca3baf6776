"""Messages on their page, by plain forms and links: ask anew, branches, the panel, figures."""

import json
import re

import pytest
from flask import Flask

from chat.core.lifecycle import Status
from chat.store import branches
from tests.web.test_pages import HTMX, OURS, Browser

MESSAGE = re.compile(
    r'<article class="message (\w+)" id="m-(\w+)".*?<div class="text[^>]*>(.*?)</div>', re.DOTALL
)


class Reader(Browser):
    """Somebody who talks by plain forms and reads what the page shows then."""

    def shown(self, path: str) -> list[tuple[str, str]]:
        """Give the id and the bare text of each message on a page."""
        page = self.get(path)
        assert page.status_code == 200, path
        return [(found[1], re.sub(r"<[^>]+>|\n", "", found[2])) for found in MESSAGE.findall(page.text)]

    def texts(self, path: str) -> list[str]:
        return [text for _, text in self.shown(path)]

    def ask(self, path: str, text: str, answer: str, **form: str) -> None:
        sent = self.post(f"{path}/messages", text=text, **form)
        assert sent.status_code == 303, sent.text
        self.answer(path, answer)

    def answer(self, path: str, text: str, **more: object) -> None:
        stream = re.search(r'class="state live"[^>]*data-stream="(\w+)"', self.get(path).text)
        assert stream
        claimed = self.house.streams.claim(stream[1], {Status.PENDING})
        assert claimed is not None
        assert self.house.streams.close(stream[1], claimed.epoch, Status.DONE, text=text, **more)  # type: ignore[arg-type]


@pytest.fixture
def reader(app: Flask) -> Reader:
    return Reader(app)


@pytest.fixture
def talked(reader: Reader) -> str:
    """A conversation of two questions."""
    path = reader.begin("One?")
    reader.answer(path, "1")
    reader.ask(path, "Two?", "2")
    return path


def hidden_fields(page: str) -> dict[str, str]:
    return dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)">', page[page.index('id="composer"') :])
    )


def test_without_a_script_a_question_is_edited_on_its_page_and_asked_as_another_branch(reader, talked):
    second = reader.shown(talked)[2][0]
    page = reader.get(f"{talked}?edit={second}").text
    assert "Two?</textarea>" in page
    form = hidden_fields(page)
    assert form["editing"] == second
    assert form["branch"] == "1"
    refused = reader.post(f"{talked}/messages", text=" ", **form)
    assert hidden_fields(refused.text)["editing"] == second
    reader.ask(talked, "Deux?", "2f", **form)
    assert reader.texts(talked) == ["One?", "1", "Deux?", "2f"]
    assert ">2/2<" in reader.get(talked).text


def test_the_first_question_can_be_asked_anew_too(reader, talked):
    first = reader.shown(talked)[0][0]
    form = hidden_fields(reader.get(f"{talked}?edit={first}").text)
    reader.ask(talked, "Uno?", "I", **form)
    assert reader.texts(talked) == ["Uno?", "I"]
    assert reader.texts(f"{talked}?branch={first}") == ["One?", "1", "Two?", "2"]


def test_only_a_question_of_this_conversation_is_edited(reader, talked):
    answer = reader.shown(talked)[1][0]
    for other in (answer, "none", reader.shown(reader.begin("Foreign?"))[0][0], "%00"):
        page = reader.get(f"{talked}?edit={other}")
        assert page.status_code == 200
        assert hidden_fields(page.text)["editing"] == ""


def test_a_page_shows_the_line_through_the_message_that_is_named(reader, talked):
    one, first_answer = reader.shown(talked)[:2]
    assert reader.post(f"{talked}/again", message_id=first_answer[0]).status_code == 303
    reader.answer(talked, "1b")
    assert reader.texts(talked) == ["One?", "1b"]
    assert "older branch" not in reader.get(talked).text
    older = reader.get(f"{talked}?branch={first_answer[0]}").text
    assert "You are reading an older branch." in older
    assert f"branch={first_answer[0]}" in re.search(r'data-events="([^"]*)"', older)[1]
    assert reader.texts(f"{talked}?branch={first_answer[0]}") == ["One?", "1", "Two?", "2"]
    assert reader.texts(f"{talked}?branch={one[0]}") == ["One?", "1b"]

    form = hidden_fields(older)
    assert form["branch"] == "1"
    reader.ask(talked, "On?", "on", **form)
    assert reader.texts(talked) == ["One?", "1", "Two?", "2", "On?", "on"]


@pytest.mark.parametrize("query", ["branch=none", "branch=%00", "before=none", "before=%00"])
def test_a_line_through_nothing_is_not_there(reader, talked, query):
    assert reader.get(f"{talked}?{query}").status_code == 404


def test_a_message_of_long_ago_is_shown_among_its_neighbours(reader, monkeypatch):
    monkeypatch.setattr(branches, "EACH_WAY", 3)
    path = reader.begin("0?")
    reader.answer(path, "0")
    for number in range(1, 6):
        reader.ask(path, f"{number}?", f"{number}")
    shown = reader.shown(path)
    page = reader.get(f"{path}?branch={shown[4][0]}").text
    assert 'id="line"' not in page
    assert reader.texts(f"{path}?branch={shown[4][0]}") == ["0", "1?", "1", "2?", "2", "3?", "3"]
    assert f'href="?before={shown[1][0]}"' in page
    assert reader.texts(f"{path}?before={shown[1][0]}") == ["0?"]
    later = re.search(r'href="(\?branch=\w+)">Later', page)[1]
    assert reader.texts(path + later)[-1] == "5?"
    assert 'id="line"' in reader.get(f"{path}?branch={shown[9][0]}").text


def test_a_refused_answer_to_a_stale_page_tells_it_to_look_again(reader, talked):
    first = reader.shown(talked)[0][0]
    stale = reader.post(f"{talked}/messages", HTMX, text="Late", parent_id=first, client_id="mine")
    assert stale.status_code == 409
    assert stale.headers["HX-Trigger"] == "headwater:astray"
    assert hidden_fields(stale.text)["client_id"] == "mine"


def test_an_id_that_was_used_for_another_text_is_replaced(reader, talked):
    reader.ask(talked, "Three?", "3", client_id="one")
    refused = reader.post(f"{talked}/messages", HTMX, text="Four?", client_id="one")
    assert refused.status_code == 409
    assert "Four?</textarea>" in refused.text
    anew = hidden_fields(refused.text)["client_id"]
    assert anew != "one"
    assert reader.post(f"{talked}/messages", HTMX, text="Four?", client_id=anew).status_code == 200


def test_for_a_script_a_first_question_names_the_page_to_go_to(reader):
    begun = reader.post("/c", HTMX, text="Where?")
    assert begun.status_code == 200
    assert re.fullmatch(r"/c/\w+", begun.headers["HX-Redirect"])
    assert "drive=1;" in begun.headers["Set-Cookie"]
    refused = reader.post("/c", HTMX, text=" ")
    assert refused.status_code == 422
    assert refused.headers["HX-Reswap"] == "outerMorph"


def test_a_script_is_told_in_plain_words_what_was_refused(reader, talked):
    refused = reader.post(f"{talked}/choice", HTMX, temperature="hot")
    assert refused.status_code == 422
    assert refused.mimetype == "text/plain"
    assert "a number from 0 to 2" in refused.text


def test_the_choice_is_kept_and_emptied(reader, talked):
    chosen = {"model": "wise", "system": "Be <brief>.", "temperature": "0,5"}
    assert reader.post(f"{talked}/choice", **chosen).status_code == 303
    page = reader.get(talked).text
    assert '<span id="choice-name">wise</span>' in page
    assert "Be &lt;brief&gt;.</textarea>" in page
    assert 'value="0.5"' in page
    saved = reader.post(f"{talked}/choice", HTMX, model="", system="", temperature="")
    assert saved.headers["HX-Reswap"] == "innerHTML"
    assert "wise" not in reader.get(talked).text.partition('id="choice"')[2]


def test_a_choice_goes_along_with_the_first_question(reader):
    begun = reader.post("/c", text="Where?", model="wise", system="Be brief.", temperature="1")
    path = begun.location
    assert "<span>wise</span>" in reader.get(path).text, "the answer names its model"
    refused = reader.post("/c", text="Where?", model="wise", temperature="3")
    assert refused.status_code == 422
    assert 'value="3"' in refused.text, "what was chosen is kept"
    assert "Where?</textarea>" in refused.text


def test_the_choice_is_the_owners(reader, talked, app):
    assert Reader(app).post(f"{talked}/choice", model="mine").status_code == 404
    assert Reader(app).get(f"{talked}/used").status_code == 404
    assert reader.get(f"{talked}/used").status_code == 200


def test_the_foot_of_an_answer_says_what_is_known_of_it(reader):
    path = reader.begin("How much?")
    assert 'class="figures"' not in reader.get(path).text
    usage = {"input_tokens": 1200, "output_tokens": 84, "estimated": True}
    timing = {"first_token_ms": 400, "total_ms": 2400}
    reader.answer(path, "So much.", usage=usage, timing=timing, finish_reason="length")
    page = reader.get(path).text
    assert "first token 0.4 s · 42 tokens/s · about 1,200 tokens in, 84 out" in page
    assert "Cut at the length limit" in page


def test_one_may_not_change_what_one_only_reads(reader, talked):
    link = re.search(r"http://localhost(/s/[\w-]+)", reader.post(f"{talked}/share", OURS).text)
    assert link
    page = reader.get(link[1]).text
    assert "may-ask" not in page
    assert 'id="composer"' not in page
    assert 'id="choice"' not in page
    first = reader.shown(talked)[0][0]
    form = {"text": "Uno?", "parent_id": "", "branch": "1"}
    assert reader.post(f"{talked}/messages", **form).status_code == 303
    reader.answer(talked, "I")
    assert reader.texts(f"{link[1]}?branch={first}") == ["One?", "1", "Two?", "2"]
    assert json.dumps("older branch")[1:-1] in reader.get(f"{link[1]}?branch={first}").text


def test_an_answer_that_was_cut_at_its_length_can_go_on(reader):
    path = reader.begin("Much?")
    reader.answer(path, "Much and", finish_reason="length")
    cut = reader.shown(path)[1][0]
    assert f'action="{path}/further"' in reader.get(path).text
    assert reader.post(f"{path}/further", message_id=cut).status_code == 303
    assert reader.post(f"{path}/further", HTMX, message_id=cut).status_code == 409, "it is asked once"
    reader.answer(path, "more.", finish_reason="stop")
    assert reader.texts(path) == ["Much?", "Much and", "Go on exactly where you stopped.", "more."]
    assert reader.post(f"{path}/further", message_id="").status_code == 422
