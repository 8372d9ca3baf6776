"""How a page that shows one picture comes to show the next: as few and as small swaps as possible."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chat.core.markdown.regions import Picture, Region

TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)(?:\s+[a-z-]+="[^"]*")*>')
VOID = {"br", "hr"}
LONELY_MARK = re.compile(r'<p><i class="mark" [^>]*></i></p>')


@dataclass(frozen=True, slots=True)
class Swap:
    """One swap as htmx names it: a CSS selector, a style, and the HTML that comes."""

    target: str
    style: str  # delete | outerHTML | beforeend | afterend | outerMorph | innerMorph
    html: str = ""


@dataclass(slots=True)
class _Element:
    """An element that is open at some place of the HTML."""

    path: str  # its CSS selector
    start: int  # where its tag begins
    children: int = 0  # how many child elements have begun


def region_id(key: str, start: int) -> str:
    """Name the element that holds a region."""
    return f"r-{key}-{start}"


def region_html(key: str, region: Region) -> str:
    """Write a region's element, as the page and each swap must have it."""
    return f'<div class="region" id="{region_id(key, region.start)}">{region.html}</div>'


def steps(before: Picture, after: Picture, key: str) -> tuple[Swap, ...]:
    """Give the swaps, in order, that turn a page showing `before` into one showing `after`.

    None when both show the same. `after` must have been made with `since=before.open.start`.
    All targets exist before the first swap.
    """
    if after.open == before.open and not after.closed:
        return ()
    return grow_regions(before.open, (*after.closed, after.open), key)


def conclude(before: Picture, text: Sequence[Region], key: str) -> tuple[Swap, ...]:
    """Give the swaps from the last picture to the finished text (`finished(text, before.open.start)`)."""
    return grow_regions(before.open, text or (Region(before.open.start, ""),), key)


def grow_regions(old: Region, new: Sequence[Region], key: str) -> tuple[Swap, ...]:
    """Give the swaps that turn the open region into these: it in place, the others after it."""
    element = "#" + region_id(key, old.start)
    swaps = grow(old.html, new[0].html, element, key)
    following = "".join(region_html(key, region) for region in new[1:])
    return (*swaps, Swap(element, "afterend", following)) if following else swaps


def grow(old: str, new: str, element: str, key: str) -> tuple[Swap, ...]:
    """Give the swaps that turn `element`'s inner HTML from `old`, which holds the mark, to `new`."""
    mark = re.compile(rf'<i class="mark" id="mark-{re.escape(key)}" data-o="\d+"></i>').search(old)
    if mark is None:
        return (Swap(element, "innerMorph", new),)
    head, rest = old[: mark.start()], old[mark.end() :]
    if len(new) >= len(head) + len(rest) and new.startswith(head) and new.endswith(rest):
        between = new[len(head) : len(new) - len(rest)]
        if _is_balanced(between):
            return (_put(f"#mark-{key}", between),)
    if not (head.endswith("<p>") and rest == "</p>"):
        return _grow_spine(head, rest, new, element, f"#mark-{key}")
    # a paragraph at the end that was there for the mark alone: what comes takes its place
    head = head[:-3]
    place = f"{element}>:nth-child({_spine(head, element)[0].children + 1})"
    swaps = _grow_spine(head, "", new, element, place)
    return tuple(_only_the_mark(swap, place, f"#mark-{key}") for swap in swaps)


def _put(place: str, html: str) -> Swap:
    return Swap(place, "outerHTML", html) if html else Swap(place, "delete")


def _only_the_mark(swap: Swap, place: str, mark: str) -> Swap:
    """Spare a paragraph that would be replaced by the like of itself."""
    if swap.target == place and LONELY_MARK.fullmatch(swap.html):
        return _put(mark, swap.html[3:-4])
    return swap


def _grow_spine(head: str, rest: str, new: str, element: str, place: str) -> tuple[Swap, ...]:
    """Give the swaps from `head + rest`, between which stands what `place` selects, to `new`.

    Where only ends have grown, they are appended; else the lowest element that holds every change is
    morphed. What comes just where the place is takes its place.
    """
    old = head + rest
    same = _same_until(old, new)
    spine, around = _spine(old[:same], element), _spine(head, element)
    changed = _outermost_change(old, same, len(spine) - 1)
    if changed == 0:
        return (Swap(element, "innerMorph", new),)
    swaps = []
    is_placed = changed is not None and spine[changed].path in [step.path for step in around]
    begin, closings = same, _closings(new, same, len(spine) - 1)
    for depth in range(len(spine) - 1, -1, -1):
        close, after = closings[depth]
        step, grown = spine[depth], new[begin:close]
        begin = after
        if depth == changed:
            swaps.append(Swap(step.path, "outerMorph", new[step.start : after]))
        elif changed is not None and depth > changed:
            continue
        elif not is_placed and step.path == around[-1].path:
            swaps.append(_put(place, grown))
            is_placed = True
        elif grown:
            swaps.append(Swap(step.path, "beforeend", grown))
    return tuple(swaps) if is_placed else (Swap(place, "delete"), *swaps)


def _spine(html: str, element: str) -> list[_Element]:
    """Give the elements open at the end of `html`, from `element`, which is around it, inwards."""
    spine = [_Element(element, 0)]
    for tag in TAG.finditer(html):
        if tag[1]:
            spine.pop()
            continue
        spine[-1].children += 1
        if tag[2] not in VOID:
            spine.append(_Element(f"{spine[-1].path}>:nth-child({spine[-1].children})", tag.start()))
    return spine


def _outermost_change(html: str, begin: int, depth: int) -> int | None:
    """Give the depth of the outermost element that has content of its own after `begin`; None without any."""
    outermost = None
    for tag in TAG.finditer(html, begin):
        if tag.start() > begin or not tag[1]:
            outermost = depth if outermost is None else min(outermost, depth)
        begin = tag.end()
        depth += -1 if tag[1] else tag[2] not in VOID
    return 0 if begin < len(html) else outermost


def _closings(html: str, begin: int, depth: int) -> dict[int, tuple[int, int]]:
    """Say where each element open at `begin` closes: from where to where its end tag stands."""
    closings = {0: (len(html), len(html))}
    outermost = depth
    for tag in TAG.finditer(html, begin):
        if tag[1] and depth <= outermost:
            closings[depth] = tag.span()
            outermost = depth - 1
        depth += -1 if tag[1] else tag[2] not in VOID
    return closings


def _is_balanced(html: str) -> bool:
    """Say whether every element that begins here ends here, and no other."""
    depth = 0
    for tag in TAG.finditer(html):
        depth += -1 if tag[1] else tag[2] not in VOID
        if depth < 0:
            return False
    return depth == 0


def _same_until(old: str, new: str) -> int:
    """Give the length of what both begin with, not ending inside a tag or a character reference."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    low = min(low, _before_unfinished(old, low, "<", ">"))
    return _before_unfinished(old, low, "&", ";")


def _before_unfinished(html: str, end: int, first: str, last: str) -> int:
    began = html.rfind(first, 0, end)
    return began if began > html.rfind(last, 0, end) else end
