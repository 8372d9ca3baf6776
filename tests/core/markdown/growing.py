"""A text that grows under the eyes of a page, as the tests watch it."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from chat.core.markdown import Picture, Region, conclude, finished, picture, steps
from tests.core.markdown.simulated_page import SimulatedPage

KEY = "k"


MANY = 500  # characters: of a longer text not every prefix is looked at


def places(text: str) -> range:
    """Give where to look at the text while it grows: everywhere, or in a longer one every few characters."""
    return range(0, len(text) + 1, 1 + len(text) // MANY)


@lru_cache(maxsize=16)
def prefixes(text: str) -> tuple[tuple[bytes, Picture], ...]:
    """Picture the text as it was at each of its places, every time from its beginning."""
    grown = [text[:end].encode() for end in places(text)]
    return tuple((prefix, picture(prefix, KEY)) for prefix in grown)


def pictures(text: str, at: Iterable[int]) -> Iterator[Picture]:
    """Picture the text as it was at each place, from where the last picture's open region began."""
    since = 0
    for end in at:
        shown = picture(text[:end].encode(), KEY, since)
        yield shown
        since = shown.open.start


def watch(text: str, at: Iterable[int]) -> tuple[SimulatedPage, list[Region]]:
    """Grow a page with the text and conclude it; after each step it must show what the picture says.

    Gives the page and the regions that it must show in the end.
    """
    shown = picture(b"", KEY)
    page = SimulatedPage(shown, KEY)
    closed: list[Region] = []
    for after in pictures(text, at):
        page.apply(steps(shown, after, KEY))
        closed += after.closed
        assert page.regions() == named([*closed, after.open])
        shown = after
    rest = finished(text.encode(), shown.open.start)
    page.apply(conclude(shown, rest, KEY))
    return page, [*closed, *(rest or [Region(shown.open.start, "")])]


def named(regions: Iterable[Region]) -> list[tuple[str | None, str]]:
    """Write regions the way a page lists them."""
    return [(f"r-{KEY}-{region.start}", region.html) for region in regions]
