"""`ask`: put a question, and write the answer down as it comes."""

import argparse
import json
import re
import sys
import uuid
from collections.abc import Sequence
from typing import Any

from chat.terminal import kept
from chat.terminal.client import Client, Refused, Unreachable, path_of
from chat.terminal.ctrl_c import LEFT, CtrlC
from chat.terminal.failure import Failure
from chat.terminal.paper import Paper, stderr, stdout
from chat.terminal.reading import Ended, Lost, Reading, Text, Tries, Withdrawn, first

MARK = re.compile(r"\[\d[\d, \t]*\]")  # of a source, perhaps


def run(asked: argparse.Namespace) -> int:
    """Ask; 0 when the answer came whole, 1 when it did not, 130 when Ctrl-C ended it."""
    client, text = kept.client_for(asked.server), question(asked.words)
    said = stderr()
    with CtrlC(client, said) as ctrl_c:
        reply = _put(client, asked, text)
        ctrl_c.stops(reply["stream_id"])
        paper = stdout()
        ended, text = _write_down(client, reply["stream_id"], asked, paper)
        cites = paper.is_screen and MARK.search(text) is not None  # a pipe gets the answer, and nothing else
        if asked.json or asked.usage or cites:
            _tell_more(client, reply, asked, said)
        status = verdict(ended, said)
        return LEFT if ctrl_c.pressed else status


def question(words: Sequence[str]) -> str:
    """Make the question: what is piped in comes first, the words behind it. Raises Failure."""
    piped = (
        "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer.read().decode("utf-8", "replace")
    )
    parts = [part for part in (piped.replace("\x00", "").strip("\n"), " ".join(words)) if part.strip()]
    if not parts:
        raise Failure('There is no question. Write it behind: python -m chat ask "What is a stream?"', 2)
    return "\n\n".join(parts)


def verdict(ended: Ended, said: Paper) -> int:
    """Say what went wrong, if something did, and give the exit status."""
    match ended.status:
        case "done":
            if ended.finish_reason == "length":
                said.line("The model ran into its limit of length; the answer is cut there.")
            return 0
        case "stopped":
            said.line("The answer was stopped.")
        case "interrupted":
            said.line("The answer was interrupted, and nobody goes on with it by himself.")
        case None:
            said.line("The answer was deleted, or is not yours to read any more.")
        case _:
            said.line((ended.error or {}).get("message") or "The answer failed.")
    return 1


def _put(client: Client, asked: argparse.Namespace, text: str) -> dict[str, Any]:
    """Put the question where it belongs, once, however often the line breaks; give the pending reply."""
    conversation = _conversation(client, asked)
    new = conversation is None
    if conversation is None:
        fields = {"system": asked.system, "model": asked.model}
        made = client.call("POST", path_of("conversations"), _given(fields))
        conversation = made["id"]
    elif asked.system is not None:
        client.call("PATCH", path_of("conversations", conversation), {"system": asked.system})
    body = _given({"text": text, "model": asked.model, "client_id": str(uuid.uuid4())})
    place = path_of("conversations", conversation, "messages")
    try:
        reply: dict[str, Any] | None = first(Tries(), lambda: client.call("POST", place, body))["reply"]
    except Refused as refused:
        if new:  # nothing was asked in it: leave no empty conversation behind
            _forget(client, conversation)
        raise _with_a_hint(refused) from refused
    kept.keep_conversation(client, conversation)
    if reply is None:
        raise Failure("The answer was deleted before it began.")
    return reply


def _conversation(client: Client, asked: argparse.Namespace) -> str | None:
    """Say in which conversation to ask; None: in a new one. Raises Failure."""
    if asked.conversation or not asked.go_on:
        return str(asked.conversation) if asked.conversation else None
    last = kept.last_conversation(client)
    if last is None:
        raise Failure("Nothing was asked from here yet, so there is nothing to continue.")
    return last


def _write_down(client: Client, stream_id: str, asked: argparse.Namespace, paper: Paper) -> tuple[Ended, str]:
    """Write the answer as it comes; to a pipe only what is stored, for that is never withdrawn.

    Gives its end, and its text.
    """
    at_once = not (asked.json or asked.no_stream)
    whole: list[str] = []
    for piece in Reading(client, stream_id, every_token=paper.is_screen and at_once).drive():
        match piece:
            case Text():
                whole.append(piece.text)
                if at_once:
                    paper.write(piece.text)
            case Withdrawn():
                withdraw(piece, paper)
            case Ended():
                if not asked.json:
                    paper.write("" if at_once else "".join(whole))
                    paper.end_line()
                return piece, "".join(whole)
    raise Lost


def withdraw(piece: Withdrawn, paper: Paper) -> None:
    """Mark on a screen that text before this place does not count. Raises Failure where it cannot be said."""
    if not paper.is_screen:
        raise Failure("The server took back text that was written already. Read the whole: export.")
    paper.bold(f"[the last {piece.size} bytes were withdrawn: another process goes on from before them]")


def _tell_more(client: Client, reply: dict[str, Any], asked: argparse.Namespace, said: Paper) -> None:
    """Write what is known of the finished answer: as JSON to stdout, or its sources and usage to stderr."""
    place = path_of(
        "conversations", reply["conversation_id"], "messages", after=reply["parent_id"], all=1, limit=200
    )
    found = first(Tries(), lambda: client.call("GET", place))["items"]
    message = next((one for one in found if one["id"] == reply["id"]), None)
    if message is None:
        raise Failure("The answer was deleted.")
    if asked.json:
        stdout().line(json.dumps(message, ensure_ascii=False))
    elif message["citations"]:
        said.line("\nSources:")
        for citation in message["citations"]:
            said.line(source_line(citation))
    if asked.usage:
        said.line(usage_line(message))


def source_line(citation: dict[str, Any]) -> str:
    """Say where a citation stands: the document, and the page or the heading."""
    page = f", page {citation['page']}" if citation["page"] is not None else ""
    heading = citation["heading"].rpartition(" › ")[2].strip() if not page else ""
    return f"[{citation['number']}] {citation['document']}{page}{f', {heading}' if heading else ''}"


def usage_line(message: dict[str, Any]) -> str:
    """Say what an answer took, in one line, as far as it is known."""
    usage, timing = message["usage"] or {}, message.get("timing") or {}
    about = "about " if usage.get("estimated") else ""
    parts = [message["model"] or "the model"]
    if usage:
        parts.append(f"{about}{usage['input_tokens']} tokens in, {about}{usage['output_tokens']} out")
    if timing.get("first_token_ms") is not None:
        parts.append(f"first token after {timing['first_token_ms'] / 1000:.1f} s")
    if timing.get("total_ms") is not None:
        parts.append(f"{timing['total_ms'] / 1000:.1f} s in all")
    cost = message.get("cost")
    parts.append("cost unknown" if cost is None else f"cost {cost:.6f}".rstrip("0").rstrip("."))
    return " · ".join(parts)


def _with_a_hint(refused: Refused) -> Exception:
    if refused.code == "answer_in_progress" and "stream_id" in refused.more:
        return Failure(f"{refused.message} Stop it with: python -m chat stop {refused.more['stream_id']}")
    return refused


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _forget(client: Client, conversation_id: str) -> None:
    try:
        client.call("DELETE", path_of("conversations", conversation_id))
    except (Refused, Unreachable):
        return
