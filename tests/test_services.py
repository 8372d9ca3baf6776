"""The services that tests stand on can be paused, killed and brought back, and leave nothing behind."""

import psycopg
import redis

from tests.server_promises.waiting import until
from tests.services import Postgres, Redis, fresh_database, fresh_keys


def test_a_killed_postgresql_comes_back_with_what_it_kept(own_postgres: Postgres) -> None:
    with fresh_database(own_postgres.address) as url:
        with psycopg.connect(url) as line:
            line.execute("CREATE TABLE kept (what text)")
            line.execute("INSERT INTO kept VALUES ('this')")
        own_postgres.kill()
        assert not own_postgres.answers()
        own_postgres.start()
        with psycopg.connect(url) as line:
            assert line.execute("SELECT what FROM kept").fetchall() == [("this",)]


def test_a_paused_service_is_silent_until_it_goes_on(own_redis: Redis) -> None:
    own_redis.pause()
    assert not own_redis.answers()
    own_redis.resume()
    until(own_redis.answers)


def test_a_flushed_redis_knows_nothing(own_redis: Redis) -> None:
    with redis.Redis.from_url(own_redis.url) as line:
        line.set("name", "value")
        own_redis.flush()
        assert line.get("name") is None


def test_everybody_has_keys_of_their_own(own_redis: Redis) -> None:
    with fresh_keys(own_redis.address) as one, fresh_keys(own_redis.address) as other:
        with redis.Redis.from_url(one) as line:
            line.set("name", "value")
        with redis.Redis.from_url(other) as line:
            assert line.get("name") is None


def test_nothing_is_left_of_a_service() -> None:
    with Redis() as server:
        process = server.process
        assert process is not None
    assert process.poll() is not None
    assert not server.folder.exists()
