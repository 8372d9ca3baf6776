"""Headwater with gauges inside: reads of each stream's log, and what is alive in the process.

Only the torture starts it; nothing of this is in the product.
"""

import gc
import os
import time
from collections import defaultdict
from typing import Any

from flask import Response, jsonify
from greenlet import greenlet

from app import app
from chat.live.mirror import Mirror

reads: dict[str, list[float]] = defaultdict(list)
read = Mirror._read


def _counted(mirror: Mirror) -> None:
    reads[mirror.stream_id].append(time.monotonic())
    read(mirror)


Mirror._read = _counted  # type: ignore[method-assign]


@app.get("/torture/gauges")
def gauges() -> Response:
    """Count greenlets and files, and the reads of each stream since it was asked last."""
    gc.collect()
    found: dict[str, Any] = {
        "pid": os.getpid(),
        "reads": dict(reads),
        "files": len(os.listdir("/proc/self/fd")),
    }
    found["greenlets"] = sum(isinstance(one, greenlet) and not one.dead for one in gc.get_objects())
    reads.clear()
    return jsonify(found)
