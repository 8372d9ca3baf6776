"""The one place that cleans what a provider sends, so that every database and reader can take it."""

import re

_SUSPECT = re.compile("[\0\ud800-\udfff]")


class Cleaner:
    """Clean the deltas of one stream: NUL dropped, surrogate halves joined, lone ones replaced.

    However a text is cut into deltas, the joined answers are the same.
    """

    def __init__(self) -> None:
        self._half = ""  # a first half at the end of the last delta; its second may begin the next

    def feed(self, text: str) -> str:
        """Return what of this delta is clean text by now; it may be empty."""
        if not self._half and not _SUSPECT.search(text):
            return text
        text = self._half + text.replace("\0", "")
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        whole = text.removesuffix(self._half) if self._half else text
        # UTF-16 joins the pairs by itself; what is left alone becomes U+FFFD.
        return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def close(self) -> str:
        """Return what was held back, now that nothing can complete it. Doing it twice is harmless."""
        half, self._half = self._half, ""
        return "\ufffd" if half else ""
