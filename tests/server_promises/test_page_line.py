"""The page's own line, over a real socket."""

import re

import requests

from tests.server import RealServer

SOON_S = 14  # seconds; and the heartbeat comes after 15


def test_a_page_that_missed_nothing_hears_at_once_that_it_is_connected(server: RealServer) -> None:
    browser = requests.Session()
    ours = {"Sec-Fetch-Site": "same-origin"}
    browser.get(server.url)
    page = browser.post(f"{server.url}/c", data={"text": "Hello"}, headers=ours)
    events, place = re.search(r'data-events="([^"]+)" data-after="([^"]+)"', page.text).groups()  # type: ignore[union-attr]
    address = f"{server.url}{events}{'&' if '?' in events else '?'}after="
    requests_made = 0
    last = place
    while requests_made < 20:  # until the answer has ended, and nothing is left to tell
        requests_made += 1
        with browser.get(address + last, stream=True, timeout=SOON_S) as line:
            first = ""
            for said in line.iter_lines(decode_unicode=True):
                if said.startswith("id: "):
                    last = said[4:]
                    break
                if said.startswith("event: "):
                    first = said
                    break
        if first == "event: ping":
            return
    raise AssertionError("there was always something to tell")
