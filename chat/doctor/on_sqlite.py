"""The SQLite file: may we write there, does WAL work there, and does the disk stay?"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from chat.doctor import tables
from chat.doctor.finding import Finding, ok, one_line, warning, wrong

NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "9p",
    "lustre",
    "ceph",
    "fuse.sshfs",
    "fuse.glusterfs",
}
MEMORY = {"tmpfs", "ramfs"}
LAYERED = {"overlay", "aufs", "fuse-overlayfs"}
# Where a disk is new with each deploy unless a volume is mounted; a variable by which each one shows itself.
PLATFORMS = {
    "DYNO": "Heroku",
    "RENDER": "Render",
    "FLY_APP_NAME": "Fly",
    "RAILWAY_ENVIRONMENT_NAME": "Railway",
    "K_SERVICE": "Cloud Run",
    "KUBERNETES_SERVICE_HOST": "Kubernetes",
}
LITTLE_BYTES = 200 << 20  # free, below which it is time to look
ANOTHER_PLACE = "Mount a volume and let DATABASE_URL name a file on it, or use PostgreSQL."


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system."""

    point: str
    kind: str


def examine(file: Path, database_url: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the file's folder, its disk, and the file."""
    folder = nearest(file.parent)
    if not os.access(folder, os.W_OK | os.X_OK):
        yield wrong("database", f"{folder} cannot be written.", "Give it to the user who runs the server.")
        return
    if file.exists() and not os.access(file, os.R_OK | os.W_OK):
        yield wrong("database", f"{file} cannot be written.", "Give it to the user who runs the server.")
        return
    yield from _disk(folder, environment)
    trouble = trouble_with_wal(folder)
    if trouble:
        yield wrong("database", f"WAL does not work in {folder}: {trouble}.", ANOTHER_PLACE)
        return
    if file.exists() and file.stat().st_size:
        yield from _content(file, database_url)
    else:
        yield ok("database", f"{file} will be made at the first start; SQLite {sqlite3.sqlite_version}.")


def nearest(folder: Path) -> Path:
    """Give the folder, or the nearest one above it that exists: there it would be made."""
    while not folder.exists():
        folder = folder.parent
    return folder


def trouble_with_wal(folder: Path) -> str | None:
    """Try it, on a file of our own that is gone afterwards; say what went wrong."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix="headwater-doctor-", dir=folder) as place,
            closing(sqlite3.connect(Path(place, "try.sqlite3"))) as one,
            closing(sqlite3.connect(Path(place, "try.sqlite3"))) as other,
        ):
            mode = one.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            if mode != "wal":
                return f"the journal stays {mode}"
            one.execute("CREATE TABLE t (x)")
            one.commit()
            other.execute("SELECT count(*) FROM t").fetchone()
    except (OSError, sqlite3.Error) as error:
        return one_line(error)
    return None


def mount_of(folder: Path, mounts: str) -> Mount | None:
    """Find the file system that holds a folder, in the words of /proc/self/mountinfo."""
    found: Mount | None = None
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].replace("\\040", " ")
        holds = point == "/" or folder == Path(point) or Path(point) in folder.parents
        if holds and (found is None or len(point) >= len(found.point)):
            found = Mount(point, after.split(" ")[0])
    return found


def judge(mount: Mount | None, folder: Path, environment: Mapping[str, str]) -> Finding:
    """Say whether what is written there stays, and whether WAL can be trusted there."""
    platform = next((name for variable, name in PLATFORMS.items() if environment.get(variable)), None)
    kind, point = (mount.kind, mount.point) if mount else ("unknown", "/")
    if kind in NETWORK or kind.startswith("nfs"):
        return wrong(
            "disk", f"{folder} is on a network file system ({kind}), where WAL breaks.", ANOTHER_PLACE
        )
    if platform == "Heroku" or (platform and (point == "/" or kind in MEMORY | LAYERED)):
        return wrong("disk", f"on {platform} {folder} is empty again after each deploy.", ANOTHER_PLACE)
    if kind in MEMORY:
        return warning("disk", f"{folder} is in memory ({kind}): a restart empties it.", ANOTHER_PLACE)
    if kind in LAYERED:
        return warning("disk", f"{folder} belongs to the container, and goes with it.", ANOTHER_PLACE)
    return ok("disk", f"{folder} is on {kind}, mounted at {point}.")


def _disk(folder: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    mounts = Path("/proc/self/mountinfo")
    mount = mount_of(folder.resolve(), mounts.read_text()) if mounts.exists() else None
    yield judge(mount, folder, environment)
    free = shutil.disk_usage(folder).free
    if free < LITTLE_BYTES:
        yield warning("disk", f"{free >> 20} MiB are free.", "Make room: a full disk stops questions.")


def _content(file: Path, database_url: str) -> Iterator[Finding]:
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as database:
            tables_found = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.Error as error:
        yield wrong("database", f"{file}: {one_line(error)}.", "Restore a backup, or name another file.")
        return
    size = file.stat().st_size >> 10
    yield ok("database", f"{file} ({size} KiB, {tables_found} parts); SQLite {sqlite3.sqlite_version}.")
    yield from tables.examine(database_url, migrates_itself=True)
