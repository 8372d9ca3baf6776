"""What HTML may reach a page: an allow-list of our own, for model output is hostile."""

import re

import nh3

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code"),
    *("ul", "ol", "li", "strong", "em", "s", "a"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
LANGUAGE_CLASS = re.compile(r"language-[A-Za-z0-9_+#.-]{1,32}")
ALIGNMENTS = {"align": {"left", "center", "right"}}


def _only_language_classes(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class" and not LANGUAGE_CLASS.fullmatch(value):
        return None
    return value


# "*" is named because the library would otherwise let `title` and `lang` through everywhere.
_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}, "code": {"class"}},
    tag_attribute_values={"th": ALIGNMENTS, "td": ALIGNMENTS},
    attribute_filter=_only_language_classes,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


def sanitise(html: str) -> str:
    """Keep what the allow-list names; doing it twice is harmless."""
    return _CLEANER.clean(html)
