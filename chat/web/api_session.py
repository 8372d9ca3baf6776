"""`POST /api/session`: become somebody, without an account. Nothing is stored before they write."""

from flask import Blueprint, Response, jsonify

from chat.web.cookie import NAMELESS, newcomer
from chat.web.errors import ApiError
from chat.web.gate import is_closed
from chat.web.house import house
from chat.web.rates import caller_address
from chat.web.shapes import person_json
from chat.web.validation import NewSession, read_body

api = Blueprint("api_session", __name__, url_prefix="/api")


@api.post("/session")
def sign_in() -> tuple[Response, int]:
    """Make a new person, whoever asks; their token is the only key to what they will write."""
    if is_closed():
        raise ApiError("sign_in_required", 403, "This server lets in people with an account only.")
    house().rates.session.count(caller_address())
    asked = read_body(NewSession, optional=True)
    person = newcomer(asked.name or NAMELESS)
    return jsonify(token=house().signer.sign(person), person=person_json(person)), 201
