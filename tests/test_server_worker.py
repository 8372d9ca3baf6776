"""A server that leaves while others stay: whoever comes at that moment is answered, by it or by another."""

from collections import Counter
from pathlib import Path

import gevent
import requests

from tests.proxy import Proxy
from tests.server import RealServer

CALLERS = 4
PAUSE_S = 0.02  # what comes in the very microseconds of the closing is reset by the system, whoever serves


def test_nobody_is_cut_off_when_one_of_two_servers_leaves(tmp_path: Path) -> None:
    servers = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        servers.append(RealServer(tmp_path / name, WEB_CONCURRENCY="2"))
    told: Counter[int] = Counter()
    failed: list[requests.RequestException] = []
    left: list[str] = []

    def call(url: str) -> None:
        while not left:
            try:
                told[requests.get(f"{url}/healthz", timeout=10).status_code] += 1
            except requests.RequestException as error:
                failed.append(error)
            gevent.sleep(PAUSE_S)

    try:
        for server in servers:
            server.start().wait_for_workers()
        with Proxy(*(server.port for server in servers)) as proxy:
            callers = [gevent.spawn(call, proxy.url) for _ in range(CALLERS)]
            for server in servers[:1] * 2:
                gevent.sleep(0.3)
                server.stop()
                server.start().wait_for_workers()
            left.append("both times")
            gevent.joinall(callers)
    finally:
        for server in servers:
            server.kill()
    assert not failed
    assert set(told) == {200}
    assert proxy.refused == 0
