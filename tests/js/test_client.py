"""The client of docs/protocol.md, which an Expo app would use, against the real server."""

import json

from tests.js.node import ROOT, as_modules, run_node


def test_the_client_signs_in_asks_reads_and_follows(server, tmp_path):
    folder = as_modules(tmp_path, ROOT / "examples/headwater.js", ROOT / "static/stream.js")
    seen = json.loads(run_node(ROOT / "tests/js/client.mjs", folder, server.url))
    assert seen["status"] == "done"
    assert len(seen["read"]) > 40
    assert seen["followed"] == seen["read"]
    assert seen["sameAgain"] is True
    assert seen["refused"] == "client_id_reused"
    assert seen["told"][:2] == ["state", "conversation"]
