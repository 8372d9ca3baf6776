"""The doctor finds what is broken, says what to do, shows no secret, and changes nothing."""

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chat.doctor import machine, on_sqlite
from chat.doctor.finding import Verdict
from tests.doctor.running import chat, cold, doctor
from tests.upstream import Upstream

SECRET = "a secret that is long enough for anybody"


def test_a_fresh_folder_is_well_and_left_as_it_was(tmp_path: Path) -> None:
    done = cold(tmp_path, "doctor")
    assert done.status == 0, done.out + done.err
    assert "built-in demo" in done.out
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_understood_is_answered_in_a_sentence(tmp_path: Path) -> None:
    for arguments in (["heal"], ["doctor", "--loud"], ["migrate", "now"]):
        done = chat(tmp_path, *arguments)
        assert done.status == 2
        assert "python -m chat doctor" in done.err
        assert "Traceback" not in done.err


def test_migrating_twice_is_harmless(tmp_path: Path) -> None:
    assert "empty" in chat(tmp_path, "migrate").out
    again = chat(tmp_path, "migrate")
    assert (again.status, "up to date" in again.out) == (0, True)
    assert doctor(tmp_path).verdict("migrations") == "ok"


def test_a_wrong_setting_is_named_in_a_sentence(tmp_path: Path) -> None:
    done = doctor(tmp_path, CHAT_LEASE_S="soon", DATABASE_URL="mysql://x")
    assert done.status == 1
    said = " ".join(finding["says"] for finding in done.findings()["settings"])
    assert "CHAT_LEASE_S" in said
    assert "DATABASE_URL" in said


@contextmanager
def nobodys_port() -> Iterator[int]:
    """Keep a loopback port on which nobody listens, so that nobody else is given it meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    with nobodys_port() as port:
        done = doctor(
            tmp_path,
            SECRET_KEY=SECRET,
            OPENAI_API_KEY="sk-very-private",
            OPENAI_BASE_URL=f"http://ada:tell-nobody@127.0.0.1:{port}/v1",
            REDIS_URL=f"redis://:tell-nobody@127.0.0.1:{port}/0",
            DATABASE_URL=f"postgresql://ada:tell-nobody@127.0.0.1:{port}/chat?password=tell-nobody",
            CHAT_METRICS_TOKEN="very-private",
        )
    assert done.status == 1
    assert not [word for word in (SECRET, "very-private", "tell-nobody") if word in done.out + done.err]
    assert [done.verdict(what) for what in ("database", "redis", "model")] == ["wrong"] * 3
    assert all(
        found["todo"] for all_ in done.findings().values() for found in all_ if found["verdict"] != "ok"
    )


def test_the_address_of_a_file_is_shown_as_it_is_written(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'chat.sqlite3'}"
    (finding,) = doctor(tmp_path, DATABASE_URL=address).findings()["DATABASE_URL"]
    assert finding["says"] == f"is `{address}`."


def test_names_that_are_no_settings_and_short_secrets_are_warned_of(tmp_path: Path) -> None:
    done = doctor(tmp_path, CHAT_FLSUH_MS="100", SECRET_KEY="short")
    assert done.status == 0, "a warning is not a fault"
    assert (done.verdict("CHAT_FLSUH_MS"), done.verdict("SECRET_KEY")) == ("warning", "warning")


# ── SQLite ───────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_is_no_database_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "chat.sqlite3"
    file.write_text("Dear diary, " * 100)
    done = doctor(tmp_path, DATABASE_URL=f"sqlite:///{file}")
    assert (done.status, done.verdict("database")) == (1, "wrong")
    assert file.read_text().startswith("Dear diary")


def test_a_folder_that_cannot_be_written_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        os, "access", lambda path, mode: False
    )  # root, who may run this, may write everywhere
    found = list(on_sqlite.examine(tmp_path / "chat.sqlite3", "sqlite:///unused", {}))
    assert [one.verdict for one in found] == [Verdict.WRONG]


def test_a_database_of_a_newer_release_is_warned_of(tmp_path: Path) -> None:
    chat(tmp_path, "migrate")
    with sqlite3.connect(tmp_path / "instance" / "headwater.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert doctor(tmp_path).verdict("migrations") == "warning"


def test_on_a_platform_whose_disk_is_new_each_time_sqlite_is_wrong(tmp_path: Path) -> None:
    assert doctor(tmp_path, DYNO="web.1").verdict("disk") == "wrong"


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - {root} /dev/root rw
30 22 0:26 / /data rw,relatime - {data} somewhere rw
"""


@pytest.mark.parametrize(
    ("root", "data", "environment", "verdict"),
    [
        ("ext4", "ext4", {}, Verdict.OK),
        ("ext4", "nfs4", {}, Verdict.WRONG),
        ("ext4", "cifs", {}, Verdict.WRONG),
        ("ext4", "tmpfs", {}, Verdict.WARNING),
        ("overlay", "overlay", {}, Verdict.WARNING),
        ("overlay", "ext4", {"RENDER": "true"}, Verdict.OK),
        ("overlay", "overlay", {"FLY_APP_NAME": "chat"}, Verdict.WRONG),
        ("overlay", "ext4", {"DYNO": "web.1"}, Verdict.WRONG),
    ],
)
def test_the_disk_is_judged_by_what_holds_the_folder(
    root: str, data: str, environment: dict[str, str], verdict: Verdict
) -> None:
    folder = Path("/data/chat")
    mount = on_sqlite.mount_of(folder, MOUNTS.format(root=root, data=data))
    assert mount == on_sqlite.Mount("/data", data)
    assert on_sqlite.judge(mount, folder, environment).verdict is verdict


# ── the model's server ───────────────────────────────────────────────────────────────────────


def test_a_port_that_says_nothing_like_http_is_wrong(tmp_path: Path) -> None:
    with nobodys_port() as port:
        assert doctor(tmp_path, OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1").verdict("model") == "wrong"


def test_a_question_is_put_only_to_who_wants_it(tmp_path: Path, upstream: Upstream) -> None:
    settings = {"OPENAI_BASE_URL": upstream.url, "CHAT_MODEL": "steady;tokens=5;pace=100"}
    assert "question" not in doctor(tmp_path, **settings).findings()
    assert doctor(tmp_path, "--ask", **settings).verdict("question") == "ok"


def test_a_model_that_refuses_is_wrong(tmp_path: Path, upstream: Upstream) -> None:
    done = doctor(tmp_path, "--ask", OPENAI_BASE_URL=f"{upstream.url}/nowhere", CHAT_FIRST_TOKEN_S="5")
    assert (done.status, done.verdict("question")) == (1, "wrong")


# ── the machine ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("limit", "verdict"), [(1024, Verdict.WARNING), (20_000, Verdict.OK), (-1, Verdict.OK)]
)
def test_too_few_files_for_the_lines_are_warned_of(limit: int, verdict: Verdict) -> None:
    assert machine.files(10_000, limit).verdict is verdict


def test_a_grace_time_that_does_not_fit_is_wrong(tmp_path: Path) -> None:
    assert doctor(tmp_path, CHAT_GRACE_S="10", DYNO="web.1").verdict("leaving") == "ok"
    assert doctor(tmp_path, CHAT_GRACE_S="40", DYNO="web.1").verdict("leaving") == "wrong"
    given = doctor(tmp_path, GUNICORN_CMD_ARGS="--graceful-timeout=5")
    assert given.verdict("leaving") == "wrong"


def test_the_embeddings_server_is_asked_for_a_vector(tmp_path: Path, upstream: Upstream) -> None:
    settings = {"CHAT_EMBEDDING_MODEL": "words;dimensions=12", "EMBEDDING_BASE_URL": upstream.url}
    done = doctor(tmp_path, CHAT_EMBEDDING_S="10", **settings)  # a busy machine's server is not too slow
    assert done.verdict("embeddings") == "ok"
    assert "12 numbers" in done.out
    assert "CHAT_EMBEDDING_LIKENESS is 0." in done.out


def test_one_that_makes_none_is_told_of_in_words(tmp_path: Path, upstream: Upstream) -> None:
    for model, said in (("words;statuses=401", "refused the key"), ("page", "no embeddings' server")):
        done = doctor(tmp_path, CHAT_EMBEDDING_MODEL=model, EMBEDDING_BASE_URL=upstream.url)
        assert done.verdict("embeddings") == "wrong"
        assert said in done.out


def test_one_that_never_answers_is_not_waited_for(tmp_path: Path, upstream: Upstream) -> None:
    done = doctor(tmp_path, CHAT_EMBEDDING_MODEL="words;silent=1", EMBEDDING_BASE_URL=upstream.url)
    assert "did not answer within" in done.out
