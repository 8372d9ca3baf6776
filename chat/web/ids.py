"""Ids: opaque, URL-safe, unguessable."""

import secrets


def new_id() -> str:
    """Make an id of 96 random bits; it holds no dot, so that it can stand inside an event id."""
    return secrets.token_hex(12)
