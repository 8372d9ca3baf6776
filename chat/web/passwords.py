"""Passwords: hashed by scrypt on native threads of their own, so that nobody's line waits for it."""

from functools import cache

from gevent.threadpool import ThreadPool
from werkzeug.security import check_password_hash, generate_password_hash

from chat.core.logins import parse_password

THREADS = 2  # a hash takes a tenth of a second and 32 MiB: more at once would be a way to exhaust us
# What a password is held against where there is none: being unknown takes as long as being wrong.
NOBODYS = (
    "scrypt:32768:8:1$kf1oN4EozLGYha4p$dc77b7af019b9ff199e3759319fdc830887abcfd02bfda521580a6f492827c591d53c17d"
    "b2f0d5d7f300bf011e862cb9ab255a7b181e6de43045f713e4d91924"
)


def hash_password(password: str) -> str:
    """Give what is kept of a password. Waits, and lets everybody else go on meanwhile."""
    made: str = _threads().apply(generate_password_hash, (parse_password(password),))
    return made


def is_password(password_hash: str | None, password: str) -> bool:
    """Say whether this is the password; None: there is none, and saying so takes as long. Waits likewise."""
    same: bool = _threads().apply(check_password_hash, (password_hash or NOBODYS, parse_password(password)))
    return same and password_hash is not None


@cache
def _threads() -> ThreadPool:
    """Make them at the first use, which is after the fork."""
    return ThreadPool(THREADS)
