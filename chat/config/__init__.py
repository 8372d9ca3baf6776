"""Settings: read from the environment and `.env` once, checked, frozen."""

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from pydantic import AliasChoices, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from chat import addresses
from chat.config.documents import Documents
from chat.config.limits import Limits
from chat.config.people import People
from chat.config.serving import Serving
from chat.core.batching import parse_chunk_by
from chat.secret import kept_secret

SQLITE_HEADER = b"SQLite format 3\0"


class SettingsError(ValueError):
    """A setting is wrong; the message says which and how, one line for each."""


class Settings(Limits, Documents, People, Serving):  # their fields come in the order from right to left
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

    @field_validator("models", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(filter(None, (one.strip() for one in value.split(","))))
        return value

    @field_validator("prices", mode="before")
    @classmethod
    def _priced(cls, value: Any) -> Any:
        return parse_prices(value) if isinstance(value, str) else value

    @field_validator("context_tokens_by_model", mode="before")
    @classmethod
    def _by_model(cls, value: Any) -> Any:
        return parse_contexts(value) if isinstance(value, str) else value

    _origins = field_validator("cors_origins")(addresses.origins)
    _web_address = field_validator("openai_base_url", "embedding_base_url", "oidc_issuer")(addresses.web)
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
    def _oidc_is_whole(self) -> "Settings":
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret):
            raise ValueError("CHAT_OIDC_ISSUER needs CHAT_OIDC_CLIENT_ID and CHAT_OIDC_CLIENT_SECRET")
        return self

    @model_validator(mode="after")
    def _embeddings_have_a_server(self) -> "Settings":
        has_server = self.embedding_base_url or self.openai_base_url or self.embedding_key()
        if self.embedding_model and not has_server:
            raise ValueError(
                "CHAT_EMBEDDING_MODEL needs the address of a server, EMBEDDING_BASE_URL, or a key"
            )
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

    def embedding_key(self) -> str:
        """Give the key of the embeddings' server; the model's own goes to no other server than that."""
        elsewhere = self.embedding_base_url not in (None, self.openai_base_url)
        key = self.embedding_api_key or (None if elsewhere else self.openai_api_key)
        return key.get_secret_value() if key else ""

    def signing_secret(self) -> str:
        """Give SECRET_KEY; where it is unset, the one kept beside the database."""
        return self.secret_key.get_secret_value() or kept_secret(self.sqlite_path.parent)


def parse_prices(text: str) -> dict[str, tuple[float, float]]:
    """Read `model=in/out, …`, for a million tokens each. Raises ValueError."""
    prices = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        model, _, price = one.rpartition("=")
        into, slash, out = price.partition("/")
        try:
            prices[model.strip()] = (float(into), float(out))
        except ValueError:
            slash = ""
        if not (slash and model.strip() and all(0 <= each < 1e9 for each in prices[model.strip()])):
            raise ValueError("write model=0.15/0.60: the price of a million tokens, in and out")
    return prices


def parse_contexts(text: str) -> dict[str, int]:
    """Read `model=tokens, …`. Raises ValueError."""
    contexts = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        model, _, tokens = one.rpartition("=")
        if not (model.strip() and tokens.strip().isdecimal() and int(tokens) >= 1000):
            raise ValueError("write model=8000: how many tokens it is told at most, 1000 or more")
        contexts[model.strip()] = int(tokens)
    return contexts


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
