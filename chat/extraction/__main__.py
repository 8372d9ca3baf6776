"""`python -m chat.extraction`: reads one document from its input, and tells of it in lines of JSON."""

import argparse
import json
import os
import sys
from typing import Any

from chat.core.documents.kinds import MEDIA_TYPES
from chat.extraction.limits import Limits, confine
from chat.extraction.unreadable import Unreadable

MEMORY = Unreadable("too_large", "Reading this document takes more memory than is allowed.")


def main() -> int:
    """Read as the command line says; give the exit status. The last line says `done`, or which `error`."""
    asked = _asked()
    confine(asked.limits, asked.parent, is_awaited=bool(asked.inspect))
    try:
        last = {"done": _done(asked)}
    except Unreadable as why:
        last = _error(why)
    except MemoryError:
        last = _error(MEMORY)
    except BrokenPipeError:
        return 1  # nobody listens any more
    except Exception as odd:  # noqa: BLE001  a document's fault, most likely: who waits for it is told, and logs it
        last = _error(Unreadable("broken", "This document is damaged and cannot be read.", repr(odd)[:300]))
    _tell(last)
    sys.stdout.flush()
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chat.extraction", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--inspect", metavar="KIND", choices=MEDIA_TYPES, help="only see that it can be opened")
    what.add_argument("--read", metavar="KIND", choices=MEDIA_TYPES, help="tell of its passages")
    parser.add_argument("--limits", type=Limits.from_argument, default=Limits(), help="name=value,…")
    parser.add_argument("--parent", type=int, default=os.getppid(), help="the process it ends with")
    return parser.parse_args()


def _done(asked: argparse.Namespace) -> dict[str, Any]:
    from chat.extraction import reading  # late: confined is what reads

    limits: Limits = asked.limits
    original = sys.stdin.buffer.read(limits.bytes + 1 if limits.bytes else -1)
    if limits.bytes and len(original) > limits.bytes:
        raise Unreadable("too_large", f"This document has more than the {limits.bytes:,} bytes allowed.")
    if asked.inspect:
        return {"pages": reading.inspect(asked.inspect, original, limits)}
    return reading.read(asked.read, original, limits, _tell)


def _tell(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
    if "progress" in message:
        sys.stdout.flush()


def _error(why: Unreadable) -> dict[str, Any]:
    return {"error": {"code": why.code, "message": why.message, "cause": why.cause}}


if __name__ == "__main__":
    os._exit(main())  # at once: Python's tidying up takes longer, and would not know what to do with an alarm
