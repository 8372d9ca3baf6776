"""Who holds a lease: host, boot, pid and start time, so that a dead owner can be told from a living one."""

import functools
import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """One process of one boot of one host; no two ever are equal."""

    host: str
    boot: str
    pid: int
    started: str

    def __str__(self) -> str:
        return f"{self.host} {self.boot} {self.pid} {self.started}"

    @classmethod
    def parse(cls, text: str) -> "Owner | None":
        """Read what `str` wrote; None for anything else."""
        match text.split(" "):
            case [host, boot, pid, started] if pid.isdigit():
                return cls(host, boot, int(pid), started)
        return None


def myself() -> Owner:
    """Name this process; after a fork the child has a name of its own."""
    return _name(os.getpid())


def prefix_of(pid: int) -> str:
    """Give what the name of that process of this host began with; enough once it is dead."""
    return f"{_host()} {boot_id()} {pid} "


@functools.cache
def _name(pid: int) -> Owner:
    return Owner(_host(), boot_id(), pid, start_of(pid) or "?")


def is_dead(owner: str, *, one_kernel: bool = False) -> bool:
    """Say whether that process is certainly gone; of another host's only the lease can tell: False.

    `one_kernel`: all who can be alive share ours, as processes on one SQLite file do. Then another boot's are
    gone whatever their host was called: a container that is made anew has a new name.
    """
    who = Owner.parse(owner)
    if who is None:
        return True  # nobody: a row that no version of this program wrote
    if one_kernel and who.boot != boot_id():
        return True
    if who.host != _host():
        return False
    return who.boot != boot_id() or start_of(who.pid) != who.started


@functools.cache
def boot_id() -> str:
    """Give what differs from one boot of this machine to the next."""
    linux = Path("/proc/sys/kernel/random/boot_id")
    if linux.exists():
        return linux.read_text().strip()
    return _ask("sysctl", "-n", "kern.bootsessionuuid") or "unknown"


def start_of(pid: int) -> str | None:
    """Give a mark of when that process started; None when there is none of that number."""
    proc = Path("/proc")
    if not (proc / "self").exists():
        return _ask("ps", "-o", "lstart=", "-p", str(pid)).replace(" ", "_") or None
    try:
        stat = (proc / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name before may hold blanks and brackets
    state, started = fields[0], fields[19]
    return None if state in "ZX" else started


@functools.cache
def _host() -> str:
    """Name the host, or the container: two of one name still count their processes apart."""
    name = socket.gethostname().replace(" ", "_") or "localhost"
    numbers = Path("/proc/self/ns/pid")
    return f"{name}/{os.readlink(numbers)}" if numbers.is_symlink() else name


def _ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
