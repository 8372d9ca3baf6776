"""The description of the API in the words of OpenAPI 3.1, built from the table of routes."""

import functools
import re
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chat.web.openapi_route import FILE_BODY, STRING, Route
from chat.web.openapi_routes import ROUTES
from chat.web.openapi_shapes import Problem

VERSION = "0.1.0"
REFS = "#/components/schemas/{model}"
IN_PATH = re.compile(r"{(\w+)}")
BEARER = {"type": "http", "scheme": "bearer", "description": "Of a person, a program, or a link."}


@functools.cache
def document() -> dict[str, Any]:
    """Build the document from the table of routes; the same object each time."""
    models: set[type[BaseModel]] = {Problem, *(model for route in ROUTES for model in _models(route))}
    by_name = sorted(models, key=lambda model: model.__name__)
    names, schemas = models_json_schema([(model, "validation") for model in by_name], ref_template=REFS)
    refs = {model: names[model, "validation"] for model in models}
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Headwater", "version": VERSION, "description": "Chat whose answers are streams."},
        "paths": paths,
        "components": {"schemas": schemas["$defs"], "securitySchemes": {"bearer": BEARER}},
        "security": [{"bearer": []}],
    }


def _models(route: Route) -> list[type[BaseModel]]:
    answers = [answer for _, answer in route.answers if isinstance(answer, type)]
    return [*answers, route.takes] if route.takes else answers


def _operation(route: Route, refs: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": _name(route),
        "parameters": [
            *(_parameter("path", name) for name in IN_PATH.findall(route.path)),
            *(_parameter("query", *one) for one in route.query),
            *(_parameter("header", name) for name in route.headers),
        ],
        "responses": _responses(route, refs),
    }
    if route.says:
        operation["description"] = route.says
    if route.takes:
        content = {"application/json": {"schema": refs[route.takes]}}
        operation["requestBody"] = {"required": not route.may_be_empty, "content": content}
    if route.takes_file:
        operation["requestBody"] = {"required": True, "content": FILE_BODY}
    if route.is_open:
        operation["security"] = []
    return operation


def _parameter(where: str, name: str, says: str = "", schema: dict[str, Any] = STRING) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name, "in": where, "schema": schema}
    if says:
        described["description"] = says
    return described | ({"required": True} if where == "path" else {})


def _responses(route: Route, refs: dict[Any, Any]) -> dict[str, Any]:
    refusals = sorted({*route.refusals, *(() if route.is_open else (401,))})
    problem = {"application/json": {"schema": refs[Problem]}}
    answers = {str(status): _answer(status, answer, refs) for status, answer in route.answers}
    return answers | {
        str(status): {"description": HTTPStatus(status).phrase, "content": problem} for status in refusals
    }


def _answer(status: int, answer: Any, refs: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if isinstance(answer, tuple):
        described["content"] = {media: {"schema": {}} for media in answer}
    elif answer is not None:
        described["content"] = {"application/json": {"schema": refs[answer]}}
    return described


def _name(route: Route) -> str:
    """Name an operation in one word, for those who generate clients."""
    return re.sub(r"\W+", "_", f"{route.method.lower()}{route.path.removeprefix('/api')}").strip("_")
