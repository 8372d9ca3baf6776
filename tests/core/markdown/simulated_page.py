"""A page without a browser: a small tree of elements that takes swaps the way htmx does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

from chat.core.markdown import Picture, Swap, region_html

VOID = {"br", "hr"}
STEP = re.compile(r">:nth-child\((\d+)\)")
MARK = re.compile(r'(<p>)?<i class="mark" id="mark-[\w-]+" data-o="\d+"></i>(?(1)</p>)')


def without_mark(html: str) -> str:
    """Give HTML as it reads without the mark, and without the paragraph that is there for it alone."""
    return MARK.sub("", html)


@dataclass
class Element:
    tag: str
    attributes: tuple[tuple[str, str | None], ...] = ()
    children: list[Element | str] = field(default_factory=list)
    parent: Element | None = None

    def add(self, children: Iterable[Element | str], at: int | None = None) -> None:
        added = list(children)
        for child in added:
            if isinstance(child, Element):
                child.parent = self
        place = len(self.children) if at is None else at
        self.children[place:place] = added

    def elements(self) -> list[Element]:
        return [child for child in self.children if isinstance(child, Element)]

    def find(self, id: str) -> Element | None:
        if ("id", id) in self.attributes:
            return self
        return next((found for child in self.elements() if (found := child.find(id))), None)

    def place(self) -> tuple[Element, int]:
        assert self.parent is not None
        index = next(i for i, child in enumerate(self.parent.children) if child is self)
        return self.parent, index

    def inner(self) -> str:
        return "".join(child if isinstance(child, str) else child.outer() for child in self.children)

    def outer(self) -> str:
        attributes = "".join(f' {name}="{escape(value or "")}"' for name, value in self.attributes)
        opening = f"<{self.tag}{attributes}>"
        return opening if self.tag in VOID else f"{opening}{self.inner()}</{self.tag}>"


class Reader(HTMLParser):
    """Reads well-formed HTML into a tree; character references stay as they are written."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open = [Element("root")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, tuple(attrs))
        self.open[-1].add([element])
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].add([data])

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")


def read(html: str) -> list[Element | str]:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert len(reader.open) == 1, f"<{reader.open[-1].tag}> is not closed"
    return reader.open[0].children


class SimulatedPage:
    """One message's body; `sent` counts what its swaps carried."""

    def __init__(self, picture: Picture, key: str) -> None:
        self.body = Element("main")
        self.sent = 0
        for region in (*picture.closed, picture.open):
            self.body.add(read(region_html(key, region)))

    def apply(self, swaps: Iterable[Swap]) -> None:
        """Take swaps as htmx does: all targets are found before the first one is swapped."""
        for swap, target in [(swap, self.find(swap.target)) for swap in swaps]:
            assert target is not None, f"nothing at {swap.target}"
            self.sent += len(swap.target.encode()) + len(swap.style) + len(swap.html.encode())
            self._swap(swap, target)

    def find(self, selector: str) -> Element | None:
        id, *_ = selector.split(">")
        element = self.body.find(id.removeprefix("#"))
        for nth in STEP.findall(selector):
            children = element.elements() if element else []
            element = children[int(nth) - 1] if int(nth) <= len(children) else None
        return element

    def _swap(self, swap: Swap, target: Element) -> None:
        parent, index = target.place()
        match swap.style:
            case "innerMorph":
                target.children = []
                target.add(read(swap.html))
            case "beforeend":
                target.add(read(swap.html))
            case "afterend":
                parent.add(read(swap.html), index + 1)
            case "outerHTML" | "outerMorph" | "delete":
                del parent.children[index]
                parent.add(read(swap.html), index)
            case _:
                raise AssertionError(f"no such swap style: {swap.style}")

    def regions(self) -> list[tuple[str | None, str]]:
        """Give what the page shows: each region's id and inner HTML."""
        return [(dict(region.attributes)["id"], region.inner()) for region in self.body.elements()]
