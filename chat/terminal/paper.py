"""Where answers are written: bytes to a pipe as they are, text to a screen without what could command it."""

import os
import sys
from typing import BinaryIO

# A model may be talked into writing escape sequences: they set titles, fill the clipboard, hide lines.
_COMMANDS = dict.fromkeys([*(set(range(0x20)) - {0x09, 0x0A}), *range(0x7F, 0xA0)])


class Paper:
    """One of the standard outputs, in UTF-8 whatever the locale."""

    def __init__(self, out: BinaryIO, *, is_screen: bool) -> None:
        self.is_screen = is_screen
        self._out = out
        self._open_line = False

    def write(self, text: str) -> None:
        """Write at once. A reader that has left raises BrokenPipeError."""
        shown = harmless(text) if self.is_screen else text
        if shown:
            self._open_line = not shown.endswith("\n")
            self._out.write(shown.encode("utf-8", "replace"))
            self._out.flush()

    def end_line(self) -> None:
        """Begin a new line, unless one has just begun."""
        if self._open_line:
            self.write("\n")

    def line(self, text: str = "") -> None:
        self.end_line()
        self.write(text + "\n")

    def bold(self, text: str) -> None:
        """Write a line that stands out, where there is a screen."""
        self.end_line()
        self._out.write(b"\x1b[1m" if self.is_screen else b"")
        self.write(text)
        self._out.write(b"\x1b[0m" if self.is_screen else b"")
        self.write("\n")


def harmless(text: str) -> str:
    """Take out the control characters, but for tabs and line ends."""
    return text.translate(_COMMANDS)


def stdout() -> Paper:
    return Paper(sys.stdout.buffer, is_screen=sys.stdout.isatty())


def stderr() -> Paper:
    return Paper(sys.stderr.buffer, is_screen=sys.stderr.isatty())


def drop_stdout() -> None:
    """After a broken pipe: let Python's last flush at the end find somebody who takes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
