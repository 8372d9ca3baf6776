"""The description of the API laid out for reading: operations and shapes as rows of words."""

import re
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from chat.web.openapi_route import Route
from chat.web.openapi_routes import SECTIONS

CODE = re.compile(r"`([^`]+)`")
LIMITS = {"minimum": "from {}", "maximum": "to {}", "maxLength": "of at most {} characters"}


@dataclass(frozen=True, slots=True)
class Row:
    """One field or parameter."""

    name: str
    kind: Markup
    says: Markup
    needed: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    says: Markup
    is_open: bool
    parameters: list[Row]
    body: list[Row]
    answers: list[tuple[str, Markup]]
    refusals: list[tuple[str, str]]


def sections_of(document: dict[str, Any]) -> list[tuple[str, str, list[Operation]]]:
    """Give title, words and operations of each section."""
    return [
        (title, says, [_operation(document, route) for route in routes]) for title, says, routes in SECTIONS
    ]


def shapes_of(document: dict[str, Any]) -> list[tuple[str, Markup, list[Row]]]:
    """Give name, choices and fields of each shape of an answer; bodies stand with their operations."""
    taken = {route.takes.__name__ for _, _, routes in SECTIONS for route in routes if route.takes}
    shapes = document["components"]["schemas"].items()
    return [
        (name, kind_of(schema) if "enum" in schema else Markup(), _fields(schema))
        for name, schema in shapes
        if name not in taken
    ]


def _operation(document: dict[str, Any], route: Route) -> Operation:
    described = document["paths"][route.path][route.method.lower()]
    body = document["components"]["schemas"][route.takes.__name__] if route.takes else {}
    responses = described["responses"].items()
    return Operation(
        id=described["operationId"],
        method=route.method,
        path=route.path,
        summary=route.summary,
        says=words(route.says),
        is_open=route.is_open,
        parameters=[_parameter(one) for one in described["parameters"] if one["in"] != "path"],
        body=_fields(body),
        answers=[(status, _content(answer)) for status, answer in responses if int(status) < 400],
        refusals=[(status, answer["description"]) for status, answer in responses if int(status) >= 400],
    )


def _parameter(one: dict[str, Any]) -> Row:
    where = "header" if one["in"] == "header" else "query"
    return Row(one["name"], Markup(where), words(one.get("description", "")), needed=False)


def _fields(schema: dict[str, Any]) -> list[Row]:
    needed = schema.get("required", ())
    return [
        Row(name, kind_of(field), words(field.get("description", "")), name in needed)
        for name, field in schema.get("properties", {}).items()
    ]


def _content(answer: dict[str, Any]) -> Markup:
    kinds = [
        kind_of(content["schema"]) if content["schema"] else Markup("<code>{}</code>").format(media)
        for media, content in answer.get("content", {}).items()
    ]
    return Markup(" or ").join(kinds) or escape(answer["description"])


def kind_of(schema: dict[str, Any]) -> Markup:
    """Say in words what a value is; a shape is a link to itself."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    if options := schema.get("anyOf"):
        return Markup(" or ").join(kind_of(option) for option in options)
    if choices := schema.get("enum"):
        return Markup(", ").join(Markup("<code>{}</code>").format(choice) for choice in choices)
    if schema.get("type") == "array":
        return Markup("list of {}").format(kind_of(schema["items"]))
    limits = [said.format(schema[key]) for key, said in LIMITS.items() if key in schema]
    return escape(" ".join([schema.get("format") or schema.get("type", "anything"), *limits]))


def words(text: str) -> Markup:
    """Set `code` in a sentence as code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))
