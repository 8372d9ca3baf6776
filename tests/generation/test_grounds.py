"""What an answer rests on: found late, noted before the first word, the same for whoever goes on with it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import Event

from chat.core.lifecycle import Status
from chat.core.material import IN_VAIN, RULES, UNREAD, with_rules
from chat.core.prompt import Room
from chat.core.sources import Source
from chat.generation import late
from chat.generation.answers import Answers
from chat.generation.generation import Source as Feed
from chat.generation.late import LateSource
from chat.generation.providers.types import Aborted, Ask, Delta, Finished, Item
from chat.store import conversations, messages
from chat.store.leases import Orphan
from chat.store.messages import Asked
from tests.patience import PATIENCE_S
from tests.store.library import add, read
from tests.store.talk import BEN, Talk, stream_of

TEXTS = ("It ends with a notice of thirty days.", "Fees remain due.", "Dr. Smith agreed.")


class Mouth:
    """A provider that says one sentence, and remembers what it was asked."""

    name, default_model = "mouth", "mouth"

    def __init__(self) -> None:
        self.asked: list[Ask] = []

    def open(self, ask: Ask) -> Any:
        return Said(self, ask)


class Said:
    def __init__(self, mouth: Mouth, ask: Ask) -> None:
        self._mouth, self._ask = mouth, ask

    def __iter__(self) -> Iterator[Item]:
        self._mouth.asked.append(self._ask)
        yield Delta("It ends [1].")
        yield Finished("stop")

    def close(self) -> None:
        pass


class Shelf:
    """Finds what it is told to, as slowly as it is told to."""

    def __init__(self) -> None:
        self.found = [Source(n, "d", "lease.pdf", n, None, "", text) for n, text in enumerate(TEXTS, 1)]
        self.asked: list[tuple[str, str, str, str | None]] = []
        self.wait: Callable[[], None] = lambda: None

    def find(self, person_id: str, conversation_id: str, question: str, earlier: str | None) -> list[Source]:
        self.asked.append((person_id, conversation_id, question, earlier))
        self.wait()
        return list(self.found)


class House:
    """Ada's conversation with a document to draw on, and who answers there."""

    def __init__(self, folder: Path, *, documents: bool = True, **more: Any) -> None:
        self.talk = Talk(f"sqlite:///{folder}/grounds.sqlite3")
        self.shelf, self.mouth = Shelf(), Mouth()
        self.answers = Answers(
            self.talk.store,
            self.mouth,  # type: ignore[arg-type]
            **{"retrieval": self.shelf, "room": Room(), "patience_s": PATIENCE_S, **more},
        )
        self.laid = Event()  # looking for sources has come to its end, whether anybody waits for it or not
        lay = self.answers._grounds.lay

        def noted(*arguments: Any) -> Any:
            try:
                return lay(*arguments)
            finally:
                self.laid.set()

        self.answers._grounds.lay = noted  # type: ignore[method-assign]
        if documents:
            add(self.talk)
            read(self.talk, *TEXTS)

    def open(self, asked: Asked, so_far: str = "") -> Feed:
        """Open its source as the engine does: before the claim."""
        state = self.talk.streams.state(stream_of(asked))
        assert state is not None
        return self.answers.open(state, so_far)

    def claim(self, asked: Asked) -> int:
        return self.talk.stream(asked)

    def citations(self, asked: Asked) -> list[int]:
        found = self.talk.read(messages.by_stream, stream_of(asked))
        return [one["number"] for one in found.citations]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.talk.store.close()


def hear(source: Feed) -> str:
    return "".join(item.text for item in source if isinstance(item, Delta))


def test_sources_are_found_for_who_asked_and_told_and_noted(house: House):
    house.talk.answered("Who agreed?")
    asked = house.talk.ask("When does it end?")
    source = house.open(asked)
    assert house.shelf.asked == [], "nothing is looked for before the claim"
    house.claim(asked)
    assert hear(source) == "It ends [1]."
    assert house.shelf.asked == [("ada", house.talk.cid, "When does it end?", "Who agreed?")]
    (ask,) = house.mouth.asked
    assert [one.number for one in ask.sources] == house.citations(asked) == [1, 2, 3]
    assert ask.question == "When does it end?"
    assert ask.messages[0] == {"role": "system", "content": RULES}
    assert ask.messages[-1]["role"] == "user"
    assert all(text in ask.messages[-1]["content"] for text in (*TEXTS, "When does it end?"))


def test_what_does_not_fit_is_not_offered(tmp_path: Path):
    house = House(tmp_path, room=Room(passages=60))
    asked = house.talk.ask()
    source = house.open(asked)
    house.claim(asked)
    hear(source)
    assert house.citations(asked) == [one.number for one in house.mouth.asked[0].sources] == [1]


def test_what_was_searched_in_vain_is_told_to_the_model_and_noted_nowhere(house: House):
    house.shelf.found = []
    asked = house.talk.ask("Which whale?")
    source = house.open(asked)
    house.claim(asked)
    hear(source)
    (ask,) = house.mouth.asked
    assert ask.in_vain
    assert ask.messages[0]["content"].endswith(IN_VAIN)
    assert house.citations(asked) == []


def test_what_could_not_be_searched_was_not_searched_in_vain(house: House):
    def away() -> None:
        raise OSError

    house.shelf.wait = away
    asked = house.talk.ask("Which whale?")
    source = house.open(asked)
    house.claim(asked)
    hear(source)
    assert not house.mouth.asked[0].in_vain


def test_without_documents_nothing_is_looked_for_and_nothing_written(tmp_path: Path):
    house = House(tmp_path, documents=False)
    asked = house.talk.ask()
    source = house.open(asked)
    house.claim(asked)
    revision = house.talk.read(conversations.get, house.talk.cid).revision
    hear(source)
    assert house.talk.read(conversations.get, house.talk.cid).revision == revision
    assert (house.shelf.asked, house.citations(asked)) == ([], [])
    assert [message["role"] for message in house.mouth.asked[0].messages] == ["user"]


def test_what_is_still_being_read_is_said_to_the_model_and_noted(house: House):
    for name in ("two.md", "three.md"):
        add(house.talk, name=name)
    asked = house.talk.ask("When does it end?")
    source = house.open(asked)
    house.claim(asked)
    hear(source)
    (ask,) = house.mouth.asked
    assert ask.messages[0]["content"] == with_rules(UNREAD)
    found = house.talk.read(messages.by_stream, stream_of(asked))
    assert (found.unread_documents, len(found.citations)) == (2, 3)


def test_where_all_is_still_being_read_nothing_was_searched_in_vain(tmp_path: Path):
    house = House(tmp_path, documents=False)
    add(house.talk, conversation_id=house.talk.cid)
    asked = house.talk.ask("What does it say?")
    source = house.open(asked)
    house.claim(asked)
    hear(source)
    (ask,) = house.mouth.asked
    assert (house.shelf.asked, ask.in_vain, ask.messages[0]["content"]) == ([], False, UNREAD)
    assert house.talk.read(messages.by_stream, stream_of(asked)).unread_documents == 1


def test_what_was_read_while_it_was_asked_counts_as_looked_at(house: House):
    add(house.talk, name="two.md")
    asked = house.talk.ask()
    source = house.open(asked)
    house.shelf.wait = lambda: read(house.talk, "In time.")
    house.claim(asked)
    hear(source)
    assert house.mouth.asked[0].messages[0]["content"] == RULES
    assert house.talk.read(messages.by_stream, stream_of(asked)).unread_documents == 0


def test_how_much_was_left_out_is_noted_without_documents_too(tmp_path: Path):
    house = House(tmp_path, documents=False, room=Room(1000))
    house.talk.answered("why " * 1000, "because " * 1000)
    asked = house.talk.ask("And?")
    source = house.open(asked)
    house.claim(asked)
    hear(source)
    found = house.talk.read(messages.by_stream, stream_of(asked))
    assert (found.left_out, found.citations) == (2, [])
    assert [message["content"] for message in house.mouth.asked[0].messages] == ["And?"]


def test_whoever_takes_over_tells_the_same_sources_without_looking_again(house: House):
    asked = house.talk.ask()
    first = house.open(asked)
    epoch = house.claim(asked)
    hear(first)
    house.shelf.found = [Source(1, "e", "other.pdf", 9, None, "", "Something else.")]
    for so_far in ("", "It ends [1]. "):
        heir = house.open(asked, so_far)
        taken = house.talk.streams.take_over(Orphan(stream_of(asked), epoch, False, 0))
        assert taken is not None
        epoch = taken[0].epoch
        hear(heir)
    assert len(house.shelf.asked) == 1
    assert [ask.sources for ask in house.mouth.asked] == [house.mouth.asked[0].sources] * 3
    question = next(m["content"] for m in house.mouth.asked[-1].messages if m["role"] == "user")
    assert TEXTS[0] in question, "what it cites is before it still"


def test_what_a_dying_process_noted_at_the_last_moment_is_what_counts(house: House):
    """The heir looked before the lease was its own, and the other one noted in between."""
    asked = house.talk.ask()
    zombie = house.open(asked)
    epoch = house.claim(asked)
    heir = house.open(asked)
    hear(zombie)
    assert house.talk.streams.take_over(Orphan(stream_of(asked), epoch, False, 0))
    house.shelf.found = house.shelf.found[1:]
    hear(heir)
    assert len(house.shelf.asked) == 1
    assert house.mouth.asked[1].sources == house.mouth.asked[0].sources


def test_a_zombie_asks_no_model(house: House):
    asked = house.talk.ask()
    zombie = house.open(asked)
    epoch = house.claim(asked)
    assert house.talk.streams.take_over(Orphan(stream_of(asked), epoch, False, 0))
    with pytest.raises(Aborted):
        hear(zombie)
    assert house.mouth.asked == []
    assert house.citations(asked) == []


def test_an_answer_that_began_without_sources_goes_on_without(house: House):
    asked = house.talk.ask()
    epoch = house.claim(asked)
    heir = house.open(asked, "It is said that ")
    assert house.talk.streams.take_over(Orphan(stream_of(asked), epoch, False, 0))
    hear(heir)
    assert (house.shelf.asked, house.citations(asked)) == ([], [])


def test_who_goes_on_with_anothers_answer_looks_with_the_askers_eyes(house: House):
    asked = house.talk.ask(author=BEN)
    epoch = house.claim(asked)
    house.talk.end(asked, epoch, Status.INTERRUPTED, "")
    source = house.open(asked)
    house.talk.stream(asked, resume=True)
    hear(source)
    assert house.shelf.asked == [], "a guest asked: there is nothing of theirs to search"


@pytest.mark.parametrize("broken", [OSError("disk"), RecursionError()])
def test_an_answer_comes_when_nothing_can_be_looked_up(house: House, broken: Exception):
    def fail() -> None:
        raise broken

    house.shelf.wait = fail
    asked = house.talk.ask()
    source = house.open(asked)
    house.claim(asked)
    assert hear(source) == "It ends [1]."
    assert (house.mouth.asked[0].sources, house.citations(asked)) == ([], [])


def test_an_answer_comes_without_sources_when_looking_takes_too_long(tmp_path: Path):
    house, found = House(tmp_path, patience_s=0.1), Event()
    house.shelf.wait = found.wait
    asked = house.talk.ask()
    source = house.open(asked)
    house.claim(asked)
    assert hear(source) == "It ends [1]."
    found.set()
    assert house.laid.wait(PATIENCE_S)
    assert (house.mouth.asked[0].sources, house.citations(asked)) == ([], []), "nor are any noted later"


class Patience:
    """In place of gevent: the patience of a late source ends in the moment in which sources are noted."""

    spawn = gevent.spawn

    def __init__(self) -> None:
        self.noting, self.over = Event(), Event()

    def wait(self, waited: list[Any], timeout: float | None = None, count: int | None = None) -> list[Any]:
        if timeout is not None:
            assert self.noting.wait(PATIENCE_S)
            return []
        self.over.set()
        return gevent.wait(waited, timeout=PATIENCE_S, count=count)


def test_what_is_being_noted_when_patience_ends_is_told_as_well(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    patience, write = Patience(), type(house.talk.store).write

    def slowly(*arguments: Any, **more: Any) -> Any:
        patience.noting.set()
        assert patience.over.wait(PATIENCE_S), "nobody waits for what is noted"
        return write(*arguments, **more)

    monkeypatch.setattr(late, "gevent", patience)
    asked = house.talk.ask()
    source = house.open(asked)
    house.claim(asked)
    monkeypatch.setattr(type(house.talk.store), "write", slowly)
    assert hear(source) == "It ends [1]."
    assert len(house.mouth.asked[0].sources) == len(house.citations(asked)) == len(TEXTS)


def test_a_stop_is_heard_while_sources_are_looked_for(house: House):
    looked, found = Event(), Event()
    house.shelf.wait = lambda: (looked.set(), found.wait())
    asked = house.talk.ask()
    source = house.open(asked)
    house.claim(asked)
    listening = gevent.spawn(_ending_of, source)
    assert looked.wait(PATIENCE_S)
    assert source.estimate("") is None, "nobody was asked: it cost nothing"
    source.close()
    assert listening.get(timeout=PATIENCE_S) is Aborted
    found.set()
    assert house.laid.wait(PATIENCE_S)
    assert (house.mouth.asked, house.citations(asked)) == ([], [])


def test_a_late_source_that_was_closed_makes_nothing():
    made: list[int] = []
    source = LateSource(lambda is_over: made.append(1), lambda: made.append(2), 1)  # type: ignore[arg-type, return-value, func-returns-value]
    source.close()
    assert _ending_of(source) is Aborted
    assert made == []


def _ending_of(source: Feed) -> type[Exception] | None:
    try:
        hear(source)
    except Aborted as ended:
        return type(ended)
    return None
