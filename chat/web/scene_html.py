"""The HTML of a conversation's changes, as htmx swaps them; each is a template that a full page uses too."""

import re
from collections.abc import Sequence, Set
from functools import lru_cache

from jinja2 import Environment
from markupsafe import escape

from chat.core.lifecycle import is_live, is_streaming
from chat.core.markdown import Swap, finished, picture, region_html
from chat.core.markdown.chips import NO_NUMBERS
from chat.core.markdown.mark import mark_html
from chat.core.markdown.regions import Picture
from chat.store.conversations import Conversation
from chat.store.message_rows import Message
from chat.web.message_view import (
    BranchView,
    MessageView,
    StateView,
    branch_of,
    state_of,
    view_message,
    went_on_state,
)
from chat.web.off_hub import picture_off_hub
from chat.web.scene_line import Shown
from chat.web.source_view import numbers_of, shown_sources, with_links
from chat.web.thought_view import ThoughtView, view_thought

IN_THOUGHT = "t"  # after the key of a message: of its reasoning; no id holds one
KEY = 8  # characters of a message's id that name its regions: each appended sentence carries them
WORTH_KEEPING = 32_000  # characters: what is longer would fill the memory with few texts
STEP_DOWN = re.compile(r">:nth-child\((\d+)\)")


def key_of(message_id: str, is_thought: bool = False) -> str:
    """Name a message inside its own page, or what was thought before it."""
    return message_id[:KEY] + (IN_THOUGHT if is_thought else "")


def dress(message: Message) -> MessageView:
    """Give what the templates show of a message, its text rendered."""
    if message.stream_id is None:
        return view_message(message, "")
    grows = is_live(message.status)
    html = text_html(message.text, key_of(message.id), numbers_of(message), grows=grows)
    sources = [] if grows else shown_sources(message, html)
    return view_message(message, with_links(html, message.id, sources), dress_thought(message), sources)


def dress_thought(message: Message) -> ThoughtView | None:
    """Give what the templates show of the reasoning before an answer; None when there is none."""
    thought = message.reasoning
    if thought is None:
        return None
    html = text_html(thought.text, key_of(message.id, True), grows=is_streaming(thought.status))
    return view_thought(message, html)


def text_html(text: str, key: str, numbers: Set[int] = NO_NUMBERS, *, grows: bool) -> str:
    """Give a text's regions, its chips still bare; of one that grows, with the mark where it goes on."""
    if grows:
        return picture_html(live_picture(text, key, numbers), key)
    return picture_off_hub(len(text), _finished_html, text, key, numbers)


def live_picture(text: str, key: str, numbers: Set[int] = NO_NUMBERS) -> Picture:
    """Picture a text that still grows, from its first byte."""
    data = text.encode()
    return picture_off_hub(len(data), picture, data, key, numbers=numbers)


def picture_html(shown: Picture, key: str) -> str:
    """Write all regions of a live text, the mark in the last."""
    return "".join(region_html(key, region) for region in (*shown.closed, shown.open))


def _finished_html(text: str, key: str, numbers: Set[int]) -> str:
    draw = _kept_html if len(text) <= WORTH_KEEPING else _draw_finished
    return draw(text, key, frozenset(numbers))


def _draw_finished(text: str, key: str, numbers: frozenset[int]) -> str:
    return "".join(region_html(key, region) for region in finished(text.encode(), numbers=numbers))


_kept_html = lru_cache(maxsize=64)(_draw_finished)


class Fragments:
    """Writes each change as a partial that names its own target."""

    def __init__(self, templates: Environment) -> None:
        self._messages = templates.get_template("parts/messages.html")
        self._message = templates.get_template("parts/message.html")
        self._reasoning = templates.get_template("parts/reasoning_note.html")
        self._state = templates.get_template("parts/state.html")
        self._sources = templates.get_template("parts/sources.html")
        self._branches = templates.get_template("parts/branches.html")
        self._elsewhere = templates.get_template("parts/elsewhere.html")

    def everything(self, shown: Shown) -> str:
        """Show these messages and nothing else."""
        earlier = earlier_link(shown.line)
        inner = self._messages.render(messages=[dress(message) for message in shown.line], earlier=earlier)
        note = self._elsewhere.render(is_older=shown.is_older)
        return _partial("#transcript", "innerMorph", inner) + _partial("#elsewhere", "outerMorph", note)

    def message(self, message: Message) -> str:
        """Put a message in the place of the one with its id, or where it belongs.

        The others that stand at its place learn that they are one of so many now.
        """
        whole = _partial("#transcript", "upsert", self._message.render(message=dress(message)))
        others = (one for one in message.siblings if one != message.id)
        return whole + "".join(self._picker(branch_of(one, message.siblings)) for one in others)

    def strip(self, message: Message) -> str:
        """Show where an answer is, and leave the rest of it as it stands."""
        state = state_of(message)
        return self._put(state) if state is not None else ""

    def deleted(self, message_id: str) -> str:
        """Take a message away; the page then asks for all that it is to show (static/js/upsert.js)."""
        return _partial(f"#m-{message_id}", "forget", "")

    def conversation(self, conversation: Conversation) -> str:
        """Show the title, in the head, in the list and on the window."""
        if not conversation.title:
            return ""
        title = escape(conversation.title)
        return (
            f"<title>{title} · Headwater</title>"
            + _partial("#title", "textContent", title)
            + _partial(f"#c-{conversation.id}", "textContent", title)
        )

    def grown(self, key: str, at: int, to: int, swaps: Sequence[Swap]) -> str:
        """Turn the picture that shows `at` bytes into the one that shows `to`; static/js/grow.js reads it.

        Shorter than one partial for each swap, and where the page is not at `at` nothing happens at all.
        """
        if not swaps:
            return ""
        mark = mark_html(key, to)
        pieces = "".join(_piece(key, swap, swap.html.replace(mark, "<i></i>")) for swap in swaps)
        return f"<hx-grow key={key} at={at} to={to}>{pieces}</hx-grow>"

    def ended(self, message: Message) -> str:
        """Show what became of an answer, and what it rests on."""
        if message.stream_id is None:
            return ""
        sources = self._list(dress(message)) if message.citations else ""
        return sources + self.strip(message)

    def thought_over(self, message: Message) -> str:
        """Show that the reasoning is over; the fold stays as its reader has it."""
        thought = dress_thought(message)
        if thought is None:
            return ""
        return _partial(f"#n-{message.id}", "outerMorph", self._reasoning.render(thought=thought))

    def went_on(self, conversation_id: str, message_id: str, stream_id: str, length: int, epoch: int) -> str:
        """Show that an answer was taken over and goes on."""
        state = went_on_state(
            message_id=message_id,
            conversation_id=conversation_id,
            stream_id=stream_id,
            length=length,
            epoch=epoch,
        )
        return self._put(state)

    def _picker(self, branch: BranchView) -> str:
        return _partial(f"#b-{branch.id}", "outerMorph", self._branches.render(branch=branch))

    def _list(self, message: MessageView) -> str:
        return _partial(f"#q-{message.id}", "outerMorph", self._sources.render(message=message))

    def _put(self, state: StateView) -> str:
        return _partial(f"#s-{state.id}", "outerMorph", self._state.render(state=state))


def earlier_link(line: Sequence[Message]) -> str | None:
    """Say where the page with the messages before these is; None when these begin at the beginning."""
    if not line or line[0].parent_id is None:
        return None
    return f"?before={line[0].id}"


def _partial(target: str, swap: str, html: str) -> str:
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{html}</hx-partial>'


def _piece(key: str, swap: Swap, html: str) -> str:
    """Name a target by its way down from its region, `120/2/1`; what takes the mark's place needs no name."""
    if swap.target == f"#mark-{key}":
        return html or '<template as="delete"></template>'
    way = STEP_DOWN.sub(r"/\1", swap.target.removeprefix(f"#r-{key}-"))
    return f'<template to="{way}" as="{swap.style}">{html}</template>'
