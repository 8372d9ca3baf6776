"""Lines to a server that nobody gives up: in a process that stands still for a moment they are not lost."""

from chat.live import relay_postgres, relay_redis, tape_redis
from tests.patience import PATIENCE_S


def be_patient() -> None:
    """Let this process wait for answers; who wants to see a line lost says `be_quick`."""
    _wait(PATIENCE_S, PATIENCE_S, PATIENCE_S, PATIENCE_S)


def be_quick() -> None:
    """Let it give up as soon as it does where nobody says anything."""
    _wait(*USUAL)


def _wait(postgres_s: float, redis_s: float, connected_s: float, read_s: float) -> None:
    relay_postgres.ANSWER_S = postgres_s
    relay_redis.ANSWER_S = redis_s
    relay_redis.connect.__kwdefaults__["patience_s"] = connected_s
    tape_redis.READ_PATIENCE_S = read_s


USUAL = (
    relay_postgres.ANSWER_S,
    relay_redis.ANSWER_S,
    relay_redis.PATIENCE_S,
    tape_redis.READ_PATIENCE_S,
)
