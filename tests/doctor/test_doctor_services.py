"""The doctor at real PostgreSQL and Redis servers, whole and broken."""

from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.doctor.deaf_pooler import DeafPooler
from tests.doctor.running import chat, doctor
from tests.services import Redis

SECRET = "a secret that is long enough for anybody"


def test_postgres_is_wrong_until_it_is_migrated(postgres_url: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": postgres_url, "SECRET_KEY": SECRET}
    before = doctor(tmp_path, **settings)
    assert (before.status, before.verdict("migrations")) == (1, "wrong")
    assert "python -m chat migrate" in before.findings()["migrations"][0]["todo"]
    assert chat(tmp_path, "migrate", **settings).status == 0
    after = doctor(tmp_path, **settings)
    assert after.status == 0, after.out
    assert [after.verdict(what) for what in ("database", "rings", "clock", "migrations")] == ["ok"] * 4


def test_too_many_connections_are_wrong(postgres_url: str, tmp_path: Path) -> None:
    done = doctor(tmp_path, DATABASE_URL=postgres_url, SECRET_KEY=SECRET, CHAT_DATABASE_CONNECTIONS="5000")
    assert done.verdict("connections") == "wrong"


def test_a_pooler_in_transaction_mode_is_noticed(postgres_url: str, tmp_path: Path) -> None:
    parts = urlsplit(postgres_url.replace("+psycopg", ""))
    with DeafPooler(parts.port or 5432) as pooler:
        netloc = parts.netloc.replace(f":{parts.port}", f":{pooler.port}")
        deaf = parts._replace(netloc=netloc, query="sslmode=disable&gssencmode=disable").geturl()
        done = doctor(tmp_path, DATABASE_URL=deaf, SECRET_KEY=SECRET)
    assert (done.status, done.verdict("rings")) == (1, "wrong")
    assert "pool_mode=session" in done.findings()["rings"][0]["todo"]


def test_a_database_that_does_not_exist_is_wrong(postgres_url: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as line:
        name = line.info.dbname
    done = doctor(tmp_path, DATABASE_URL=postgres_url.replace(name, "nowhere"), SECRET_KEY=SECRET)
    assert (done.status, done.verdict("database")) == (1, "wrong")


def test_redis_is_well(redis_url: str, tmp_path: Path) -> None:
    done = doctor(tmp_path, REDIS_URL=redis_url)
    assert [done.verdict(what) for what in ("redis", "rings over redis")] == ["ok", "ok"]


def test_a_redis_that_refuses_when_full_is_warned_of(tmp_path: Path) -> None:
    with Redis(maxmemory="8mb") as full:
        done = doctor(tmp_path, REDIS_URL=full.url)
        assert (done.status, done.verdict("redis memory")) == (0, "warning")
        full.stop()
        gone = doctor(tmp_path, REDIS_URL=full.url)
    assert (gone.status, gone.verdict("redis")) == (1, "wrong")
