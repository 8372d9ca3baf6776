"""The page on which a person sees what they used, and what they may use."""

from flask import Blueprint, render_template

from chat.web.cookie import page_person
from chat.web.figures import money
from chat.web.usage import cost_words, used_by

pages = Blueprint("usage_page", __name__)


@pages.get("/you/usage")
def usage() -> str:
    """Show today, the last 30 days, and the limits."""
    person = page_person()
    return render_template(
        "usage.html", person=person, used=used_by(person.id), money=money, cost_words=cost_words
    )
