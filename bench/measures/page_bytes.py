"""Bytes that one viewer's page is sent, against the HTML of the finished answer, of three lengths."""

import html
import re
import time
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote

import requests

from bench.answers import KINDS, answer
from bench.load import Ask, Crowd, Line
from bench.rig import Rig
from bench.table import Figure

# Bytes, and tokens a second (of some 5 bytes): a usual pace where the run ends in time, else a fast one.
SIZES = {1_000: 60, 10_000: 60, 100_000: 400}
SHOWN_WITHIN_S = 30
SETTLES_S = 1.0  # after the end: the list at the side says so too


class Browser:
    """A person with the page's cookie."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Origin"] = url
        self.session.get(url + "/", timeout=10).raise_for_status()

    @property
    def headers(self) -> dict[str, str]:
        cookie = "; ".join(f"{one.name}={one.value}" for one in self.session.cookies)
        return {"Cookie": cookie, "Origin": self.url}

    def send(self, path: str, **fields: object) -> dict[str, dict[str, str]]:
        answer = self.session.post(self.url + path, json=fields, timeout=30)
        answer.raise_for_status()
        found: dict[str, dict[str, str]] = answer.json()
        return found

    def page(self, path: str) -> str:
        answer = self.session.get(self.url + path, timeout=30)
        answer.raise_for_status()
        return answer.text


@dataclass
class Viewing:
    """One answer and the page that watches it."""

    kind: str
    size: int
    browser: Browser
    conversation: str
    line: Line
    driver: Line
    before: int  # pieces that the page was sent before the question

    def told(self) -> list[tuple[float, bytes]]:
        """Give what the page was sent since, piece by piece."""
        return self.line.body()[self.before :]


def measure(rig: Rig, rounds: int) -> list[Figure]:
    """All kinds of one size at once, each of a person of its own whose page is open before the question."""
    return [figure for size in SIZES for figure in _one_size(rig, size)]


def _one_size(rig: Rig, size: int) -> list[Figure]:
    crowd = Crowd()
    watched = [_watch(rig, crowd, kind, size) for kind in KINDS]
    crowd.read(until_ended=[viewing.driver for viewing in watched])
    shown = time.monotonic() + SHOWN_WITHIN_S
    while not all(_is_whole(viewing) for viewing in watched):
        assert time.monotonic() < shown, "a page was never told that its answer is complete"
        crowd.read(0.5, until_ended=[viewing.line for viewing in watched])
    crowd.read(SETTLES_S, until_ended=[viewing.line for viewing in watched])
    figures = [_compare(viewing) for viewing in watched]
    crowd.close()
    return figures


def _is_whole(viewing: Viewing) -> bool:
    """Say whether the page has been told that the answer is complete."""
    told = b"".join(data for _, data in viewing.line.arrivals[-20:])
    return b'state done"' in told.replace(b'\\"', b'"')


def _watch(rig: Rig, crowd: Crowd, kind: str, size: int) -> Viewing:
    browser, port = Browser(rig.headwater.url), rig.headwater.port
    model = rig.script(f"{kind}-{size}", text=answer(kind, size), pace=SIZES[size])
    conversation = str(browser.send("/api/conversations", model=model)["id"])
    headers = browser.headers | {"Accept": "text/event-stream"}
    viewer = crowd.add(Ask(port, _events_of(browser.page(f"/c/{conversation}")), "GET", headers))
    crowd.read(0.5, until_ended=[viewer])  # what it is told before the question is no part of an answer
    before = len(viewer.body())
    asked = browser.send(f"/api/conversations/{conversation}/messages", text="Go on.", chunk_by="sentence")
    driver = crowd.add(Ask(port, f"/api/streams/{asked['reply']['stream_id']}", "POST", browser.headers))
    return Viewing(kind, size, browser, conversation, viewer, driver, before)


def _events_of(page: str) -> str:
    """Give the address of the page's own events from the place where it stands, as static/js/line.js does."""
    events, place = (
        html.unescape(found[1])
        for name in ("events", "after")
        if (found := re.search(f'data-{name}="([^"]*)"', page))
    )
    return f"{events}{'&' if '?' in events else '?'}after={quote(place)}"


def _compare(viewing: Viewing) -> Figure:
    page = viewing.browser.page(f"/c/{viewing.conversation}")
    start = page.index('<article class="message assistant"')
    final = len(page[start : page.index("</article>", start)].encode())
    sent = sum(len(data) for _, data in viewing.told())
    name = f"bytes per viewer ÷ final HTML, {viewing.kind} of {viewing.size // 1000} kB"
    return Figure(
        name, sent / final, "×", 3, f"{sent:,} of {final:,} bytes, longest pause {_pause(viewing):.1f} s"
    )


def _pause(viewing: Viewing) -> float:
    """The longest time for which a page was shown nothing new while its answer ran."""
    moments = [at for at, text in viewing.told() if text.startswith(b"id: ")]  # not the pings
    return max((after - before for before, after in pairwise(moments)), default=0.0)
