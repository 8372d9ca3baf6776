"""Out means out, on real lines: who logs out everywhere has none open a second later, but for programs."""

import re
import time

import requests

from tests.person import Person
from tests.reading import RawResponse, SseReader
from tests.server import RealServer

WITHIN_S = 30.0  # a second is promised, where nothing else runs; without a ring it would be a minute
SAME = {"Sec-Fetch-Site": "same-origin"}


def signed_up(server: RealServer, login: str) -> requests.Session:
    """Give the browser of somebody with an account and one conversation."""
    browser = requests.Session()
    form = {"login": login, "password": "correct horse"}
    answer = browser.post(server.url + "/signup", data=form, headers=SAME, allow_redirects=False, timeout=20)
    assert answer.status_code == 303, answer.text
    return browser


def cookie_of(browser: requests.Session) -> dict[str, str]:
    return {"Cookie": f"headwater={browser.cookies['headwater']}"}


def test_every_open_line_is_cut_and_those_of_programs_go_on(server: RealServer, person: Person) -> None:
    browser = signed_up(server, f"user-{person.person['id']}")
    page = browser.post(server.url + "/you/tokens", data={"token_name": "t"}, headers=SAME, timeout=20).text
    program = Person(server.url, re.search(r"hw_[\w-]+", page)[0])
    asked = program.ask()
    path = f"/api/conversations/{asked.conversation_id}/events"
    lines = [SseReader(RawResponse(server.url + path, headers=cookie_of(browser))) for _ in range(3)]
    with_token = program.events(f"/api/conversations/{asked.conversation_id}")
    for line in (*lines, with_token):
        line.until("conversation")

    asked_at = time.monotonic()
    gone = browser.post(server.url + "/you/leave", headers=SAME, allow_redirects=False, timeout=20)
    assert gone.status_code == 303
    for line in lines:
        line.until("close")
    assert time.monotonic() - asked_at < WITHIN_S

    said = program.ask("Still there?", conversation=program.converse())
    assert said.stream_id, "the program was not logged out"
    program.call("PATCH", f"/api/conversations/{asked.conversation_id}", {"title": "Going on"})
    while with_token.until("conversation").data["title"] != "Going on":
        continue  # the server named it, for its answer ended meanwhile
    for line in (*lines, with_token):
        line.close()
