"""docs/protocol.md quotes what is in the tree."""

import re

from tests.docs.fences import blocks
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs/protocol.md").read_text()


def test_the_client_on_the_page_is_the_one_in_examples():
    assert (ROOT / "examples/headwater.js").read_text() in blocks("protocol.md", "js")


def test_every_option_of_stream_js_is_on_the_page():
    source = (ROOT / "static/stream.js").read_text()
    options = re.findall(r"@param \{[^}]+\} \[?options\.(\w+)", source)
    assert len(options) > 8
    assert [option for option in options if f"`{option}" not in PAGE] == []


def test_every_error_code_is_on_the_page():
    code = re.compile(r'"([a-z]+(?:_[a-z]+)+|[a-z]{6,})"(?:, (?:[345]\d\d|f?"The |text)|,$)', re.MULTILINE)
    web, providers = ROOT / "chat/web", ROOT / "chat/generation/providers"
    rooms = [web / "errors.py", web / "validation.py", ROOT / "chat/core/log.py", providers / "words.py"]
    rooms.append(providers.parent / "runner.py")
    codes = {found for room in rooms for found in code.findall(room.read_text())}
    assert {"not_found", "rewound", "truncated", "answer_in_progress"} <= codes
    assert sorted(found for found in codes if f"`{found}`" not in PAGE) == []
