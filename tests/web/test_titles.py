"""Titles: made of the first exchange by the model, else of its first words, and never over a person's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from chat.core.naming import LONGEST, clean_title, cut, excerpt, is_enough
from chat.generation.titles import Titles
from chat.store import ledger
from chat.store.tables import people
from tests.conftest import ServerFactory
from tests.person import Person
from tests.scripted import Script
from tests.upstream import Upstream
from tests.web.calls import Api, opened_app


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as upstream:
        yield upstream


@pytest.fixture
def api(tmp_path: Path, upstream: Upstream) -> Iterator[Api]:
    """The API of a server whose model is the scripted one."""
    settings: dict[str, Any] = {
        "openai_base_url": upstream.url,
        "openai_api_key": "scripted",
        "model": "scripted",
    }
    with opened_app(tmp_path, **settings) as app:
        yield Api(app)


def titles(api: Api, **more: Any) -> Titles:
    made = api.house
    told = {"by_model": True, "budgets": made.budgets, "charge": made.charges.charge, **more}
    return Titles(made.store, made.provider, **told)


def named(api: Api, conversation: str, **more: Any) -> str | None:
    """Have the first answer of a conversation named; gives the title."""
    asked = api.answered(
        conversation, "Where do rivers rise, and who decides what they are called in the end?"
    )
    titles(api, **more).name(asked["reply"]["stream_id"])
    title: str | None = api.get(conversation)["title"]
    return title


def test_the_model_is_asked_for_a_title_and_it_is_cleaned(api: Api, upstream: Upstream) -> None:
    upstream.scripts["scripted"] = Script(text='"**The springs of rivers.**"\nAnd more')
    assert named(api, api.begin()) == "The springs of rivers"
    (said,) = upstream.log
    assert "Where do rivers rise" in str(said.body)
    assert "A log." in str(said.body)


def test_another_model_may_make_the_titles(api: Api, upstream: Upstream) -> None:
    upstream.scripts["small"] = Script(text="Springs")
    assert named(api, api.begin(), model="small") == "Springs"


def test_what_it_took_is_charged_to_who_asked_and_is_no_answer_of_theirs(
    api: Api, upstream: Upstream
) -> None:
    upstream.scripts["scripted"] = Script(text="Springs")
    conversation = api.begin()
    asked = api.answered(conversation, "Rivers?")
    before = spent(api)
    titles(api).name(asked["reply"]["stream_id"])
    assert spent(api).input_tokens > before.input_tokens
    assert spent(api).output_tokens > before.output_tokens


def spent(api: Api) -> ledger.Usage:
    return api.house.store.read(lambda conn: ledger.spent(conn, api.ada.id, "1970-01-01"))


@pytest.mark.parametrize(
    "script",
    [
        Script(statuses=(401, 401, 401)),
        Script(cut_after=1),
        Script(text="…"),
        Script(html=True),
        Script(text="Half a title", finish="", done=False),
    ],
    ids=["refused", "cut", "nothing", "a page", "truncated"],
)
def test_what_fails_leaves_the_first_words(api: Api, upstream: Upstream, script: Script) -> None:
    upstream.scripts["scripted"] = script
    assert named(api, api.begin()) == "Where do rivers rise, and who decides what they are called…"


def test_by_words_nobody_is_asked(api: Api, upstream: Upstream) -> None:
    assert (
        named(api, api.begin(), by_model=False)
        == "Where do rivers rise, and who decides what they are called…"
    )
    assert upstream.log == []


def test_who_has_nothing_left_for_today_gets_the_first_words(api: Api, upstream: Upstream) -> None:
    conversation = api.begin()
    asked = api.answered(conversation, "Rivers?")
    little = update(people).where(people.c.id == api.ada.id).values(daily_tokens=1)
    api.house.store.write(lambda tx: tx.execute(little))
    titles(api).name(asked["reply"]["stream_id"])
    assert api.get(conversation)["title"] == "Rivers?"
    assert upstream.log == []


def test_a_person_name_is_never_changed(api: Api, upstream: Upstream) -> None:
    assert named(api, api.begin(title="Mine")) == "Mine"
    assert upstream.log == []


def test_a_rename_while_the_model_thinks_wins(api: Api, upstream: Upstream) -> None:
    conversation = api.begin()
    asked = api.answered(conversation, "Rivers?")

    class Renaming:
        """A provider while whose answer somebody gives the conversation a name."""

        name, default_model = "renaming", "scripted"

        def open(self, ask: Any) -> Any:
            api.call("PATCH", conversation, {"title": "Mine"})
            return api.house.provider.open(ask)

    made = api.house
    Titles(made.store, Renaming(), by_model=True, budgets=made.budgets, charge=made.charges.charge).name(  # type: ignore[arg-type]
        asked["reply"]["stream_id"]
    )
    assert api.get(conversation)["title"] == "Mine"


def test_only_the_first_exchange_makes_a_title(api: Api, upstream: Upstream) -> None:
    conversation = api.begin()
    api.answered(conversation, "Rivers?")
    second = api.answered(conversation, "And deltas?")
    titles(api).name(second["reply"]["stream_id"])
    assert api.get(conversation)["title"] is None
    titles(api).name("no such stream")


def test_a_title_comes_by_itself_after_the_first_answer(
    server_factory: ServerFactory, upstream: Upstream
) -> None:
    upstream.scripts["scripted"] = Script(text="The springs of rivers")
    server = server_factory(
        OPENAI_BASE_URL=upstream.url, OPENAI_API_KEY="scripted", CHAT_MODEL="scripted", CHAT_TITLE_BY="model"
    )
    ada = Person.sign_in(server.url, "Ada")
    conversation = ada.converse()
    events = ada.events(f"/api/conversations/{conversation}")
    asked = ada.ask("Where do rivers rise?", conversation)
    ada.drive(asked.stream_id).read()
    told = next(event for event in events if event.name == "conversation" and event.data["title"])
    events.close()
    assert told.data["title"] == "The springs of rivers"


# ── what is made of what a model says ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ('"Rivers and deltas."', "Rivers and deltas"),
        ("**Title: Why rivers meander**\nmore", "Why rivers meander"),
        ("<think>hm\nhm</think>\nFlüsse", "Flüsse"),
        ("<think>it never ends", None),
        ("「日本語の質問」。", "日本語の質問"),
        ("# Springs", "Springs"),
        ("\n\n  Springs  \n", "Springs"),
        ("Why?", "Why?"),
        ("...", None),
        ("", None),
    ],
)
def test_a_title_is_one_clean_line(said: str, title: str | None) -> None:
    assert clean_title(said) == title


def test_a_title_is_short_and_cut_at_a_word() -> None:
    assert cut("word " * 40) == "word " * 11 + "word…"
    assert len(cut("x" * 500)) == LONGEST
    assert len(cut("日本語" * 100)) == LONGEST
    assert cut("\x00 \u202e a\tb") == "a b"


def test_a_model_that_goes_on_is_cut_off() -> None:
    assert is_enough("A title\n")
    assert not is_enough("\n\nA title")
    assert not is_enough("<think>\nhm\n")
    assert is_enough("x" * 500)
    assert excerpt("é" * 2000).encode() == ("é" * 1000).encode()
