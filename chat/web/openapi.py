"""What the API offers: `/api/openapi.json` for machines, `/api/docs` for people, from one table.

The table and the shapes of all answers are loaded when somebody asks, for most servers are never asked.
"""

from flask import Blueprint, Response, jsonify, render_template

api = Blueprint("openapi", __name__, url_prefix="/api")


@api.get("/openapi.json")
def as_json() -> Response:
    """Give the whole API as OpenAPI 3.1."""
    from chat.web.openapi_document import document

    return jsonify(document())


@api.get("/docs")
def as_page() -> str:
    """Show the same for reading."""
    from chat.web.openapi_document import document
    from chat.web.openapi_page import sections_of, shapes_of

    described = document()
    return render_template("docs.html", sections=sections_of(described), shapes=shapes_of(described))
