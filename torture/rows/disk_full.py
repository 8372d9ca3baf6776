"""A full disk under live answers: drivers go on, questions are told to wait, and all is stored in the end."""

import os
import resource
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil

from tests.server import RealServer
from torture.answers import Answer, ask_and_read, check, wait_for_ends
from torture.ground import Ground, until
from torture.outage import Questions, longest_gap
from torture.row import Row
from torture.tally import Tally

STREAMS = 6
PACE = 100.0
TOKENS = 800  # eight seconds
FULL_S = (1.5, 3.0)
DELAY_S = 1.0  # between two deltas of a driver
BACK_S = 5.0  # after there is room again
DISK_BYTES = 8 << 20


def torture(ground: Ground, tally: Tally, runs: int) -> None:
    for number in range(runs):
        with _disk(ground.folder / f"disk{number}") as disk:
            _fill_once(ground, tally, disk)


def _fill_once(ground: Ground, tally: Tally, disk: "Disk") -> None:
    ground.provider.forget()
    server = ground.server(2, DATABASE_URL=f"sqlite:///{disk.folder / 'small.sqlite3'}")
    person = ground.person(server)
    answers = ask_and_read(ground, person, STREAMS, tokens=TOKENS, pace=PACE)
    look = ground.database(server)
    until(lambda: len(look.live()) == STREAMS, 5, "all answers have begun")
    ground.sleep(0.5, 2.0)
    for answer in answers:
        answer.acknowledge()
    questions, filled_at = Questions(person, tally), time.time()
    disk.fill(server)
    until(lambda: questions.last == 503, 5, "a question is told 503")
    ground.sleep(*FULL_S)
    disk.make_room(server)
    room_at, taken = time.time(), questions.told[201]
    until(lambda: questions.told[201] > taken, BACK_S, "questions are taken again")
    until(lambda: _all_grew(answers), BACK_S, "all answers are stored further")
    took = time.time() - room_at
    tally.worst("worst ms until it was back", took * 1000)
    tally.must(took <= BACK_S, f"back after {took:.1f} s")
    questions.end()
    wait_for_ends(answers, tally)
    tally.add(f"filled ({disk.how})")
    for answer in answers:
        asked = ground.provider.requests_for(answer.model)
        check(answer, tally, asked, ["done"])
        tally.must(len(asked) == 1, f"{answer.stream_id}: taken from who was writing it")
        driver = answer.readers[0]
        gap = longest_gap(driver, filled_at, min(room_at, asked[0].sent[-1]))
        tally.worst("worst driver gap ms", gap * 1000)
        tally.must(gap <= DELAY_S, f"{answer.stream_id}: its driver got nothing for {gap:.1f} s")
    server.stop()
    with closing(sqlite3.connect(disk.folder / "small.sqlite3")) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchone()[0]
    tally.must(found == "ok", f"integrity_check: {found}")


def _all_grew(answers: list[Answer]) -> bool:
    states = [(answer, answer.person.state(answer.stream_id)) for answer in answers]
    return all(
        state["status"] == "done" or state["next_offset"] > answer.acknowledged for answer, state in states
    )


class Disk:
    """A small file system of its own, which a file beside the database fills."""

    how = "tmpfs"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, server: RealServer) -> None:
        with (self.folder / "filler").open("wb", buffering=0) as filler:
            for size in (1 << 16, 1 << 12):
                self._write(filler.fileno(), bytes(size))

    @staticmethod
    def _write(filler: int, piece: bytes) -> None:
        try:
            while os.write(filler, piece):
                pass
        except OSError:
            return  # full

    def make_room(self, server: RealServer) -> None:
        (self.folder / "filler").unlink()


class Limit(Disk):
    """For who may not mount: a file of the server may grow no further than the log of its answers is."""

    how = "RLIMIT_FSIZE"

    def fill(self, server: RealServer) -> None:
        log = (self.folder / "small.sqlite3-wal").stat().st_size
        for worker in server.workers:
            _limit(worker, log)

    def make_room(self, server: RealServer) -> None:
        for worker in server.workers:
            _limit(worker, resource.RLIM_INFINITY)


def _limit(process: psutil.Process, size: int) -> None:
    process.rlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextmanager
def _disk(folder: Path) -> Iterator[Disk]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=777", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        yield Limit(folder)
        return
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


ROWS = [
    Row(
        "disk-full",
        f"the database's disk is full for a while, {STREAMS} live streams, SQLite, two workers",
        f"integrity ok; drivers' delay ≤ {DELAY_S:g} s; back ≤ {BACK_S:g} s without restart; 503 meanwhile",
        ci=3,
        long=10,
        torture=torture,
    )
]
