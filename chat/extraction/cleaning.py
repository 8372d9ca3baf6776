"""Bytes to clean text: which characters they are, and which of those nobody can show, store or search."""

import codecs
import re
import unicodedata

from chat.core.searching import MARKS
from chat.extraction.unreadable import Unreadable

_ENCODINGS = """
    utf-8 utf-16 utf-16-le utf-16-be ascii cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257
    cp1258 cp874 cp866 iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8
    iso8859-9 iso8859-10 iso8859-13 iso8859-14 iso8859-15 iso8859-16 koi8-r koi8-u mac-roman shift_jis
    cp932 euc-jp iso2022_jp gbk gb2312 gb18030 big5 euc-kr cp949
"""
# What a page may say that it is written in: not all that Python can decode with is text.
KNOWN_ENCODINGS = frozenset(codecs.lookup(name).name for name in _ENCODINGS.split())
MOST_BEYOND_ASCII = 0.25  # of the letters of a text in Western Europe's old encoding; others have far more
SOME_CONTROL = 8  # control characters get into a text by accident
MOST_CONTROL = 0.001  # of a text's characters; what has more is no text

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LETTERS = re.compile(rb"[A-Za-z\x80-\xff]")
_BEYOND = re.compile(rb"[\x80-\xff]")
_COLOUR = re.compile("\x1b\\[[0-9;?]{0,20}[A-Za-z]")  # what a terminal would take for an order
_CONTROL = re.compile("[\0-\x08\x0e-\x1f\x7f]")
# Never shown: control characters, halves of characters, no characters, marks of order and of annotation, and
# the invisible alphabet in which orders to a model are hidden. What sets the direction of writing is kept.
_UNSEEN = re.compile(
    "[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_LINE_END = re.compile("[\r\x0b\x85\u2028\u2029]")
_HALF = re.compile("[\ud800-\udfff]")
_LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
}
_LIGATURE = re.compile("[\ufb00-\ufb06]")
# Marks on one letter are put in order, which of many takes the square of their number. So that it never is
# many, Unicode (UAX 15, "stream-safe") has a joiner, which is not seen, behind each thirty.
_MOST_ON_ONE = 30
_JOINER = "\u034f"
_MARK = re.compile(f"[{MARKS}]")
_MANY_MARKS = re.compile(f"[{MARKS}]{{{_MOST_ON_ONE}}}(?=[{MARKS}])")


def decode(original: bytes, declared: str | None = None) -> str:
    """Give the clean text of a file of text. `declared` is the encoding that it says it has itself.

    Raises Unreadable where the bytes are no text, or nobody knows of which encoding.
    """
    text = _decoded(original, declared)
    used = "".join(set(text))  # most texts use none of what is looked for: no need to go through all of it
    bare = _COLOUR.sub("", text) if "\x1b" in used else text
    if _CONTROL.search(used) and len(_CONTROL.findall(bare)) > max(SOME_CONTROL, MOST_CONTROL * len(text)):
        raise Unreadable("wrong_kind", "This file holds no text, whatever its name says.")
    return clean(text)


def clean(text: str) -> str:
    """Take out what cannot be shown or stored, and write lines and letters in one way."""
    used = "".join(set(text))
    if "\x1b" in used:
        text = _COLOUR.sub("", text)
    if _HALF.search(used):  # UTF-16 joins the pairs by itself; what is left alone becomes U+FFFD
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if _LINE_END.search(used):
        text = _LINE_END.sub("\n", text.replace("\r\n", "\n"))
    text = text.replace("\x0c", "\n\n")
    if _UNSEEN.search(used):
        text = _UNSEEN.sub("", text)
    if _LIGATURE.search(used):
        text = text.translate(_LIGATURES)
    if _MARK.search(used):
        text = _MANY_MARKS.sub(rf"\g<0>{_JOINER}", text)
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def known(encoding: str) -> str | None:
    """Give our name of an encoding that a document says it has; None for one that is none of text."""
    try:
        name = codecs.lookup(encoding.strip()[:40]).name
    except (LookupError, ValueError, UnicodeError):
        return None
    return name if name in KNOWN_ENCODINGS else None


def _decoded(original: bytes, declared: str | None) -> str:
    for mark, encoding in _MARKS:
        if original.startswith(mark):
            return original[len(mark) :].decode(encoding, "replace")
    try:
        return original.decode("utf-8")
    except UnicodeDecodeError:
        pass  # not all the world has moved there
    if declared and (name := known(declared)) and name != "utf-8":
        return original.decode(name, "replace")
    return _western(original)


def _western(original: bytes) -> str:
    """Read what is not UTF-8 as Western Europe wrote it, if it can be that."""
    beyond = len(_BEYOND.findall(original))
    try:
        if beyond <= MOST_BEYOND_ASCII * len(_LETTERS.findall(original)):
            return original.decode("cp1252")
    except UnicodeDecodeError:
        pass  # it has bytes that are no letters there either
    raise Unreadable(
        "encoding",
        "Nobody can tell which characters this file is made of. Save it as UTF-8, and add it again.",
    )
