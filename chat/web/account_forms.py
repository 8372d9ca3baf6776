"""What the forms of accounts share: what can be wrong with one, and how often one may try."""

from dataclasses import dataclass, field

from chat.web.errors import RateLimited
from chat.web.house import house

TOO_OFTEN = "Too many attempts. Wait {seconds} seconds, then try again."


@dataclass
class Refused(Exception):
    """What is wrong with a form, and beside which field; never holds what was typed as a password."""

    beside: str  # the name of the field
    words: str
    status: int = 422
    headers: dict[str, str] = field(default_factory=dict)


def count_attempt(login: str, field: str = "password") -> None:
    """Count an attempt at an account, by address and by account. Raises Refused when it is one too many."""
    try:
        house().rates.count_login(login)
    except RateLimited as often:
        wait = often.headers["Retry-After"]
        raise Refused(field, TOO_OFTEN.format(seconds=wait), 429, {"Retry-After": wait}) from often
