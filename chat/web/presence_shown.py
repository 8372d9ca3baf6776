"""Who is here, as it is shown: drivers apart, the others by name, readers of a link as a number."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chat.store.presence import Cast, Lines

RANKS = ("owner", "co-driver", "viewer")


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody who is here; once, however many tabs they have."""

    id: str
    name: str
    role: str
    drives: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """Who is here now. Drivers are those who asked the answer that is live, or read it as its drivers do.

    `links`: readers of the share link, each line of theirs. Encodings are kept for all who are told the same.
    """

    people: tuple[Here, ...]
    links: int
    encoded: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def drivers(self) -> list[Here]:
        return [one for one in self.people if one.drives]

    @property
    def viewers(self) -> int:
        """How many watch besides the drivers."""
        return len(self.people) - len(self.drivers) + self.links

    @property
    def is_alone(self) -> bool:
        """Whether there is nobody to be shown to anybody else."""
        return len(self.people) + self.links < 2

    @property
    def says(self) -> str:
        """What the head of a page says."""
        watching = f"{self.viewers} watching" if self.viewers else ""
        names = [one.name for one in self.drivers]
        asking = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} asking" if names else ""
        return ", ".join(filter(None, (watching, asking)))


def merge(sources: Iterable[Lines | None], cast: Cast | None) -> Shown:
    """Put together what several processes say."""
    people: dict[str, Here] = {}
    links = 0
    for lines in filter(None, sources):
        links += lines["links"]
        for person_id, (name, drives) in lines["people"].items():
            before = people.get(person_id)
            drives = drives or (before is not None and before.drives) or _asked(cast, person_id)
            people[person_id] = Here(person_id, name, _role(cast, person_id), drives)
    return Shown(tuple(sorted(people.values(), key=_order)), links)


def shown_json(shown: Shown, *, names: bool) -> dict[str, Any]:
    """Give the data of a `presence` event; `names`: of all who are here, not for readers of a link."""
    data: dict[str, Any] = {
        "viewers": shown.viewers,
        "drivers": [{"id": one.id, "name": one.name} for one in shown.drivers],
    }
    if names:
        data["people"] = [{"id": one.id, "name": one.name, "role": one.role} for one in shown.people]
    return data


def _asked(cast: Cast | None, person_id: str) -> bool:
    return cast is not None and cast.asker_id == person_id


def _role(cast: Cast | None, person_id: str) -> str:
    if cast is None or cast.owner_id == person_id:
        return "owner"
    return cast.roles.get(person_id, "viewer")


def _order(one: Here) -> tuple[bool, int, str, str]:
    return (not one.drives, RANKS.index(one.role), one.name.casefold(), one.id)
