"""`python -m chat admin`: makes an account an admin, or an admin none. There is no other way to the first."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from getpass import getpass

from chat.core.logins import BadLogin, BadPassword, check_new_password, parse_login
from chat.store import accounts, people
from chat.store.accounts import Account, LoginTaken
from chat.store.people import Person
from chat.store.transaction import Store, Transaction

# Whoever signed up first under a name that somebody was about to take must not become an admin by that.
IS_THERE = "There is an account {login} already: {name}, made on {day}."
IF_MEANT = "If that is whom you mean, say so: python -m chat admin {login} --existing"


class NotMade(Exception):
    """Nobody was made an admin; the message says why."""


def run(login: str, *, revoke: bool, existing: bool, password_stdin: bool) -> int:
    """Do what the command line says; give the exit status."""
    from chat import create_app
    from chat.config import load_or_leave
    from chat.web.house import EXTENSION

    made = create_app(load_or_leave()).extensions[EXTENSION]
    read_password = _from_stdin if password_stdin else _from_keyboard
    try:
        if revoke:
            told = revoke_admin(made.store, login)
        else:
            told = make_admin(made.store, login, read_password, made.now(), existing=existing)
    except (NotMade, BadLogin, BadPassword) as reason:
        print(reason, file=sys.stderr)
        return 1
    finally:
        made.store.close()
    print(told)
    return 0


def make_admin(
    store: Store, login: str, read_password: Callable[[], str], now: float, *, existing: bool = False
) -> str:
    """Make an admin, of a new account or of one that is named as existing; say so in a sentence.

    `read_password` is called for a new account only. Raises NotMade, BadLogin, BadPassword.
    """
    login = parse_login(login)
    found = store.read(lambda conn: accounts.by_login(conn, login))
    if found is None and existing:
        raise NotMade(f"There is no account {login}.")
    if found is None:
        return _make_account(store, login, read_password(), now)
    if not existing:
        raise NotMade(f"{_described(store, found)}\n{IF_MEANT.format(login=login)}")
    store.write(lambda tx: accounts.set_admin(tx, found.person_id, True))
    return f"{login} is an admin now."


def revoke_admin(store: Store, login: str) -> str:
    """Let an admin be one no more; say so in a sentence. Raises NotMade, BadLogin."""
    login = parse_login(login)
    found = store.read(lambda conn: accounts.by_login(conn, login))
    if found is None:
        raise NotMade(f"There is no account {login}.")
    store.write(lambda tx: accounts.set_admin(tx, found.person_id, False))
    return f"{login} is no admin any more."


def _make_account(store: Store, login: str, password: str, now: float) -> str:
    from chat.web.ids import new_id
    from chat.web.passwords import hash_password

    check_new_password(password, login)
    person, hashed = Person(new_id(), login.partition("@")[0][:80]), hash_password(password)

    def write(tx: Transaction) -> None:
        accounts.create(tx, person, login, hashed, now)
        accounts.set_admin(tx, person.id, True)

    try:
        store.write(write)
    except LoginTaken as taken:
        raise NotMade(f"Somebody took {login} this very moment. Look who, and run this again.") from taken
    return f"{login} has an account now, and is an admin."


def _described(store: Store, account: Account) -> str:
    person = store.read(lambda conn: people.get(conn, account.person_id))
    day = datetime.fromtimestamp(account.created_at, UTC).strftime("%Y-%m-%d")
    return IS_THERE.format(login=account.login, name=person.name if person else "?", day=day)


def _from_stdin() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _from_keyboard() -> str:
    """Ask twice, unseen. Raises NotMade."""
    try:
        password = getpass("A password for the new account: ")
        if password != getpass("The same again: "):
            raise NotMade("These were two different passwords.")
    except (EOFError, KeyboardInterrupt) as gone:
        raise NotMade("\nNo password, no account. From a script: --password-stdin") from gone
    return password
