"""What a page weighs before anything lazy: its HTML, style sheets and scripts, compressed."""

import gzip
import re
from pathlib import Path
from urllib.parse import urljoin

from chat.web.caller import COOKIE
from tests.web.calls import Api

STATIC = Path(__file__).resolve().parents[2] / "static"
NAMED = re.compile(r'<link rel="stylesheet" href="([^"?]+)|<script [^>]*src="([^"?]+)')
IMPORTED = re.compile(r'^(?:import|export) [^"\n]*"(\.[^"]+)";', re.MULTILINE)
MOST = 100_000  # bytes


def test_a_conversation_weighs_less_than_100_kb_compressed(api: Api) -> None:
    conversation = api.begin(title="Weighed")
    client = api.app.test_client()
    client.set_cookie(COOKIE, api.house.signer.sign(api.ada))
    for path in ("/", conversation.replace("/conversations/", "/c/")):
        html = client.get(path).text
        files = loaded_by(html)
        assert {"/static/vendor/htmx.min.js", "/static/js/page.js", "/static/js/line.js"} <= files
        assert not [name for name in files if "katex" in name or "highlight" in name]
        weight = packed(html.encode()) + sum(packed(content(name)) for name in files)
        assert weight < MOST, f"{path} weighs {weight} bytes"


def loaded_by(html: str) -> set[str]:
    """Name every file the page asks for by itself, and every module that those import."""
    waiting = [sheet or script for sheet, script in NAMED.findall(html)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [urljoin(name, path) for path in IMPORTED.findall(content(name).decode())]
    return found


def content(name: str) -> bytes:
    return (STATIC / name.removeprefix("/static/")).read_bytes()


def packed(data: bytes) -> int:
    return len(gzip.compress(data, 6))
