__import__("gevent.monkey").monkey.patch_all()  # first of all: what is imported later must cooperate
# How gunicorn runs Headwater: gevent workers, an orderly leaving, and a look after those who died.
# ruff: noqa: E402  the first line has to be the first

import gc
import importlib
import logging
import os
import shutil
import signal
import sys
import tempfile

import gevent

gc.disable()  # while it loads, for hardly any of that is garbage: looking it through took a fourth of a start
from chat import logs
from chat.config import SettingsError, load_or_leave
from chat.config import leave as leave_at_once

settings = load_or_leave()
logs.install(settings)
if settings.metrics_token and settings.web_concurrency > 1:  # figures that every worker can read
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="headwater-metrics-"))

bind = f"127.0.0.1:{settings.port}"
worker_class = "chat.server_worker.ServerWorker"
workers = settings.web_concurrency
worker_connections = settings.connections
timeout = 60  # seconds a worker's hub may be stuck before the master replaces it
graceful_timeout = int(settings.grace_s + settings.drain_s) + 3
keepalive = 75  # seconds; longer than a proxy keeps its own idle connections
limit_request_line = 8190
limit_request_field_size = 16380
control_socket_disable = True
accesslog = None  # the app logs what matters, with stream ids
loglevel = settings.log_level
logger_class = "chat.server_log.ServerLog"

LAST_WORDS_S = 1.0  # at most, for requests under way and the ends of open bodies, once all text is stored
INTERRUPTED = 128 + signal.SIGINT  # the status of a worker that was told so twice
LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANY = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


def on_starting(server):
    """Leave where the tables are older than the program; say what may cost money."""
    if not settings.on_sqlite:
        _look_at_tables(server)
    public = [str(address[0]) for address in _addresses(server) if address[0] not in LOOPBACK]
    if public and settings.auth == "open" and settings.has_real_provider:
        server.log.warning(
            "ANYBODY who reaches this server (on %s) can ask questions at your provider's cost: sign-in is "
            "open. CHAT_AUTH=required lets no new people in.",
            ", ".join(public),
        )


def _look_at_tables(server):
    """Leave where they are of no use. Here too: the master would replace a worker that leaves, for ever."""
    from sqlalchemy.exc import DBAPIError  # late: with SQLite no master needs these

    from chat.store.revisions import Unusable, check

    try:
        check(settings.database_url)
    except Unusable as reason:
        leave_at_once(SettingsError(f"Headwater cannot start: {reason}."))
    except DBAPIError as away:
        server.log.warning("The database cannot be reached; until it can, questions get 503: %s", away.orig)


def when_ready(server):
    """Be ready to free what a worker held, without a second's loading first; and keep the master light.

    What it holds need not be looked through when it leaves. Only others' code is loaded here: a master that
    starts workers with newer files of ours must not hold the older ones.
    """
    importlib.import_module("sqlalchemy")
    if not settings.on_sqlite:
        importlib.import_module("psycopg")
    if settings.redis_url:
        importlib.import_module("redis")
    gc.freeze()
    gc.enable()


def post_fork(server, worker):
    """Let the worker load, like the master, without looking through again and again what it loads."""
    gc.disable()


def post_worker_init(worker):
    """Start the engine, and leave in order whichever signal says so: gunicorn alone would cut what runs."""
    house = worker.wsgi.extensions["headwater"]
    gc.freeze()  # what is loaded by now stays: no later collection looks through it and stalls the hub
    gc.enable()
    sys.setswitchinterval(0.0005)  # seconds for which the thread that commits may keep the hub waiting
    house.engine.start(house.rounds)
    worker.leaving, worker.is_closing, worker.interrupted = None, False, 0
    quit_now = signal.getsignal(signal.SIGQUIT)

    def leave(grace_s):
        try:
            worker.stop_listening()
            if not _drain(house, grace_s):
                worker.log.error("Not all answers could be stored in %g s.", settings.drain_s)
            house.bell.ring_all()  # bodies look up, see that we leave, and end
            worker.wait_for_answers(LAST_WORDS_S)
        finally:  # at once, whatever went wrong: gunicorn would look only once a second whether all is done
            if not worker.is_closing:
                quit_now(signal.SIGQUIT, None)

    def on_signal(told, _frame):
        worker.interrupted += told == signal.SIGINT  # not SIGQUIT: of one Ctrl-C gunicorn makes that too
        if worker.interrupted > 1:
            os._exit(INTERRUPTED)  # whoever presses Ctrl-C again does not want to wait for a slow disk
        if told != signal.SIGTERM:
            house.engine.grace_over.set()
        if not house.engine.draining:
            house.engine.draining = True  # the second of two signals finds it so
            worker.alive = False  # what it answers from now on ends the connection
            # Who pressed Ctrl-C waits; who was told by a platform has the time that was agreed on.
            worker.leaving = gevent.spawn(leave, settings.grace_s if told == signal.SIGTERM else 0)

    for told in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(told, on_signal)
    for host, port in _addresses(worker):  # only now: whoever follows the link finds somebody there
        place = f"http://{ANY.get(host, host)}:{port}"
        worker.log.info("Chat at %s/ and the two-window demo at %s/demo", place, place)


def worker_exit(server, worker):
    """Wait for the last answers, close the database and be gone.

    At once: Python's own tidying up would take another third of a second.
    """
    if getattr(worker, "wsgi", None) is None:
        return  # it never began; gunicorn tells why by its status
    house = worker.wsgi.extensions["headwater"]
    worker.is_closing = True
    if not house.engine.draining:  # the master died without a word: nobody told us to leave
        _drain(house)
        house.bell.ring_all()
        worker.wait_for_answers(LAST_WORDS_S)
    while worker.leaving and not house.engine.left:  # whatever ended it, what it wrote is stored first
        worker.leaving.join(1)
    house.store.close()
    if house.engine.draining:
        logging.shutdown()
        os._exit(0)


def child_exit(server, worker):
    """Free what a dead worker held: others go on with its answers at once, and count its readers no more."""
    from chat.generation.identity import prefix_of  # late: most masters never need them
    from chat.live.relayed import relay_to
    from chat.store.freeing import free

    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # what it had open counts no longer; what it counted stays

    try:
        freed = free(settings.database_url, prefix_of(worker.pid))
        relay = relay_to(settings.database_url, settings.redis_url) if freed.topics else None
        if relay is not None:
            relay.send(freed.topics)
            relay.close()
    except Exception:
        server.log.exception("The leases of worker %d run out by themselves.", worker.pid)
    else:
        if freed.answers:
            says = "Worker %d left %d answers; others go on with them."
            server.log.warning(says, worker.pid, freed.answers)


def on_exit(server):
    """Take the figures away with the last process that added to them."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR", "").startswith(tempfile.gettempdir()):
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def _drain(house, grace_s=0):
    """Let go of all that this process does; False when not all answers could be stored."""
    others = [gevent.spawn(leave) for leave in house.leaving]
    stored = house.engine.drain(settings.drain_s, grace_s)
    gevent.joinall(others, timeout=settings.drain_s)
    return stored


def _addresses(process):
    """List (host, port) of what is listened on; a Unix socket has neither."""
    return [address[:2] for address in process.cfg.address if isinstance(address, tuple)]
