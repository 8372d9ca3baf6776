"""PostgreSQL: reachable, new enough, hearing what is rung, with room for all our connections."""

import time
from collections.abc import Iterator
from typing import Any

import psycopg

from chat.addresses import libpq
from chat.config import Settings
from chat.doctor import tables
from chat.doctor.finding import Finding, ok, one_line, warning, wrong

OLDEST = 130000  # 13, the oldest that is maintained
CONNECT_S = 5
RING_S = 5.0  # for a ring to come round: it comes at once, but for a machine that stands still
DRIFT_S = 5.0  # leases run on the database's clock; other times are of this machine's
LISTENERS = 2  # of each process, beside its pool
CHANNEL = "headwater_doctor"


def examine(settings: Settings) -> Iterator[Finding]:
    """Connect as the server does, and try all that it needs."""
    address = libpq(settings.database_url)
    try:
        with psycopg.connect(address, connect_timeout=CONNECT_S, autocommit=True) as line:
            yield _version(line)
            yield _encoding(line)
            yield _clock(line)
            yield rings(address)
            yield _room(line, settings)
    except psycopg.Error as error:
        yield wrong(
            "database",
            f"PostgreSQL cannot be reached, or refuses: {one_line(error)}.",
            "Check DATABASE_URL, that the server runs, and that this machine may connect.",
        )
        return
    yield from tables.examine(settings.database_url, migrates_itself=False)


def _version(line: Any) -> Finding:
    version = line.info.server_version
    told = line.info.parameter_status("server_version") or str(version)
    if version < OLDEST:
        return wrong("database", f"PostgreSQL {told} is too old.", "Use 13 or newer.")
    return ok("database", f"PostgreSQL {told} answers.")


def _encoding(line: Any) -> Finding:
    encoding = line.execute("SHOW server_encoding").fetchone()[0]
    if encoding != "UTF8":
        return wrong("encoding", f"is {encoding}.", "Make the database with ENCODING 'UTF8'.")
    return ok("encoding", "UTF8.")


def _clock(line: Any) -> Finding:
    before = time.time()
    theirs = float(line.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()[0])
    drift = theirs - (before + time.time()) / 2
    if abs(drift) > DRIFT_S:
        return warning(
            "clock",
            f"the database's clock is {abs(drift):.0f} s {'ahead' if drift > 0 else 'behind'}.",
            "Let both machines ask a time server (NTP); times that people see are off until then.",
        )
    return ok("clock", f"within {max(abs(drift), 0.01):.2f} s of the database's.")


def rings(address: str) -> Finding:
    """Ring on one connection and listen on another, as processes do."""
    todo = (
        "Let DATABASE_URL go to PostgreSQL itself, or to PgBouncer with pool_mode=session. "
        "Without rings, readers in other processes look twice a second."
    )
    try:
        with (
            psycopg.connect(address, connect_timeout=CONNECT_S, autocommit=True) as listener,
            psycopg.connect(address, connect_timeout=CONNECT_S, autocommit=True) as ringer,
        ):
            listener.execute(f"LISTEN {CHANNEL}")
            ringer.execute("SELECT pg_notify(%s, 'round')", (CHANNEL,))
            heard = list(listener.notifies(timeout=RING_S, stop_after=1))
    except psycopg.Error as error:
        return wrong("rings", f"LISTEN or NOTIFY is refused: {one_line(error)}.", todo)
    if not heard:
        return wrong("rings", "LISTEN hears nothing, as behind a transaction pooler.", todo)
    return ok("rings", "LISTEN and NOTIFY go round.")


def _room(line: Any, settings: Settings) -> Finding:
    have = int(line.execute("SHOW max_connections").fetchone()[0])
    each = settings.database_connections + LISTENERS
    need = each * settings.web_concurrency
    says = (
        f"{settings.web_concurrency} × ({settings.database_connections} + {LISTENERS}) of {have} are needed"
    )
    if need >= have:
        return wrong(
            "connections", f"{says}: too many.", "Lower CHAT_DATABASE_CONNECTIONS, or raise max_connections."
        )
    if need * 2 > have:
        return warning(
            "connections",
            f"{says}, and a rolling restart has twice as many for a moment.",
            "Lower CHAT_DATABASE_CONNECTIONS, or raise max_connections; count all machines.",
        )
    return ok("connections", f"{says}, on this machine.")
