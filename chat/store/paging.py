"""Pages of a list: how much one may ask for, and the opaque mark at which the next page begins."""

import json
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode

MOST = 200  # items on one page
LONGEST_MARK = 100  # ours have at most 60 characters
BOUNDS: dict[type[float], float] = {int: 2**31, float: 2**53}  # of rows' numbers, of seconds


class BadPage(ValueError):
    """A limit out of range, or a mark that no list ever gave out."""


def check_limit(limit: int) -> int:
    """Give `limit` back when it is from 1 to 200. Raises BadPage."""
    if not 1 <= limit <= MOST:
        raise BadPage(f"limit must be from 1 to {MOST}")
    return limit


def mark(*key: float) -> str:
    """Seal the key of the last item on a page; `key_of` opens it again, without loss."""
    return urlsafe_b64encode(json.dumps(key).encode()).rstrip(b"=").decode()


def key_of(sealed: str, *kinds: type[float]) -> list[float]:
    """Open a mark that seals numbers of these kinds (int, float). Raises BadPage for everything else."""
    if len(sealed) > LONGEST_MARK:
        raise BadPage("this is not a place in the list")
    try:
        key = json.loads(urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)))
    except ValueError as unreadable:  # broken base64, UTF-8 and JSON are all ValueErrors
        raise BadPage("this is not a place in the list") from unreadable
    if not isinstance(key, list) or len(key) != len(kinds) or not all(map(_fits, key, kinds)):
        raise BadPage("this is not a place in the list")
    return key


def _fits(part: object, kind: type[float]) -> bool:
    # `type`, since True is an int too; bounds, since some databases refuse to compare with larger numbers.
    return type(part) is kind and math.isfinite(part) and abs(part) < BOUNDS[kind]
