"""Sharing from pages: links for a while and their card, copies of one's own, invitations, roles."""

import re
from pathlib import Path

import pytest
from flask import Flask

from chat.web.share_panel import time_left
from tests.web.calls import opened_app
from tests.web.test_pages import HTMX, Browser

HOUR = 3600


@pytest.fixture
def owner(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def other(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def path(owner: Browser) -> str:
    """A conversation of the owner's that was answered."""
    page = owner.begin("Where does it <b>begin</b>?").partition("#")[0]
    owner.finish(page, "In the hills.")
    return page


def link_in(html: str, kind: str) -> str:
    """Find the link that a panel shows this once; gives its path."""
    found = re.search(rf'value="http://localhost(/{kind}/[\w-]+)"', html)
    assert found, html
    return found[1]


def shared(owner: Browser, path: str, **form: str) -> str:
    return link_in(owner.post(f"{path}/share", **form).text, "s")


def invited(owner: Browser, path: str, role: str = "co-driver", **form: str) -> str:
    return link_in(owner.post(f"{path}/invitations", role=role, **form).text, "i")


# ── the link ─────────────────────────────────────────────────────────────────────────────────


def test_a_link_for_an_hour_opens_nothing_after_it(owner, other, path, monkeypatch):
    link = shared(owner, path, expires_in=str(HOUR))
    assert other.get(link).status_code == 200
    assert "for 1 more hour" in owner.get(path).text
    now = owner.house.now()
    monkeypatch.setattr(owner.house, "now", lambda: now + HOUR + 1)
    for gone in (link, f"{link}/events"):
        assert other.get(gone).status_code == 404
    assert other.post(f"{link}/fork").status_code == 404
    assert "Make a live link" in owner.get(path).text, "and the panel shows none"


@pytest.mark.parametrize("bad", ["7", "-1", "soon", "3600.0"])
def test_a_time_that_was_not_offered_is_refused(owner, path, bad):
    assert owner.post(f"{path}/share", expires_in=bad).status_code == 422
    assert owner.post(f"{path}/invitations", role="viewer", expires_in=bad).status_code == 422
    assert owner.post(f"{path}/invitations", role="owner").status_code == 422


def test_a_link_has_a_card_where_it_is_sent_and_asks_not_to_be_indexed(owner, other, path):
    page = other.get(shared(owner, path))
    card = dict(re.findall(r'<meta (?:property|name)="([\w:]+)" content="([^"]*)"', page.text))
    assert card["og:title"] == "Where does it &lt;b&gt;begin&lt;/b&gt;?"
    assert card["og:description"]
    assert card["robots"] == "noindex"
    assert card["twitter:card"] == "summary_large_image"
    assert "Set-Cookie" not in page.headers
    image = other.get(card["og:image"].removeprefix("http://localhost"))
    assert (image.status_code, image.mimetype) == (200, "image/png")
    assert len(image.data) < 50_000


def test_the_panel_says_how_long_something_holds(monkeypatch):
    assert time_left(None, 0) == "until taken back"
    assert time_left(HOUR, 0.5) == "for 1 more hour"
    assert time_left(2 * HOUR, 60) == "for 2 more hours"
    assert time_left(7 * 24 * HOUR, 1) == "for 1 more week"
    assert time_left(90, 0) == "for 2 more minutes"
    assert time_left(20, 0) == "for less than a minute"


# ── a copy of one's own ──────────────────────────────────────────────────────────────────────


def test_who_came_by_a_link_goes_on_in_a_copy_and_gets_a_cookie_only_then(owner, other, path):
    link = shared(owner, path)
    assert "Set-Cookie" not in other.get(link).headers
    answer = other.post(f"{link}/fork")
    assert answer.status_code == 303
    assert "headwater=" in answer.headers["Set-Cookie"]
    assert answer.location != path
    page = other.get(answer.location).text
    assert "In the hills." in page
    assert "may-ask" in page
    assert owner.get(answer.location).status_code == 404, "it is theirs alone"


def test_a_copy_keeps_the_person_that_the_browser_has(owner, other, path):
    other.get("/")
    answer = other.post(f"{shared(owner, path)}/fork")
    assert "Set-Cookie" not in answer.headers
    assert answer.location in other.get("/").text


def test_a_copy_of_nothing_and_up_to_nothing_is_not_found(owner, other, path):
    link = shared(owner, path)
    for where, form in ((link, {"message_id": "no"}), (link, {"message_id": "\x00"}), ("/s/guess", {})):
        answer = other.post(f"{where}/fork", **form)
        assert answer.status_code == 404
        assert "Set-Cookie" not in answer.headers or where == link
    assert other.post(f"{path}/fork").status_code == 404
    assert other.post(f"{link}/fork", headers={}).status_code == 403, "no other site's form"


def test_where_accounts_are_required_a_copy_leads_to_where_one_logs_in(tmp_path: Path):
    with opened_app(tmp_path) as app:
        owner = Browser(app)
        path = owner.begin().partition("#")[0]
        link = shared(owner, path)
    with opened_app(tmp_path, auth="required") as app:
        other = Browser(app)
        assert other.get(link).status_code == 200
        answer = other.post(f"{link}/fork")
        assert (answer.status_code, answer.location) == (303, f"/login?next={link}")


# ── invitations and members ──────────────────────────────────────────────────────────────────


def test_an_invitation_says_what_it_is_and_looking_changes_nothing(owner, other, path):
    invitation = invited(owner, path, "viewer")
    page = other.get(invitation)
    assert "as a viewer" in page.text
    assert "Where does it &lt;b&gt;begin&lt;/b&gt;?" in page.text
    assert "In the hills." not in page.text
    assert other.get(path).status_code == 404
    joined = other.post(invitation, name="  Ben\n ")
    assert (joined.status_code, joined.location) == (303, path)
    assert "In the hills." in other.get(path).text
    assert other.get(invitation).location == path, "who is in is taken there"
    assert '<span class="share-name" dir="auto">Ben</span>' in owner.get(path).text


def test_a_viewer_reads_and_takes_a_copy_and_a_co_driver_asks(owner, other, app, path):
    other.post(invited(owner, path, "viewer"))
    page = other.get(path).text
    assert "may-ask" not in page
    assert f'action="{path}/fork"' in page
    assert 'popovertarget="share"' not in page
    assert other.post(f"{path}/messages", text="More?").status_code == 403
    assert other.post(f"{path}/share").status_code == 403
    assert other.post(f"{path}/fork").status_code == 303
    driver = Browser(app)
    driver.post(invited(owner, path))
    assert "may-ask" in driver.get(path).text
    assert driver.post(f"{path}/messages", text="And then?").status_code == 303
    for form in ("share", "unshare", "invitations", f"members/{'x' * 8}/remove"):
        assert driver.post(f"{path}/{form}", role="viewer").status_code == 403


def test_the_owner_changes_roles_and_lets_members_go_and_they_leave(owner, other, path):
    other.post(invited(owner, path))
    person_id = re.search(r"members/(\w+)/role", owner.get(path).text)
    assert person_id
    panel = owner.post(f"{path}/members/{person_id[1]}/role", headers=HTMX, role="viewer")
    assert panel.headers["HX-Reswap"] == "innerHTML"
    assert '<option value="viewer" selected>viewer</option>' in panel.text
    assert other.post(f"{path}/messages", text="More?").status_code == 403
    owner.post(f"{path}/members/{person_id[1]}/remove")
    assert other.get(path).status_code == 404
    other.post(invited(owner, path))
    assert other.post(f"{path}/leave").location == "/"
    assert other.get(path).status_code == 404
    assert owner.get(path).status_code == 200


def test_the_panel_goes_on_showing_a_new_link_while_it_is_used_and_no_forged_one(owner, other, path):
    link = shared(owner, path)
    shown = {"share_url": f"http://localhost{link}", "invite_url": "https://elsewhere.example/i/guess"}
    panel = owner.post(f"{path}/invitations", headers=HTMX, role="viewer", **shown).text
    assert link_in(panel, "s") == link
    assert link_in(panel, "i")
    assert "elsewhere" not in panel
    foreign = other.begin().partition("#")[0]
    assert link not in other.post(f"{foreign}/unshare", headers=HTMX, **shown).text
    assert link not in owner.post(f"{path}/unshare", headers=HTMX, **shown).text, "it opens nothing now"


def test_an_invitation_that_was_taken_back_or_is_over_is_not_found(owner, other, path, monkeypatch):
    kept = invited(owner, path, expires_in=str(HOUR))
    taken = re.search(r"invitations/(\w+)/withdraw", owner.get(path).text)
    assert taken
    assert "for 1 more hour" in owner.get(path).text
    assert owner.post(f"{path}/invitations/{taken[1]}/withdraw").status_code == 200
    late = invited(owner, path, expires_in=str(HOUR))
    now = owner.house.now()
    monkeypatch.setattr(owner.house, "now", lambda: now + HOUR)
    for gone in (kept, late, "/i/guess"):
        assert other.get(gone).status_code == 404
        answer = other.post(gone)
        assert answer.status_code == 404
        assert "Set-Cookie" not in answer.headers


def test_no_token_stands_in_a_page_again_or_in_the_log(owner, other, path, caplog):
    link, invitation = shared(owner, path), invited(owner, path)
    other.get(link)
    other.post(invitation)
    for secret in (link, invitation):
        assert secret.rpartition("/")[2] not in owner.get(path).text
        assert secret.rpartition("/")[2] not in caplog.text
        assert other.get(secret).headers["Referrer-Policy"] == "same-origin"
