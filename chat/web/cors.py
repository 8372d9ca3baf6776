"""Pages of other origins: which may call the API, and what they may read of its answers (WIRE §1)."""

from flask import Flask, Response, request

from chat.web.house import house

ALLOWED_HEADERS = "authorization, content-type, last-event-id, if-none-match"
ALLOWED_METHODS = "GET, POST, PATCH, DELETE"
EXPOSED_HEADERS = "Stream-Offset, Stream-Epoch, ETag, Retry-After"
REMEMBER_S = "600"  # how long a browser need not ask again


def install(app: Flask) -> None:
    """Answer preflights, and name the origins that may read. Cookies are never allowed across origins."""
    app.before_request(_preflight)
    app.after_request(_name_origin)


def _preflight() -> Response | None:
    asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    return Response(status=204) if asks and _is_api() else None


def _name_origin(response: Response) -> Response:
    if not _is_api():
        return response
    response.vary.add("Origin")
    allowed = _allowed(request.headers.get("Origin"))
    if allowed is None:
        return response
    response.headers["Access-Control-Allow-Origin"] = allowed
    response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
        response.headers["Access-Control-Max-Age"] = REMEMBER_S
    return response


def _allowed(origin: str | None) -> str | None:
    """Say what to echo to this origin; None: nothing."""
    origins = house().settings.cors_origins
    if origin is None:
        return None
    if origin in origins:
        return origin
    return "*" if "*" in origins else None


def _is_api() -> bool:
    return request.path.startswith("/api/")
