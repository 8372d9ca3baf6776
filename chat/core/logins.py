"""What a login, a password and a name may be, whoever brings them: a form, a program, the terminal."""

from unicodedata import category, normalize

from chat.core.one_line import one_line

LONGEST_LOGIN = 254  # characters, as an e-mail address has at most
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 1000  # characters; no rule but these makes passwords better
LONGEST_NAME = 80
SPELT = 4  # characters typed for one that is kept, at most: one form of writing takes more than another


class BadLogin(ValueError):
    """Nobody can be called so; the message says why, in words for who typed it."""


class BadPassword(ValueError):
    """That is no password to take; the message says why."""


def parse_login(typed: str) -> str:
    """Give the one form in which a login is kept and looked for. Raises BadLogin."""
    too_long = BadLogin(f"A login has at most {LONGEST_LOGIN} characters.")
    if len(typed) > SPELT * LONGEST_LOGIN:  # looked at first: putting many marks in order takes minutes
        raise too_long
    login = normalize("NFKC", typed.strip()).casefold()
    if not login:
        raise BadLogin("Write a login: an e-mail address, or any one word.")
    if len(login) > LONGEST_LOGIN:
        raise too_long
    if any(category(character)[0] in "ZC" for character in login):
        raise BadLogin("A login is one word, without spaces.")
    return login


def parse_password(typed: str) -> str:
    """Give the one form in which a password is hashed, however a keyboard composed its letters.

    What is far too long to be anybody's stays as it is: putting it in order may take minutes.
    """
    return typed if len(typed) > SPELT * LONGEST_PASSWORD else normalize("NFKC", typed)


def check_new_password(password: str, login: str) -> None:
    """Refuse a password that is guessed at once. Raises BadPassword."""
    if len(password) < SHORTEST_PASSWORD:
        raise BadPassword(f"Take at least {SHORTEST_PASSWORD} characters.")
    if len(password) > LONGEST_PASSWORD:
        raise BadPassword(f"Take at most {LONGEST_PASSWORD} characters.")
    if password.casefold() == login or len(set(password)) == 1:
        raise BadPassword("That is the first thing that anybody would try. Take another one.")


def parse_name(typed: str) -> str:
    """Give a name as it is kept: one line, no longer than the table holds; "" where nothing was said."""
    return one_line(typed, LONGEST_NAME)
