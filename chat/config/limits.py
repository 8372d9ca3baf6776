"""Settings of limits: of a request, an answer, a line, and what the server says of itself."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from chat.config.kinds import Count, Seconds


class Limits(BaseSettings):
    """Bounds, most of which 0 turns off."""

    # ── limits of a request ──────────────────────────────────────────────────────────────────
    body_bytes: Count = Field(1 << 20, description="Bytes of a request's body.")
    text_bytes: Count = Field(64 << 10, description="Bytes of a question or a system prompt.")

    # ── limits of an answer ──────────────────────────────────────────────────────────────────
    connect_s: Seconds = Field(10, description="Seconds to reach the model's server.")
    first_token_s: Seconds = Field(60, description="Seconds until an answer must have begun.")
    silence_s: Seconds = Field(30, description="Seconds without text after which an answer has failed.")
    answer_bytes: Count = Field(1 << 20, description="Bytes of one answer.")
    answer_s: Seconds = Field(900, description="Seconds that one answer may take.")

    # ── limits of a line ─────────────────────────────────────────────────────────────────────
    heartbeat_s: float = Field(
        15, ge=0.1, le=50, description="Seconds of silence after which an open line carries a ping."
    )
    rotate_s: Seconds = Field(
        240,
        description="Seconds after which a reader's line ends, to be opened anew where it was.",
    )
    stalled_client_s: Seconds = Field(
        30, description="Seconds after which a client that takes nothing is let go."
    )
    connections: int = Field(10_000, ge=1, description="Lines that may be open at once.")
    grace_s: float = Field(
        5,
        ge=0,
        le=3600,
        description="Seconds in which answers may still finish after SIGTERM; what is left goes to another "
        "process. The platform must wait `CHAT_DRAIN_S` and 3 seconds longer before it kills.",
    )
    drain_s: float = Field(
        1.5,
        ge=0,
        le=25,
        description="Seconds to store what still runs after the grace time, or at once after Ctrl-C.",
    )

    # ── what it says of itself ───────────────────────────────────────────────────────────────
    metrics_token: SecretStr | None = Field(
        None, description="The bearer token that opens `/metrics`. Unset: there is no such page."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What is logged at least."
    )
    log_format: Literal["console", "json"] = Field("console", description="How the log is written.")
