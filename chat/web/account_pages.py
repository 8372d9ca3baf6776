"""The pages of who one is: name, password, tokens, every place where one is logged in."""

from functools import partial
from re import compile as pattern

from flask import Blueprint, Response, make_response, redirect, request

from chat.store import people
from chat.store.people import Person
from chat.web.cookie import give_cookie, page_person
from chat.web.house import house
from chat.web.validation import NAME_LENGTH

pages = Blueprint("account", __name__)

OWN_PAGE = pattern(r"/(?:you|c/\w+)?")  # where the form of a name may send back to


@pages.post("/name")
def rename() -> Response:
    """Give this person another name, for what they ask from now on."""
    name = " ".join(request.form.get("name", "").replace("\x00", "").split())[:NAME_LENGTH]
    person = page_person()
    if name:
        be_named(Person(person.id, name))
    back = request.form.get("back", "/")
    return make_response(redirect(back if OWN_PAGE.fullmatch(back) else "/", code=303))


def be_named(person: Person) -> None:
    """Keep a new name where they are stored, and in the cookie for as long as they are not."""
    give_cookie(house().store.write(partial(people.rename, person=person)))
