"""Headers of every answer: what a page may load, frame and tell others."""

from flask import Flask, Response, request

# No inline script or style, no eval, nothing from elsewhere: text of a model can name nothing that runs.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "worker-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
# The demo shows two pages of a conversation in frames of its own.
FRAMED = POLICY | {"frame-ancestors": "'self'"}
DEMO = FRAMED | {"frame-src": "'self'"}


def install(app: Flask) -> None:
    """Send them with every answer, errors and files too."""
    app.after_request(_send)


def _send(response: Response) -> Response:
    policy = "; ".join(f"{name} {value}" for name, value in _policy().items())
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.path.startswith("/static/"):
        response.headers["Access-Control-Allow-Origin"] = "*"  # public: other people's pages import stream.js
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    if request.path == "/static/stream.js":  # made for pages elsewhere, which may import a module only so
        response.headers["Access-Control-Allow-Origin"] = "*"
    if request.method == "HEAD" and response.mimetype == "text/event-stream":
        response.response = ()  # that was all: a body that lasts would hold the line for nobody
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def _policy() -> dict[str, str]:
    if request.path == "/demo":
        return DEMO
    if request.path.startswith(("/c/", "/s/")):
        return FRAMED
    return POLICY
