"""The commands of the terminal, and what each may be told; a room is opened when its command is called."""

from typing import Any

Commands = Any  # what `add_subparsers` gives; its type is not public


def add_to(commands: Commands) -> None:
    """Add every command of the terminal to the parser of `python -m chat`."""
