"""What HTML may reach a page: an allow-list of our own, for model output is hostile."""

import re

import nh3

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code"),
    *("ul", "ol", "li", "strong", "em", "s", "a", "span", "div"),
    "b",  # a chip: its number and nothing more
    *("table", "thead", "tbody", "tr", "th", "td"),
}
CLASSES = {
    "code": re.compile(r"language-[A-Za-z0-9_+#.-]{1,32}"),
    "span": re.compile(r"box|math( display)?"),
    "li": re.compile("task"),
    "div": re.compile("math"),
}
ALIGNMENTS = {"align": {"left", "center", "right"}}


def _only_our_classes(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class" and not CLASSES[tag].fullmatch(value):
        return None
    return value


# "*" is named because the library would otherwise let `title` and `lang` through everywhere.
_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}, **{tag: {"class"} for tag in CLASSES}},
    tag_attribute_values={"th": ALIGNMENTS, "td": ALIGNMENTS},
    attribute_filter=_only_our_classes,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


def sanitise(html: str) -> str:
    """Keep what the allow-list names; doing it twice is harmless."""
    return _CLEANER.clean(html)
