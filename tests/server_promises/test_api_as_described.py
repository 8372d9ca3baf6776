"""schemathesis reads /api/openapi.json and asks the server everything that it says: it answers as described.

No server error, no status, media type or shape that the description has not; what is wrong is refused, what
is right is taken, nobody gets in without a token. It asks the same each time.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import ServerFactory
from tests.person import Person
from tests.server import RealServer
from tests.upstream import Upstream

ASKED = Path(__file__).with_name("schemathesis.toml")
RATES = ("SESSION_RATE", "CONVERSATION_RATE", "ASK_RATE", "ASK_ADDRESS_RATE", "LIVE_ANSWERS")
OFTEN = {f"CHAT_{name}": "0" for name in RATES}
# What need not succeed here: a token makes no tokens, made-up pairs of ids do not belong together, made-up
# bytes are no document, and its own description is not asked again. test_openapi.py holds these against it
# one by one.
NOT_DONE = {
    "GET /api/openapi.json",
    "GET /api/conversations/{conversation_id}/socket",
    "POST /api/documents",
    "GET /api/tokens",
    "POST /api/tokens",
    "DELETE /api/tokens/{token_id}",
    "POST /api/conversations/{conversation_id}/messages/{message_id}/regenerate",
    "DELETE /api/conversations/{conversation_id}/invitations/{invitation_id}",
    "PATCH /api/conversations/{conversation_id}/members/{person_id}",
    "DELETE /api/conversations/{conversation_id}/members/{person_id}",
}
EACH = 12  # conversations that are there when it begins; it deletes some


@pytest.fixture
def described(server_factory: ServerFactory, upstream: Upstream) -> RealServer:
    """A server whose lines are short: what would last for minutes ends after a second."""
    model = {"OPENAI_BASE_URL": upstream.url, "OPENAI_API_KEY": "scripted", "CHAT_MODEL": "any;tokens=9"}
    return server_factory(CHAT_ROTATE_S="0.2", CHAT_HEARTBEAT_S="0.1", **model, **OFTEN)


@pytest.mark.timeout(300)
def test_it_answers_as_its_description_says(described: RealServer, tmp_path: Path) -> None:
    ada = Person.sign_in(described.url, "Ada")
    config = tmp_path / "schemathesis.toml"
    config.write_text(ASKED.read_text() + known_ids(ada))
    program = "from schemathesis.cli import schemathesis; schemathesis(prog_name='schemathesis')"
    run = ["--config-file", str(config), "--no-color", "run", f"{described.url}/api/openapi.json"]
    options = ["-H", f"Authorization: Bearer {ada.token}", "--report-har-path", "asked.har"]
    done = subprocess.run(
        [sys.executable, "-c", program, *run, *options],
        cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert "Traceback" not in described.logs
    assert sorted(not_done(ada, json.loads((tmp_path / "asked.har").read_text())) - NOT_DONE) == []


def not_done(person: Person, asked: Any) -> set[str]:
    """Name the operations that never succeeded: of those little was seen."""
    done = {
        (entry["request"]["method"], urlsplit(entry["request"]["url"]).path)
        for entry in asked["log"]["entries"]
        if entry["response"]["status"] < 300
    }
    names = set()
    for path, operations in person.get("/api/openapi.json")["paths"].items():
        shape = re.compile(re.sub(r"{\w+}", "[^/]+", path))
        for method in operations:
            if not any(method.upper() == verb and shape.fullmatch(place) for verb, place in done):
                names.add(f"{method.upper()} {path}")
    return names


def known_ids(person: Person) -> str:
    """Make some of everything, and tell where it may be asked for."""
    asked = [person.ask(model="any;tokens=9") for _ in range(EACH)]
    for one in asked:
        person.drive(one.stream_id).read_all()
        person.call("POST", f"/api/conversations/{one.conversation_id}/share")
    added = [
        person.call("POST", f"/api/documents?name={number}.txt", data=b"Rivers.").json()["id"]
        for number in range(EACH)
    ]
    known = {
        "document_id": added,
        "conversation_id": [one.conversation_id for one in asked],
        "message_id": [one.reply_id for one in asked],
        "stream_id": [one.stream_id for one in asked],
    }
    lines = [f"[dictionaries.{name}]\nvalues = {json.dumps(ids)}\n" for name, ids in known.items()]
    bound = [f'"path.{name}" = {{ dictionary = "{name}", probability = 0.7 }}' for name in known]
    return "\n" + "\n".join([*lines, "[parameters]", *bound]) + "\n"
