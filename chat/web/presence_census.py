"""The census of one process: whose lines are open in which conversation. Memory alone: it delays nobody."""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from chat.store.people import Person
from chat.store.presence import Lines

LINGER_S = 1.5  # for which who left still counts: a reload, or a line that is rotated, is no leaving
LINK = ""  # stands where a person's id would


@dataclass(frozen=True, slots=True)
class Seat:
    """Where somebody reads: a person, however many tabs they have, or the reader of a link (None)."""

    conversation_id: str
    person: Person | None


@dataclass(slots=True)
class _There:
    """Somebody in a conversation."""

    name: str
    lines: int = 0
    drives: int = 0
    left_at: float = 0.0


@dataclass(slots=True)
class _Conversation:
    people: dict[str, _There] = field(default_factory=dict)
    links: int = 0  # those that just left included
    links_leaving: int = 0
    open: int = 0  # lines

    def takes_link(self) -> bool:
        """Count a reader of the link; say whether they are one more."""
        if self.links_leaving:
            self.links_leaving -= 1
            return False
        self.links += 1
        return True

    def takes(self, person: Person, *, drives: bool) -> bool:
        """Count a line of this person; say whether anything is different."""
        there = self.people.get(person.id)
        is_news = there is None or there.name != person.name or (drives and there.drives == 0)
        there = self.people.setdefault(person.id, _There(person.name))
        there.name = person.name
        there.lines += 1
        there.drives += drives
        return is_news


class Census:
    """Counts who is here. `changed` is told of each conversation in which that became different.

    `left` is told when `settle` is to be asked again, where it was not to be asked at all before.
    """

    def __init__(
        self, clock: Callable[[], float], changed: Callable[[str], None], left: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._changed = changed
        self._left = left
        self._there: dict[str, _Conversation] = {}
        self._leaving: list[tuple[float, str, str]] = []  # (when, conversation, person or LINK), a heap

    def enter(self, seat: Seat, *, drives: bool) -> None:
        """Count a line that opens. A link's takes the place of one that has just left, if there is one."""
        cid, person = seat.conversation_id, seat.person
        here = self._there.setdefault(cid, _Conversation())
        here.open += 1
        is_news = here.takes_link() if person is None else here.takes(person, drives=drives)
        if is_news:
            self._changed(cid)

    def leave(self, seat: Seat, *, drives: bool) -> None:
        """Count a line that closes; it was counted by `enter`."""
        cid, person = seat.conversation_id, seat.person
        here = self._there[cid]
        here.open -= 1
        if person is None:
            here.links_leaving += 1
            self._linger(cid, LINK)
            return
        there = here.people[person.id]
        there.lines -= 1
        there.drives -= drives
        if there.lines == 0:
            there.left_at = self._clock()
            self._linger(cid, person.id)
        if drives and there.drives == 0:
            self._changed(cid)

    def settle(self) -> None:
        """Let go of those who left and did not come back in time."""
        now = self._clock()
        while self._leaving and self._leaving[0][0] <= now:
            _, cid, who = heappop(self._leaving)
            self._let_go(cid, who)

    def next_s(self) -> float | None:
        """Say in how many seconds there is somebody to let go of; None: nobody is leaving."""
        return self._leaving[0][0] - self._clock() if self._leaving else None

    def is_open(self, conversation_id: str) -> bool:
        """Say whether any line of this conversation is open here."""
        here = self._there.get(conversation_id)
        return here is not None and here.open > 0

    def lines_of(self, conversation_id: str) -> Lines | None:
        """Give who is here, as it is told to other processes; None for nobody."""
        here = self._there.get(conversation_id)
        if here is None or not (here.people or here.links):
            return None
        people = {id: [there.name, there.drives > 0] for id, there in here.people.items()}
        return {"people": people, "links": here.links}

    def _linger(self, cid: str, who: str) -> None:
        heappush(self._leaving, (self._clock() + LINGER_S, cid, who))
        if len(self._leaving) == 1:
            self._left()

    def _let_go(self, cid: str, who: str) -> None:
        here = self._there.get(cid)
        if here is None:
            return
        if who == LINK:
            if not here.links_leaving:
                return  # somebody took that place
            here.links_leaving -= 1
            here.links -= 1
        else:
            there = here.people.get(who)
            if there is None or there.lines > 0 or self._clock() - there.left_at < LINGER_S * 0.99:
                return  # they are back, or were in between
            del here.people[who]
        if not here.open and not here.people and not here.links:
            del self._there[cid]
        self._changed(cid)
