"""A site that is not ours: a page of another origin that imports stream.js and drives a stream."""

from collections.abc import Iterator
from contextlib import contextmanager

from gevent.pywsgi import WSGIServer

PAGE = """<!doctype html><meta charset="utf-8"><title>Elsewhere</title><p id="text"></p><p id="status"></p>
<script type="module">
const [base, id, token] = decodeURIComponent(location.hash.slice(1)).split(" ");
const { openStream } = await import(`${base}/static/stream.js`);
const show = (s) => {
  document.querySelector("#text").textContent = s.text;
  document.querySelector("#status").textContent = s.ended ? s.status : s.connection;
};
openStream({ base, id, token, drive: true, onChange: show });
</script>"""


@contextmanager
def site_elsewhere() -> Iterator[str]:
    """Serve the page; gives its origin."""

    def answer(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [PAGE.encode()]

    site = WSGIServer(("127.0.0.1", 0), answer, log=None)
    site.start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.stop(timeout=0)
