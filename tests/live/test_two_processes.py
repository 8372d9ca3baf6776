"""Two processes of the operating system: rings and tapes go from one to the other, whatever carries them."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.queue import Empty, Queue

from chat.live.bell import Bell
from chat.live.shared_tape import open_shared_tapes
from chat.live.tape import Tape, Tapes
from chat.store.tables import metadata
from tests.live.far_process import open_all
from tests.live.neighbours import running
from tests.patience import PATIENCE_S

Urls = tuple[str, str]


@pytest.fixture(params=["postgresql", "redis", "file"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Urls:
    match request.param:
        case "postgresql":
            return request.getfixturevalue("postgres_url"), ""
        case "redis":
            return "sqlite:///unused", request.getfixturevalue("redis_url")
        case _:
            return f"sqlite:///{tmp_path}/rings.sqlite3", ""


class Far:
    """The other process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._lines: Queue[dict[str, Any]] = Queue()
        gevent.spawn(self._listen)

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(json.loads(line))

    def tell(self, **words: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words).encode() + b"\n")
        self._process.stdin.flush()

    def says(self, key: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until it says this."""
        until = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                raise AssertionError(f"the other process did not say {key}") from None
            if key in line:
                return line

    def is_silent(self, seconds: float) -> bool:
        try:
            return not self._lines.get(timeout=seconds)
        except Empty:
            return True


@contextmanager
def another(urls: Urls, listens: str = "listens") -> Iterator[Far]:
    command = [sys.executable, "-m", "tests.live.far_process", *urls, listens]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        far = Far(process)
        far.says("ready")
        yield far
    finally:
        process.kill()
        process.wait(PATIENCE_S)


@contextmanager
def pair(urls: Urls) -> Iterator[tuple[Bell, Callable[[str], None], Far]]:
    """The bell of this process, how a commit rings it, and the other process."""
    bell, store = open_all(*urls, "near")
    if store is not None:
        store.write(lambda tx: metadata.create_all(tx.conn))

    def commit(topic: str) -> None:
        if store is None:
            bell.ring([topic])
        else:
            store.write(lambda tx: tx.ring(topic))

    with running(bell), another(urls) as far:
        yield bell, commit, far
    if store is not None:
        store.close()


def test_rings_go_both_ways_and_never_come_back(urls: Urls):
    with pair(urls) as (bell, commit, far), bell.listen("pong") as ear:
        commit("ping")
        assert "ping" in far.says("heard")["heard"]
        bell.ring(["ping"])
        assert "ping" in far.says("heard")["heard"]
        ear.take()
        far.tell(ring=["ping", "pong"])
        assert ear.wait(PATIENCE_S) == {"pong"}
        assert far.says("heard")["heard"] == ["ping"], "at home, once"
        assert far.is_silent(0.4)


def test_a_ring_takes_no_time_to_speak_of(urls: Urls):
    """The median of several, on a machine that may be busy: far below the doubt of a reader."""
    took = []
    with pair(urls) as (_, commit, far):
        commit("ping")
        far.says("heard")
        for _ in range(7):
            gevent.sleep(0.03)
            begun = time.monotonic()
            commit("ping")
            took.append(far.says("heard")["at"] - begun)
    assert sorted(took)[len(took) // 2] < 2, took


def test_a_tape_is_read_in_the_other_process(redis_url: str):
    urls = ("sqlite:///unused", redis_url)
    bell, _ = open_all(*urls, "near")
    tapes = Tapes()
    shared = open_shared_tapes(redis_url, tapes, bell)
    with running(bell), another(urls) as far:
        rounds = [gevent.spawn(run) for _, run in shared.rounds]
        tape = Tape("s1", 1, (0,), b"")
        tapes.add(tape)
        for word in ("Ünd ", "🎈 ", "weiter."):
            start = len(tape.data)
            tape.append(word)
            assert far.says("heard")["heard"] == ["tape:s1"]
            far.tell(read=["s1", 1, start])
            assert far.says("read")["read"] == word
        gevent.killall(rounds)
