"""Members, invitations, links and copies over the API: who may what, in which words, and what is refused."""

from typing import Any

import pytest

from tests.web.calls import Api


@pytest.fixture
def path(api: Api) -> str:
    conversation = api.begin(title="Rivers")
    api.answered(conversation)
    return conversation


def invited(api: Api, path: str, role: str = "co-driver", **more: Any) -> Any:
    answer = api.call("POST", f"{path}/invitations", {"role": role, **more})
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def joined(api: Api, path: str, role: str = "co-driver") -> None:
    token = invited(api, path, role)["token"]
    answer = api.call("POST", "/invitations/accept", {"token": token}, who=api.ben)
    assert answer.status_code == 200, answer.text


def test_who_accepts_an_invitation_is_a_member(api: Api, path: str) -> None:
    invitation = invited(api, path)
    assert invitation["url"].endswith(f"/i/{invitation['token']}")
    (listed,) = api.get(f"{path}/invitations")["items"]
    assert listed == {name: invitation[name] for name in ("id", "role", "created_at", "expires_at")}
    answer = api.call("POST", "/invitations/accept", {"token": invitation["token"]}, who=api.ben)
    assert answer.get_json()["title"] == "Rivers"
    members = api.get(f"{path}/members", who=api.ben)["items"]
    assert [(one["name"], one["role"]) for one in members] == [("Ada", "owner"), ("Ben", "co-driver")]


def test_a_co_driver_asks_and_stops_and_a_viewer_reads(api: Api, path: str) -> None:
    joined(api, path)
    asked = api.call("POST", f"{path}/messages", {"text": "And?"}, who=api.ben)
    assert asked.status_code == 201
    stream = f"/streams/{asked.get_json()['reply']['stream_id']}"
    assert api.call("POST", f"{stream}/stop", who=api.ben).status_code == 202
    changed = api.call("PATCH", f"{path}/members/{api.ben.id}", {"role": "viewer"})
    assert changed.get_json()["role"] == "viewer"
    assert api.refused("POST", f"{path}/messages", {"text": "And?"}, who=api.ben) == (403, "read_only")
    assert api.refused("POST", stream, who=api.ben) == (403, "read_only")
    assert len(api.get(f"{path}/messages", who=api.ben)["items"]) == 4


@pytest.mark.parametrize("role", ["viewer", "co-driver"])
def test_nothing_of_the_owners_is_a_members(api: Api, path: str, role: str) -> None:
    joined(api, path, role)
    for method, what, body in (
        ("PATCH", "", {"title": "Mine"}), ("DELETE", "", None), ("POST", "/share", None),
        ("GET", "/share", None), ("DELETE", "/share", None), ("GET", "/invitations", None),
        ("POST", "/invitations", {"role": "viewer"}), ("DELETE", "/invitations/x", None),
        ("PATCH", f"/members/{api.ben.id}", {"role": "co-driver"}),
        ("DELETE", f"/members/{api.ada.id}", None),
    ):  # fmt: skip
        assert api.refused(method, path + what, body, who=api.ben) == (403, "read_only"), (method, what)


def test_a_stranger_finds_none_of_it(api: Api, path: str) -> None:
    token = api.call("POST", f"{path}/share").get_json()["token"]
    for method, what, body in (
        ("GET", "/members", None), ("GET", "/invitations", None),
        ("POST", "/invitations", {"role": "viewer"}), ("GET", "/share", None),
        ("DELETE", f"/members/{api.ben.id}", None), ("POST", "/fork", {}),
    ):  # fmt: skip
        assert api.refused(method, path + what, body, who=api.ben) == (404, "not_found"), (method, what)
        assert api.refused(method, path + what, body, who=token) == (403, "read_only"), (method, what)


def test_a_member_leaves_and_the_owner_lets_members_go(api: Api, path: str) -> None:
    for leaver in (api.ben, api.ada):
        joined(api, path)
        assert api.call("DELETE", f"{path}/members/{api.ben.id}", who=leaver).status_code == 204
        assert api.refused("GET", path, who=api.ben) == (404, "not_found")
        assert api.refused("DELETE", f"{path}/members/{api.ben.id}") == (404, "not_found")
    assert api.refused("DELETE", f"{path}/members/{api.ada.id}") == (404, "not_found"), "an owner stays"


def test_what_is_wrong_is_refused_in_words(api: Api, path: str) -> None:
    viewer = {"role": "viewer"}
    times = [viewer | {"expires_in": seconds} for seconds in (0, 10**12, "1")]
    for body in ({}, {"role": "owner"}, viewer | {"x": 1}, *times):
        assert api.refused("POST", f"{path}/invitations", body)[0] == 422, body
    for body in ({"expires_in": -1}, {"expires_in": True}, {"expires_in": 1.5}, {"for": 60}):
        assert api.refused("POST", f"{path}/share", body)[0] == 422, body
    for token in ("guess", "x" * 200):
        assert api.refused("POST", "/invitations/accept", {"token": token}) == (404, "not_found")
    for token in ("", "\x00", "x" * 201, None, 7):
        assert api.refused("POST", "/invitations/accept", {"token": token})[0] == 422
    assert api.refused("PATCH", f"{path}/members/nobody", {"role": "viewer"}) == (404, "not_found")
    assert api.refused("DELETE", f"{path}/invitations/nothing") == (404, "not_found")


def test_a_link_for_a_while_is_no_bearer_after_it(api: Api, path: str, monkeypatch) -> None:
    assert api.refused("GET", f"{path}/share") == (404, "not_found")
    link = api.call("POST", f"{path}/share", {"expires_in": 60}).get_json()
    assert api.get(f"{path}/share")["expires_at"] == link["expires_at"] is not None
    assert api.get(path, who=link["token"])["title"] == "Rivers"
    now = api.house.now()
    monkeypatch.setattr(api.house, "now", lambda: now + 60)
    assert api.refused("GET", path, who=link["token"])[0] == 401
    assert api.call("POST", f"{path}/share").get_json()["expires_at"] is None


def test_a_copy_is_ones_own(api: Api, path: str) -> None:
    joined(api, path, "viewer")
    copy = api.call("POST", f"{path}/fork", {}, who=api.ben)
    assert copy.status_code == 201
    mine = f"/conversations/{copy.get_json()['id']}"
    texts = [one["text"] for one in api.get(f"{mine}/messages", who=api.ben)["items"]]
    assert texts == ["What is a stream?", "A log."]
    assert api.call("PATCH", mine, {"title": "Mine"}, who=api.ben).status_code == 200
    assert api.refused("GET", mine) == (404, "not_found")
    first = api.get(f"{path}/messages")["items"][0]["id"]
    short = api.call("POST", f"{path}/fork", {"message_id": first}, who=api.ben).get_json()["id"]
    assert len(api.get(f"/conversations/{short}/messages", who=api.ben)["items"]) == 1
    assert api.refused("POST", f"{path}/fork", {"message_id": "nothing"}, who=api.ben) == (404, "not_found")


def test_who_has_a_links_token_copies_by_it(api: Api, path: str) -> None:
    token = api.call("POST", f"{path}/share").get_json()["token"]
    other = api.begin()
    assert api.call("POST", f"{path}/fork", {"link": token}, who=api.ben).status_code == 201
    assert api.refused("POST", f"{other}/fork", {"link": token}, who=api.ben) == (404, "not_found")
    assert api.refused("POST", f"{path}/fork", {"link": "guess"}, who=api.ben) == (404, "not_found")
