"""The routes of usage: what a person used and may use, and what a conversation took."""

from flask import Blueprint, Response, jsonify

from chat.web import access
from chat.web.usage import used_by, used_in, used_in_json, used_json

api = Blueprint("api_usage", __name__, url_prefix="/api")


@api.get("/usage")
def mine() -> Response:
    """Give what the caller used today and in the last 30 days, and the limits that hold for them."""
    return jsonify(used_json(used_by(access.current_person().id)))


@api.get("/conversations/<conversation_id>/usage")
def of_conversation(conversation_id: str) -> Response:
    """Give what the answers of a conversation took, on all its branches."""
    access.conversation_or_404(conversation_id, need="read")
    return jsonify(used_in_json(used_in(conversation_id)))
