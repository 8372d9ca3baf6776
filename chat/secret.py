"""The secret that signs who people are, when nobody sets one: made once, kept beside the database."""

import os
import secrets
from pathlib import Path

FILE = "secret.key"


def kept_secret(folder: Path) -> str:
    """Give the folder's secret; make it, readable by this user alone, if there is none yet.

    Harmless when several processes start at once: one of them makes it, all read the same.
    """
    kept = folder / FILE
    if not kept.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(kept)
    return kept.read_text(encoding="ascii").strip()


def _make(kept: Path) -> None:
    """Write it whole under another name first, then link it: whoever sees the file sees all of it."""
    draft = kept.with_name(f"{FILE}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, kept)
    except FileExistsError:
        pass  # another process was faster: its secret counts
    finally:
        draft.unlink()
