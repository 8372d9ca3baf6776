"""The demo: two real pages of one conversation, driver and viewer, side by side."""

from flask import Blueprint, render_template

from chat.store import conversations, people
from chat.store.conversations import Conversation
from chat.store.transaction import Transaction
from chat.web.cookie import page_person
from chat.web.house import house
from chat.web.page_view import path_of

demo = Blueprint("demo", __name__)


@demo.get("/demo")
def show() -> str:
    """Show both frames; the cookie goes out with this page, before they load."""
    person = page_person()
    made = house()
    found = made.store.read(lambda conn: conversations.demo_of(conn, person.id))

    def begin(tx: Transaction) -> Conversation:
        people.ensure(tx, person, made.now())
        people.hold(tx, person.id)  # two first visits at once share one
        again = conversations.demo_of(tx.conn, person.id)
        return again or conversations.create(tx, owner=person, title="Demo", now=made.now(), demo=True)

    path = path_of((found or made.store.write(begin)).id)
    return render_template("demo.html", left=f"{path}?frame=driver", right=f"{path}?frame=viewer")
