"""Settings of documents: how much may be added, how it is read, and what of it a model is told."""

from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode

from chat.config.kinds import Count, Seconds


class Documents(BaseSettings):
    """What answers may draw on."""

    # ── limits of documents ──────────────────────────────────────────────────────────────────
    document_bytes: Count = Field(20 << 20, description="Bytes of one document.")
    document_pages: Count = Field(2000, description="Pages of one document.")
    document_characters: Count = Field(5_000_000, description="Characters of one document's text.")
    documents: Count = Field(500, description="Documents of one person, their conversations' included.")
    documents_bytes: Count = Field(1 << 30, description="Bytes of all documents of one person.")
    upload_rate: Count = Field(120, description="Documents a minute of one person.")
    reading_s: Seconds = Field(120, description="Seconds in which a document must be read.")
    reading_mib: int = Field(1024, ge=256, description="MiB of memory for the process that reads one.")

    # ── finding in them ──────────────────────────────────────────────────────────────────────
    embedding_model: str | None = Field(
        None,
        max_length=200,
        description="Finds passages by meaning too, beside their words: the name of a model at "
        "`/v1/embeddings`, which is sent every passage and every question. Unset: by words alone.",
    )
    embedding_base_url: str | None = Field(
        None,
        validation_alias=AliasChoices("EMBEDDING_BASE_URL"),
        description="The address of the embeddings' server, if it is not `OPENAI_BASE_URL`.",
    )
    embedding_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("EMBEDDING_API_KEY"),
        description="Its key. Unset: `OPENAI_API_KEY`, unless `EMBEDDING_BASE_URL` leads elsewhere.",
    )
    embedding_dimensions: int = Field(
        0,
        ge=0,
        le=8192,
        description="Numbers of a vector, for models that can give fewer. 0: the model's own.",
    )
    embedding_s: float = Field(
        2, gt=0, le=60, description="Seconds that a question waits for its vector, before it does without."
    )
    embedding_likeness: float = Field(
        0,
        ge=0,
        lt=1,
        description="How alike a passage must at least be to a question to be found by meaning, from 0 (it "
        "has anything in common with it) to 1. Models differ: `python -m chat doctor` says what is usual "
        "for yours.",
    )
    vectors_mib: int = Field(
        256,
        ge=1,
        description="MiB of vectors that each process keeps in memory, where they are not in pgvector: four "
        "bytes a number, 150 MiB for 100,000 passages of 384. What does not fit is read for each question.",
    )

    # ── what a model is told ─────────────────────────────────────────────────────────────────
    passages: Count = Field(8, description="Passages of documents that a question brings along, at most.")
    passage_tokens: Count = Field(3000, description="Tokens of all of them, about.")
    context_tokens: int = Field(
        16_000,
        ge=1000,
        description="Tokens that a model is told at most, about: the instructions, then passages, then the "
        "history, the newest first. What does not fit is left out, and the conversation says so.",
    )
    context_tokens_by_model: Annotated[dict[str, int], NoDecode] = Field(
        default_factory=dict,
        description="The same for single models: `small=4000, large=200000`.",
    )
