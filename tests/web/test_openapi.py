"""The description of the API against the API: every route stands in it, and every answer is as it says."""

import json
import re

import pytest
from flask import Flask
from pydantic import BaseModel

from chat.web import openapi_shapes as shapes
from chat.web.errors import as_api_error
from chat.web.openapi_document import document
from chat.web.openapi_documents import Document
from chat.web.openapi_page import words
from chat.web.openapi_routes import ROUTES
from tests.web.calls import Api

BY_PLACE = {(route.method, route.path): route for route in ROUTES}


def real_routes(app: Flask) -> set[tuple[str, str]]:
    rules = (rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api"))
    return {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_it_lists_every_route_and_no_other(app: Flask) -> None:
    assert {(route.method, route.path) for route in ROUTES} == real_routes(app)
    assert len(BY_PLACE) == len(ROUTES)


def test_it_is_served_to_everybody_as_it_is(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/api/openapi.json").get_json() == document()
    assert client.get("/api/openapi.json", headers={"Authorization": "Bearer bad"}).status_code == 200


def test_it_holds_together() -> None:
    described = document()
    text = str(described)
    refs = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert refs <= set(described["components"]["schemas"])
    names = [one["operationId"] for path in described["paths"].values() for one in path.values()]
    assert len(names) == len(set(names))
    for path, operations in described["paths"].items():
        for one in operations.values():
            in_path = [each["name"] for each in one["parameters"] if each["in"] == "path"]
            assert in_path == re.findall(r"{(\w+)}", path)


def test_only_what_it_calls_open_is(app: Flask) -> None:
    client = app.test_client()
    for route in ROUTES:
        status = client.open(re.sub(r"{\w+}", "x", route.path), method=route.method).status_code
        assert (status == 401) == (not route.is_open), (route, status)


def test_answers_have_the_shapes_that_it_names(api: Api) -> None:
    mine = api.begin(title="Rivers")
    asked = api.answered(mine, client_id="1")
    message, stream = asked["reply"]["id"], asked["reply"]["stream_id"]
    made = api.call("POST", f"{mine}/invitations", {"role": "co-driver"}).get_json()
    shapes.InvitationMade.model_validate_json(json.dumps(made))
    api.call("POST", "/invitations/accept", {"token": made["token"]}, who=api.ben)
    invitation = api.call("POST", f"{mine}/invitations", {"role": "viewer"}).get_json()["id"]
    file = api.call("POST", "/documents?name=Rivers.txt", data=b"Rivers begin at a spring.")
    Document.model_validate_json(file.data)
    added = f"/documents/{file.get_json()['id']}"
    calls = [
        ("POST", "/session", "/session", {}),
        ("POST", "/conversations", "/conversations", {}),
        ("GET", "/conversations", "/conversations", None),
        ("GET", mine, "/conversations/{conversation_id}", None),
        ("PATCH", mine, "/conversations/{conversation_id}", {"title": None}),
        ("GET", f"{mine}/messages", "/conversations/{conversation_id}/messages", None),
        ("POST", f"{mine}/messages", "/conversations/{conversation_id}/messages",
         {"text": "What is a stream?", "client_id": "1"}),
        ("POST", f"{mine}/messages/{message}/regenerate",
         "/conversations/{conversation_id}/messages/{message_id}/regenerate", None),
        ("POST", f"{mine}/share", "/conversations/{conversation_id}/share", None),
        ("GET", f"{mine}/share", "/conversations/{conversation_id}/share", None),
        ("DELETE", f"{mine}/share", "/conversations/{conversation_id}/share", None),
        ("GET", "/search?q=stream", "/search", None),
        ("GET", "/usage", "/usage", None),
        ("GET", "/models", "/models", None),
        ("GET", f"{mine}/usage", "/conversations/{conversation_id}/usage", None),
        ("GET", f"{mine}/members", "/conversations/{conversation_id}/members", None),
        ("POST", f"{mine}/fork", "/conversations/{conversation_id}/fork", None),
        ("GET", f"{mine}/invitations", "/conversations/{conversation_id}/invitations", None),
        ("DELETE", f"{mine}/invitations/{invitation}",
         "/conversations/{conversation_id}/invitations/{invitation_id}", None),
        ("PATCH", f"{mine}/members/{api.ben.id}",
         "/conversations/{conversation_id}/members/{person_id}", {"role": "viewer"}),
        ("DELETE", f"{mine}/members/{api.ben.id}",
         "/conversations/{conversation_id}/members/{person_id}", None),
        ("POST", "/streams", "/streams", {"prompt": "Hello"}),
        ("GET", f"/streams/{stream}", "/streams/{stream_id}", None),
        ("POST", f"/streams/{stream}/stop", "/streams/{stream_id}/stop", None),
        ("DELETE", f"/streams/{stream}", "/streams/{stream_id}", None),
        ("GET", "/documents", "/documents", None),
        ("GET", added, "/documents/{document_id}", None),
        ("GET", f"/documents/search?q=springs&conversation_id={mine[15:]}", "/documents/search", None),
        ("PATCH", added, "/documents/{document_id}", {"name": "Springs.txt"}),
        ("GET", f"{added}/passages", "/documents/{document_id}/passages", None),
        ("DELETE", added, "/documents/{document_id}", None),
        ("DELETE", mine, "/conversations/{conversation_id}", None),
    ]  # fmt: skip
    for method, path, place, body in calls:
        answer = api.call(method, path, body)
        told = dict(BY_PLACE[method, f"/api{place}"].answers)
        assert answer.status_code in told, (method, path, answer.text)
        shape = told[answer.status_code]
        if isinstance(shape, type) and issubclass(shape, BaseModel):
            shape.model_validate_json(answer.data)
        else:
            assert answer.data == b""


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x")])
def test_refusals_have_one_shape(error: Exception) -> None:
    shapes.Problem.model_validate(as_api_error(error).body())


def test_the_page_shows_all_of_it(app: Flask) -> None:
    page = app.test_client().get("/api/docs")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    for route in ROUTES:
        assert f"<code>{route.path}</code>" in page.text
        assert route.summary in page.text
        for name, *_ in route.query:
            assert f"<code>{name}</code>" in page.text
    targets = set(re.findall(r'href="#([\w-]+)"', page.text))
    assert targets <= set(re.findall(r'id="([\w-]+)"', page.text))


def test_words_are_words_and_code_is_code() -> None:
    assert words("say `<b>` & go") == "say <code>&lt;b&gt;</code> &amp; go"
