"""Our listener: of many who come at once nobody keeps the process from those who are there already."""

from itertools import groupby
from time import monotonic

import gevent
from gevent import socket

from chat.server_worker import Listener
from tests.patience import PATIENCE_S

COME = 20
WORK_S = 0.01  # for which each request holds the process, without a pause


def test_who_comes_at_once_begins_one_after_the_other_and_others_go_on_in_between() -> None:
    seen: list[str] = []

    def work(_connection: object, _address: object) -> None:
        until = monotonic() + WORK_S
        while monotonic() < until:
            pass
        seen.append("request")

    def others() -> None:
        while True:
            gevent.sleep(WORK_S / 10)
            seen.append("others")

    listener = Listener(("127.0.0.1", 0), work)
    listener.init_socket()
    came = [socket.create_connection(listener.address) for _ in range(COME)]  # all wait in the system's queue
    told = gevent.spawn(others)
    listener.start()
    with gevent.Timeout(PATIENCE_S):
        while seen.count("request") < COME:
            gevent.sleep(WORK_S)
    told.kill()
    listener.stop()
    for connection in came:
        connection.close()
    rows = [len(list(row)) for what, row in groupby(seen) if what == "request"]
    assert max(rows) <= 2
