"""Settings of who may come, how often, and what they may spend."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from chat.config.kinds import Count, Names, Seconds


class People(BaseSettings):
    """Who may come, and how much they may ask."""

    # ── who may come ─────────────────────────────────────────────────────────────────────────
    auth: Literal["open", "required"] = Field(
        "open",
        description="`open`: whoever comes is somebody. `required`: only people with an account.",
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
    login_rate: Count = Field(
        10, description="Attempts a minute to log in or sign up, from one address or at one account."
    )
    ask_rate: Count = Field(240, description="Questions a minute of one person.")
    ask_address_rate: Count = Field(
        1200, description="Questions a minute from one address, and conversations begun."
    )
    conversation_rate: Count = Field(240, description="Conversations a minute that one person may begin.")
    live_answers: Count = Field(100, description="Answers of one person that may be written at once.")
    daily_tokens: Count = Field(
        0, description="Tokens a person may use in a day (UTC), in and out. An admin may set it by person."
    )
    daily_cost: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        0, description="What a person's answers may cost in a day, in the currency of the prices."
    )

    # ── accounts ─────────────────────────────────────────────────────────────────────────────
    signup: Literal["open", "closed"] = Field(
        "open", description="`closed`: accounts are made with `python -m chat admin`, or by OIDC, alone."
    )
    oidc_issuer: str | None = Field(
        None, description="The address of an OpenID Connect provider, to log in there. Unset: none."
    )
    oidc_client_id: str | None = Field(None, description="What that provider calls this server.")
    oidc_client_secret: SecretStr | None = Field(None, description="The secret that it shares with it.")
    oidc_name: str = Field("single sign-on", description="What the button calls it.")

    # ── conversations ────────────────────────────────────────────────────────────────────────
    undo_s: Seconds = Field(
        600, description="Seconds in which deleting a conversation on its page can be undone."
    )
    import_bytes: Count = Field(16 << 20, description="Bytes of a conversation that is imported.")
