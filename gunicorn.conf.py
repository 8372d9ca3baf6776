__import__("gevent.monkey").monkey.patch_all()  # first of all: what is imported later must cooperate
# How gunicorn runs Headwater: one gevent worker, and an orderly leaving.
# ruff: noqa: E402  the first line has to be the first

import gc
import logging
import os
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

LAST_WORDS_S = 0.25  # for requests under way and for the ends of open bodies, once all text is stored
LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANY = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


def on_starting(server):
    """Say what is not as asked for, and what may cost money."""
    if settings.web_concurrency > 1:
        server.log.warning(
            "WEB_CONCURRENCY is %d, and one worker runs: in this version answers are handed on inside one "
            "process; several come with PostgreSQL.",
            settings.web_concurrency,
        )
    public = [str(address[0]) for address in _addresses(server) if address[0] not in LOOPBACK]
    if public and settings.auth == "open" and settings.has_real_provider:
        server.log.warning(
            "ANYBODY who reaches this server (on %s) can ask questions at your provider's cost: sign-in is "
            "open. CHAT_AUTH=required lets no new people in.",
            ", ".join(public),
        )


def when_ready(server):
    """Keep the master light: what it holds need not be looked through when it leaves."""
    gc.freeze()


def post_worker_init(worker):
    """Start the engine, and leave in order whichever signal says so: gunicorn alone would cut what runs."""
    house = worker.wsgi.extensions["headwater"]
    gc.freeze()  # what is loaded by now stays: no later collection looks through it and stalls the hub
    sys.setswitchinterval(0.0005)  # seconds for which the thread that commits may keep the hub waiting
    house.engine.start()
    stop_listening, quit_now = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGQUIT)

    def leave():
        try:
            if not house.engine.drain(settings.drain_s):
                worker.log.error("Not all answers could be stored in %g s.", settings.drain_s)
            house.bell.ring_all()  # bodies look up, see that we leave, and end
            stop_listening(signal.SIGTERM, None)
            gevent.sleep(LAST_WORDS_S)
        finally:  # at once, whatever went wrong: gunicorn would look only once a second whether all is done
            quit_now(signal.SIGQUIT, None)

    def on_signal(_signal, _frame):
        if not house.engine.draining:
            house.engine.draining = True  # the second of two signals finds it so
            gevent.spawn(leave)

    for told in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(told, on_signal)
    for host, port in _addresses(worker):  # only now: whoever follows the link finds somebody there
        place = f"http://{ANY.get(host, host)}:{port}"
        worker.log.info("Chat at %s/ and the two-window demo at %s/demo", place, place)


def worker_exit(server, worker):
    """Close the database and be gone: Python's own tidying up would take another third of a second."""
    if worker.wsgi is None:
        return  # it never began; gunicorn tells why by its status
    house = worker.wsgi.extensions["headwater"]
    house.store.close()
    if house.engine.draining:
        logging.shutdown()
        os._exit(0)


def _addresses(process):
    """List (host, port) of what is listened on; a Unix socket has neither."""
    return [address[:2] for address in process.cfg.address if isinstance(address, tuple)]
