"""What we compare with, storing nothing: `/bare` parses by hand, `/sdk` uses the openai iterator."""

import http.client
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
import openai
from flask import Flask, Response, request

app = Flask(__name__)
UPSTREAM = os.environ["OPENAI_BASE_URL"]
PLACE = urlsplit(UPSTREAM)
sdk = openai.OpenAI(base_url=UPSTREAM, api_key="scripted")
decode = msgspec.json.decode


@app.get("/readyz")
def ready() -> str:
    return "ready"


@app.post("/bare")
def bare() -> Response:
    """Hand on each delta as it comes: one line, one decode, one write."""
    assert PLACE.hostname is not None
    line_to_upstream = http.client.HTTPConnection(PLACE.hostname, PLACE.port, timeout=60)
    body = msgspec.json.encode(_question())
    headers = {"Content-Type": "application/json", "Authorization": "Bearer scripted"}
    line_to_upstream.request("POST", PLACE.path + "/chat/completions", body, headers)
    answer = line_to_upstream.getresponse()

    def deltas() -> Iterator[str]:
        while line := answer.readline():
            if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                continue
            choices = decode(line[6:])["choices"]
            if choices and (text := choices[0]["delta"].get("content")):
                yield text
        line_to_upstream.close()

    return Response(deltas(), mimetype="text/plain")


@app.post("/sdk")
def with_sdk() -> Response:
    """The same as most people write it."""
    answer = sdk.chat.completions.create(**_question())

    def deltas() -> Iterator[str]:
        for chunk in answer:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                yield text

    return Response(deltas(), mimetype="text/plain")


def _question() -> dict[str, Any]:
    model = request.get_json()["model"]
    return {"model": model, "stream": True, "messages": [{"role": "user", "content": "What is a stream?"}]}
