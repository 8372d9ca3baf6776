"""static/stream.js in Node, against a server that speaks the wire's bytes, well and badly."""

from tests.js.node import ROOT, run_node


def test_stream_js_keeps_every_byte_whatever_the_line_does():
    run_node("--test", ROOT / "tests/js/stream.test.mjs")
