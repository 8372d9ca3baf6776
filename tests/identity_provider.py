"""An OpenID Connect provider on loopback: discovery, keys, codes with PKCE, signed tokens; it can lie."""

import base64
import json
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

CLIENT, SECRET = "headwater", "between us"

Claims = dict[str, Any]


def same(claims: Claims) -> Claims:
    return claims


class IdentityProvider:
    """Knows one person, `subject`, and says so to whoever brings a code that fits."""

    def __init__(self) -> None:
        self.be_honest()
        provider = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.get(self)

            def do_POST(self) -> None:
                provider.post(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def be_honest(self) -> None:
        """Forget all that a test made of it, and know somebody new."""
        self.key = ECKey.generate_key("P-256", {"kid": "first", "use": "sig", "alg": "ES256"})
        self.shown_key = self.key
        self.subject = secrets.token_hex(8)
        self.email = f"ada-{self.subject}@example.org"
        self.more: Claims = {"name": "Ada Lovelace", "email": self.email, "email_verified": True}
        self.twist: Callable[[Claims], Claims] = same  # what it does to the truth before it signs it
        self.header: Claims = {"alg": "ES256", "kid": "first"}
        self.metadata: Claims = {}  # said instead of, or beside, what is so
        self.refuses = False
        self.is_away = False
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    # ── what browsers and servers ask ────────────────────────────────────────────────────────

    def get(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        self.asked.append(parts.path)
        if self.is_away:
            _send(request, 502, {})
            return
        match parts.path:
            case "/.well-known/openid-configuration":
                _send(request, 200, self._discovery())
            case "/keys":
                _send(request, 200, {"keys": [self.shown_key.as_dict(private=False)]})
            case _:
                _send(request, 404, {})

    def post(self, request: BaseHTTPRequestHandler) -> None:
        raw = request.rfile.read(int(request.headers["Content-Length"])).decode()
        self.asked.append(request.path)
        if self.is_away:
            _send(request, 502, {})
            return
        status, answer = self._token({name: found[0] for name, found in parse_qs(raw).items()}, request)
        _send(request, status, answer)

    def authorize(self, address: str) -> str:
        """Do what a browser does that is sent to this address by a server; gives where it is sent back to."""
        parts = urlsplit(address)
        asked = {name: found[0] for name, found in parse_qs(parts.query).items()}
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.issuer}/authorize"
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        if self.refuses:
            return _with(asked["redirect_uri"], error="access_denied", state=asked["state"])
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return _with(asked["redirect_uri"], code=code, state=asked["state"])

    def _discovery(self) -> Claims:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            **self.metadata,
        }

    def _token(self, form: dict[str, str], request: BaseHTTPRequestHandler) -> tuple[int, Claims]:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if challenge.decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        answer = {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "expires_in": 60}
        return 200, answer | {"id_token": self._id_token(asked["nonce"])}

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": now, "exp": now + 60,
                  "nonce": nonce, **self.more}  # fmt: skip
        claims = self.twist(claims)
        if self.header["alg"] == "none":
            return f"{_packed(self.header)}.{_packed(claims)}."
        return str(jwt.encode(self.header, claims, self.key))


def _packed(what: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(what).encode()).rstrip(b"=").decode()


def _with(address: str, **query: str) -> str:
    return f"{address}?{urlencode(query)}"


def _send(request: BaseHTTPRequestHandler, status: int, answer: Claims) -> None:
    body = json.dumps(answer).encode()
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
