"""The models that may be asked for."""

from flask import Blueprint, Response, jsonify

from chat.web import access
from chat.web.house import house

api = Blueprint("api_models", __name__, url_prefix="/api/models")


@api.get("")
def models() -> Response:
    """List them: those of this deployment, else what its model's server has, as far as that is known yet."""
    access.current_person()
    offered = house().models
    return jsonify(items=[{"id": one} for one in offered.listed()], default=offered.default)
