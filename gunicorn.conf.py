from gevent import monkey; monkey.patch_all()  # noqa: E702, I001  first of all: what is imported later must cooperate
"""How gunicorn runs Headwater: one gevent worker, and an orderly leaving."""

import signal
import sys

import gevent

from chat.config import load_or_leave

settings = load_or_leave()

bind = f"127.0.0.1:{settings.port}"
worker_class = "gevent"
workers = 1  # see on_starting
worker_connections = settings.connections
timeout = 60  # seconds a worker's hub may be stuck before the master replaces it
graceful_timeout = int(settings.drain_s) + 3
keepalive = 75  # seconds; longer than a proxy keeps its own idle connections
limit_request_line = 8190
limit_request_field_size = 16380
control_socket_disable = True
accesslog = None  # the app logs what matters, with stream ids
loglevel = settings.log_level


def on_starting(server):
    """Say what is not as asked for."""
    if settings.web_concurrency > 1:
        server.log.warning(
            "WEB_CONCURRENCY is %d, and one worker runs: several processes come with a later version.",
            settings.web_concurrency,
        )
    public = [address for address in server.cfg.address if address[0] not in ("127.0.0.1", "::1", "localhost")]
    if public and settings.auth == "open" and settings.has_real_provider:
        server.log.warning(
            "ANYBODY who reaches %s can ask questions at your provider's cost: sign-in is open (CHAT_AUTH).",
            ", ".join(":".join(map(str, address)) for address in public),
        )


def when_ready(server):
    """Say where the chat is."""
    for address in server.cfg.address:
        host, port = address[0], address[1] if len(address) > 1 else ""
        host = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        server.log.info("Chat at http://%s:%s/ and the two-window demo at http://%s:%s/demo", host, port, host, port)


def post_worker_init(worker):
    """Start the engine, and leave in order when told to: whichever signal says so, streams end properly."""
    house = worker.wsgi.extensions["headwater"]
    house.engine.start()
    leave = signal.getsignal(signal.SIGTERM)

    def drain_and_leave():
        if house.engine.draining:
            return
        if not house.engine.drain(settings.drain_s):
            worker.log.error("not all answers could be stored before leaving")
        house.bell.ring_all()  # bodies look up, see that we leave, and end
        gevent.sleep(0.05)
        leave(signal.SIGTERM, None)

    for told in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(told, lambda *_: gevent.spawn(drain_and_leave))
