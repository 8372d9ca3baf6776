"""The panel on which an owner chooses model, instructions and temperature, and sees what was used."""

from functools import partial

from flask import Blueprint, Response, make_response, render_template

from chat.store import conversations
from chat.web import access
from chat.web.choice import asked_choice, choice_context, used_context
from chat.web.house import house
from chat.web.htmx import by_htmx
from chat.web.page_answers import back

forms = Blueprint("choice_forms", __name__)


@forms.post("/c/<conversation_id>/choice")
def choose(conversation_id: str) -> Response:
    """Keep what was chosen, for what is asked from now on."""
    access.conversation_or_404(conversation_id, need="own")
    change = partial(conversations.change, conversation_id=conversation_id, fields=asked_choice())
    changed = house().store.write(change)
    if not by_htmx():
        return back(conversation_id)
    panel = render_template("parts/choice_saved.html", **choice_context(changed))
    return make_response(panel, 200, {"HX-Reswap": "innerHTML"})


@forms.get("/c/<conversation_id>/used")
def used(conversation_id: str) -> str:
    """Say what the conversation's answers took so far: for the panel, each time it opens."""
    access.conversation_or_404(conversation_id, need="own")
    return render_template("parts/used.html", used=used_context(conversation_id))
