"""The first admin is made at the server's own terminal, and never of whoever was there first by chance."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat import __main__, admins
from chat.admins import NotMade, make_admin, revoke_admin
from chat.core.logins import BadLogin, BadPassword
from chat.store import accounts, people
from chat.store.people import Person
from chat.store.transaction import Store
from tests.store.talk import ADA, Talk

ROOT = Path(__file__).parent.parent


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Talk(f"sqlite:///{tmp_path}/admins.sqlite3") as talk:
        yield talk.store


def standing(store: Store, login: str) -> people.Standing:
    account = store.read(lambda conn: accounts.by_login(conn, login))
    assert account is not None
    return store.read(lambda conn: people.standing(conn, Person(account.person_id, "")))


def no_password() -> str:
    raise AssertionError("nobody is to be asked for a password")


def test_who_has_no_account_gets_one(store: Store) -> None:
    told = make_admin(store, "Root@Example.org", lambda: "correct horse", 0.0)
    assert told == "root@example.org has an account now, and is an admin."
    assert standing(store, "root@example.org").is_admin
    assert standing(store, "root@example.org").person.name == "root"


def test_whoever_has_the_login_already_is_no_admin_by_that(store: Store) -> None:
    store.write(lambda tx: accounts.create(tx, ADA, "admin", "hash", 0.0))
    with pytest.raises(NotMade, match=r"already: Ada, made on 1970-01-01\.\n.*--existing"):
        make_admin(store, "admin", no_password, 0.0)
    assert not standing(store, "admin").is_admin


def test_unless_that_is_who_is_meant(store: Store) -> None:
    store.write(lambda tx: accounts.create(tx, ADA, "ada", "hash", 0.0))
    assert make_admin(store, "ADA", no_password, 0.0, existing=True) == "ada is an admin now."
    assert standing(store, "ada").is_admin
    assert revoke_admin(store, "ada") == "ada is no admin any more."
    assert not standing(store, "ada").is_admin


@pytest.mark.parametrize(
    ("login", "password", "reason"),
    [("", "correct horse", BadLogin), ("two words", "", BadLogin), ("root", "short", BadPassword)],
)
def test_what_does_not_fit_makes_nobody(
    store: Store, login: str, password: str, reason: type[Exception]
) -> None:
    with pytest.raises(reason):
        make_admin(store, login, lambda: password, 0.0)


def test_nobody_can_be_meant_or_unmade_who_is_not_there(store: Store) -> None:
    with pytest.raises(NotMade):
        make_admin(store, "nobody", no_password, 0.0, existing=True)
    with pytest.raises(NotMade):
        revoke_admin(store, "nobody")


def test_two_passwords_that_differ_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["correct horse", "correct hearse"])
    monkeypatch.setattr(admins, "getpass", lambda prompt: next(typed))
    with pytest.raises(NotMade, match="different"):
        admins._from_keyboard()


def test_a_password_from_a_script_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\r\nand more\n"))
    assert admins._from_stdin() == "correct horse"


def test_the_command_makes_one_in_the_database_of_the_settings(tmp_path: Path) -> None:
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/chat.sqlite3", "PATH": "/usr/bin:/bin"}

    def call(*words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "chat", "admin", *words]
        return subprocess.run(
            command, cwd=ROOT, env=environment, input=typed, text=True, capture_output=True, timeout=60
        )

    made = call("root", "--password-stdin", typed="correct horse\n")
    assert (made.returncode, made.stdout) == (0, "root has an account now, and is an admin.\n"), made.stderr
    again = call("root", "--password-stdin", typed="another horse\n")
    assert (again.returncode, again.stdout) == (1, "")
    assert "--existing" in again.stderr
    assert "correct horse" not in made.stdout + made.stderr


def test_the_command_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        __main__.main(["admin"])
    assert left.value.code == 2
    assert "login" in capsys.readouterr().err
