"""The app with a window: `tests.seen_inside:app` tells what only the process itself can say."""

import gc

from flask import Response, jsonify

from chat import create_app

app = create_app()


@app.get("/inside")
def inside() -> Response:
    return jsonify(collects=gc.isenabled(), frozen=gc.get_freeze_count())
