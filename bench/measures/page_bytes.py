"""Bytes that one viewer's page is sent, against the HTML of the finished answer, of three lengths."""

import html
import re
from dataclasses import dataclass
from urllib.parse import quote

import requests

from bench.answers import KINDS, answer
from bench.load import Ask, Crowd, Line
from bench.rig import Rig
from bench.table import Figure

SIZES = (1_000, 10_000, 100_000)
PACE = 400  # tokens a second: fast enough to end, slow enough that each append stays small (5 bytes a token)


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
    conversation: str
    message: str
    line: Line
    driver: Line


def measure(rig: Rig, rounds: int) -> list[Figure]:
    """All kinds of one size at once, each watched by a page of its own."""
    return [figure for size in SIZES for figure in _one_size(rig, size)]


def _one_size(rig: Rig, size: int) -> list[Figure]:
    browser = Browser(rig.headwater.url)
    crowd = Crowd()
    watched = [_watch(rig, browser, crowd, kind, size) for kind in KINDS]
    for viewing in watched:
        crowd.read(120, until_ended=[viewing.driver])
    crowd.read(2, until_ended=[viewing.line for viewing in watched])
    figures = [_compare(browser, viewing) for viewing in watched]
    crowd.close()
    return figures


def _watch(rig: Rig, browser: Browser, crowd: Crowd, kind: str, size: int) -> Viewing:
    model = rig.script(f"{kind}-{size}", text=answer(kind, size), pace=PACE, burst=2)
    conversation = str(browser.send("/api/conversations", model=model)["id"])
    asked = browser.send(f"/api/conversations/{conversation}/messages", text="Go on.", chunk_by="sentence")
    page = browser.page(f"/c/{conversation}")
    events, place = (
        html.unescape(found[1])
        for name in ("events", "after")
        if (found := re.search(f'data-{name}="([^"]*)"', page))
    )
    headers = browser.headers | {"Accept": "text/event-stream"}
    port = rig.headwater.port
    viewer = crowd.add(Ask(port, f"{events}?after={quote(place)}", "GET", headers))
    driver = crowd.add(Ask(port, f"/api/streams/{asked['reply']['stream_id']}", "POST", browser.headers))
    return Viewing(kind, size, conversation, asked["reply"]["id"], viewer, driver)


def _compare(browser: Browser, viewing: Viewing) -> Figure:
    page = browser.page(f"/c/{viewing.conversation}")
    start = page.index(f'id="t-{viewing.message}"')
    final = len(page[page.index(">", start) + 1 : page.index("<footer", start)].encode())
    sent = sum(len(data) for _, data in viewing.line.body())
    name = f"bytes per viewer ÷ final HTML, {viewing.kind} of {viewing.size // 1000} kB"
    return Figure(name, sent / final, "×", 3, f"{sent:,} of {final:,} bytes")
