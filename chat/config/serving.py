"""Settings of the server itself: where it is, which model answers, how text is stored."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode

from chat.config.kinds import Names
from chat.core.prompt import Prefill


class Serving(BaseSettings):
    """Where, which model, and what is stored when."""

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
    title_by: Literal["model", "words"] = Field(
        "model",
        description="Who names a conversation after its first exchange: the `model` (a short question more), "
        "or its first `words`.",
    )
    title_model: str | None = Field(
        None, max_length=200, description="The model that makes titles. Unset: the one that answered."
    )
    system: str = Field("", description="Instructions for conversations that have none of their own.")
    temperature: float | None = Field(
        None, ge=0, le=2, description="Of conversations that set none. Unset: the model's own."
    )
    prices: Annotated[dict[str, tuple[float, float]], NoDecode] = Field(
        default_factory=dict,
        description="What a million tokens cost, in and out: `model=0.15/0.60, *=3/15`, where `*` is every "
        "other model. The admin page changes them. What has no price costs an unknown sum, and nothing of a "
        "budget but tokens.",
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
