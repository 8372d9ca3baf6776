"""Settings: read from the environment and `.env` once, checked, frozen."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chat import addresses
from chat.core.batching import parse_chunk_by
from chat.core.prompt import Prefill
from chat.secret import kept_secret

SQLITE_HEADER = b"SQLite format 3\0"

Names = Annotated[tuple[str, ...], NoDecode]  # "a, b" in the environment
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class SettingsError(ValueError):
    """A setting is wrong; the message says which and how, one line for each."""


class Settings(BaseSettings):
    """Every setting, limit and rate; a field's description is what the README says of it.

    Of limits and rates, 0 turns one off.
    """

    model_config = SettingsConfigDict(
        env_prefix="CHAT_",
        env_ignore_empty=True,  # `OPENAI_API_KEY=` in a .env means: none
        extra="ignore",  # .env may hold the settings of other programs
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    # ── where ────────────────────────────────────────────────────────────────────────────────
    secret_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=AliasChoices("SECRET_KEY"),
        description="Signs who people are. Unset: made once and kept beside the SQLite file, readable by the "
        "server's user alone; with PostgreSQL it must be set. Whoever changes it signs everybody out.",
    )
    database_url: str = Field(
        "sqlite:///instance/headwater.sqlite3",
        validation_alias=AliasChoices("DATABASE_URL"),
        description="`sqlite:///` and a path, relative to where the server starts, or `postgresql://…`.",
    )
    database_connections: int = Field(
        10, ge=2, description="Connections to PostgreSQL at once, at most, of each process; two more listen."
    )
    redis_url: str | None = Field(
        None,
        validation_alias=AliasChoices("REDIS_URL"),
        description="`redis://…`: every process can read token by token what another one writes. Only an "
        "accelerator: without it, or while it is away, readers elsewhere get the stored batches.",
    )
    port: int = Field(
        8000,
        ge=1,
        le=65535,
        validation_alias=AliasChoices("PORT"),
        description="The port to listen on.",
    )
    web_concurrency: int = Field(
        1,
        ge=1,
        validation_alias=AliasChoices("WEB_CONCURRENCY"),
        description="Worker processes. A stream may be driven, followed and stopped at any of them.",
    )

    # ── the model ────────────────────────────────────────────────────────────────────────────
    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_API_KEY"),
        description="The key of the model's server. Neither key nor address: the built-in demo answers.",
    )
    openai_base_url: str | None = Field(
        None,
        validation_alias=AliasChoices("OPENAI_BASE_URL"),
        description="Its address: OpenRouter, Ollama, vLLM and so on. Unset: OpenAI's own.",
    )
    model: str | None = Field(
        None,
        max_length=200,
        description="The model of questions that name none. Unset: the first of `CHAT_MODELS`, else a small "
        "one of OpenAI's.",
    )
    models: Names = Field(
        (), description="The models that may be asked for, comma-separated. Unset: any id is passed on."
    )

    # ── storing what comes ───────────────────────────────────────────────────────────────────
    flush_ms: int = Field(
        500,
        ge=0,
        le=60_000,
        description="Milliseconds that text may wait to be stored, and a crash can cost.",
    )
    chunk_by: str = Field(
        "sentence",
        description="What is stored, and shown to viewers, at once: `word`, `sentence`, `paragraph` or a "
        "number of bytes (1 to 4096).",
    )
    lease_s: float = Field(
        6,
        ge=1,
        le=600,
        description="Seconds without a sign of life after which a process has lost its answers.",
    )
    on_interrupt: Literal["continue", "mark"] = Field(
        "continue",
        description="What becomes of an answer whose process died or left: `continue` goes on from the "
        "stored text in another process, at most twice an answer; `mark` keeps it and offers to continue.",
    )
    prefill: Prefill | None = Field(
        None,
        description="How the model's server goes on with a last assistant message, if it can: `message` "
        "(Anthropic, OpenRouter), `prefix` (Mistral, DeepSeek) or `vllm`. Unset: a cut answer goes on by "
        "an instruction.",
    )

    # ── who may come ─────────────────────────────────────────────────────────────────────────
    auth: Literal["open", "required"] = Field(
        "open", description="`open`: whoever comes is somebody. `required`: no new people."
    )
    cors_origins: Names = Field(
        (), description="Origins whose pages may call the API, comma-separated; `*` means any."
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=16,
        description="How many proxies stand before the server: so many `X-Forwarded-*` are believed.",
    )
    session_rate: Count = Field(
        60, description="New people a minute from one address; counted in each process, or at Redis for all."
    )

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

    @field_validator("models", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(filter(None, (one.strip() for one in value.split(","))))
        return value

    _origins = field_validator("cors_origins")(addresses.origins)
    _web_address = field_validator("openai_base_url")(addresses.web)
    _redis_address = field_validator("redis_url")(addresses.redis)
    _database_address = field_validator("database_url")(addresses.database)

    @field_validator("chunk_by")
    @classmethod
    def _is_chunk_by(cls, value: str) -> str:
        return parse_chunk_by(value)

    @model_validator(mode="after")
    def _default_is_offered(self) -> "Settings":
        if self.model and self.models and self.model not in self.models:
            raise ValueError("CHAT_MODEL must be one of CHAT_MODELS")
        return self

    @model_validator(mode="after")
    def _has_a_secret(self) -> "Settings":
        if not self.on_sqlite and not self.secret_key.get_secret_value():
            raise ValueError("set SECRET_KEY, the same for every process: beside PostgreSQL none is kept")
        return self

    @property
    def on_sqlite(self) -> bool:
        """Whether one SQLite file is the database, rather than PostgreSQL."""
        return self.database_url.startswith("sqlite:")

    @property
    def sqlite_path(self) -> Path:
        """The database's file, absolute; only where it is one."""
        return Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def has_real_provider(self) -> bool:
        """Whether somebody configured a model's server, rather than take the demo."""
        return bool(self.openai_api_key or self.openai_base_url)

    def signing_secret(self) -> str:
        """Give SECRET_KEY; where it is unset, the one kept beside the database."""
        return self.secret_key.get_secret_value() or kept_secret(self.sqlite_path.parent)


def load(env_file: str | Path | None = ".env") -> Settings:
    """Read the settings. Raises SettingsError."""
    try:
        return Settings(_env_file=env_file)  # type: ignore[call-arg]  # mypy sees the fields only
    except ValidationError as error:
        raise SettingsError("\n".join(_said(problem) for problem in error.errors())) from error


def load_or_leave(env_file: str | Path | None = ".env") -> Settings:
    """Read the settings; when one is wrong, say so on stderr and end the process with status 2.

    Makes the database's file, empty and for this user alone, where there is none yet.
    """
    try:
        settings = load(env_file)
        if settings.on_sqlite:
            check_place(settings.sqlite_path)
        return settings
    except SettingsError as error:
        leave(error)


def check_place(sqlite_file: Path) -> None:
    """Check that a database can live there. Raises SettingsError."""
    try:
        sqlite_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(sqlite_file, os.O_RDWR | os.O_CREAT, 0o600), "rb") as file:
            header = file.read(len(SQLITE_HEADER))
    except OSError as error:
        reason = (error.strerror or "it is refused").lower()
        raise SettingsError(f"Headwater cannot start: DATABASE_URL: {sqlite_file}: {reason}.") from error
    if header not in (b"", SQLITE_HEADER):
        raise SettingsError(f"Headwater cannot start: DATABASE_URL: {sqlite_file} is no SQLite database.")


def variable(field: str) -> str:
    """Name the environment variable of a field."""
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"CHAT_{field.upper()}"


def _said(problem: Any) -> str:
    """Put one validation error into words; never shows the value, which may be a secret."""
    said = problem["msg"].removeprefix("Value error, ")
    where = problem["loc"]
    if not where:
        return f"Headwater cannot start: {said}."
    field = next((name for name in Settings.model_fields if str(where[0]) in (name, variable(name))), None)
    return f"Headwater cannot start: {variable(field) if field else where[0]}: {said}."


def leave(error: SettingsError) -> NoReturn:
    """Say on stderr what is wrong and end the process with status 2."""
    print(error, file=sys.stderr)
    raise SystemExit(2)
