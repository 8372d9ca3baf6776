"""A Redis that takes some commands and refuses others: nothing of what has ended stays in memory."""

import gevent
import redis as client

from chat.core.frames import End
from chat.core.lifecycle import Status
from chat.live.tape import Tape, Tapes
from chat.live.tape_redis import RedisTapes
from tests.live.neighbours import until
from tests.services import Redis


def test_tapes_that_redis_never_takes_are_forgotten_with_their_end() -> None:
    with Redis() as server:
        with client.Redis(port=server.port) as line:
            line.acl_setuser("mute", enabled=True, nopass=True, keys="*", categories=["+@all"])
            line.execute_command("ACL", "SETUSER", "mute", "-eval")
        tapes = Tapes()
        url = f"redis://mute:any@127.0.0.1:{server.port}/0"
        shared = RedisTapes(url, tapes, lambda pipeline, topics: None, lambda: None)
        rounds = [gevent.spawn(run) for _, run in shared.rounds]
        for number in range(3):
            until(lambda: not shared.away)
            tape = Tape(f"s{number}", 1, (0,), b"")
            tapes.add(tape)
            while not shared.away:
                tape.append("more ")
                gevent.sleep(0.05)
            tape.end = End(Status.DONE, len(tape.data), 1)
            tapes.drop(tape)
        until(lambda: not shared.away)
        until(lambda: not shared._sent)
        gevent.killall(rounds)
