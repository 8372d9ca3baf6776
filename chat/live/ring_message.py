"""How rings travel: topics joined into messages of a bounded size, each with its sender's name first."""

import json
from collections.abc import Iterable, Iterator

ALL = "all"  # this topic wakes everyone: nobody knows, or nobody can say, what was rung
SILENT: list[str] = []


def pack(sender: str, topics: Iterable[str], limit: int) -> Iterator[str]:
    """Join topics into as few messages of at most `limit` bytes; one too long for any of them rings all."""
    joined: list[str] = []
    room = limit - len(sender) - 3  # a blank and two brackets
    left = room
    for topic in topics:
        said = json.dumps(topic)  # ASCII, whatever the topic is made of
        if len(said) > room:
            said = f'"{ALL}"'
        if joined and len(said) + 1 > left:
            yield f"{sender} [{','.join(joined)}]"
            joined, left = [], room
        joined.append(said)
        left -= len(said) + 1
    if joined:
        yield f"{sender} [{','.join(joined)}]"


def unpack(own: str, message: str) -> list[str]:
    """List the topics of a message; none of one's own, and all where it cannot be read."""
    sender, _, said = message.partition(" ")
    if sender == own:
        return SILENT
    try:
        topics = json.loads(said)
    except ValueError:
        return [ALL]
    readable = isinstance(topics, list) and all(isinstance(topic, str) for topic in topics)
    return topics if readable else [ALL]
