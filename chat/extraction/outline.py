"""The headings above what is being read, as a reader of marked-up text comes to them."""

from collections.abc import Iterator

from chat.core.documents import Block

LONGEST = 300  # characters of one heading; the rest of it is text
DEEPEST = 9  # levels


class Outline:
    """Knows the headings of the place where a reader is; none is lost where nothing stands below it."""

    def __init__(self) -> None:
        self._path: list[tuple[int, str]] = []
        self._said = True  # something stands below the last heading

    def enter(self, level: int, title: str) -> Iterator[Block]:
        """Come to a heading, level 1 above level 2. Gives the one before as text if it had none below."""
        title = " ".join(title.split())
        if not title:
            return
        level = min(level, DEEPEST)
        if not self._said and self._path and self._path[-1][0] >= level:
            yield self._last_as_text()
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, title[:LONGEST]))
        self._said = False
        if len(title) > LONGEST:
            yield from self.say(title[LONGEST:])

    def pass_by(self, level: int, title: str) -> None:
        """Come to a heading that the text does not have: it is not told of when nothing is below it."""
        for _ in self.enter(level, title[:LONGEST]):
            pass
        self._said = True

    def say(self, text: str) -> Iterator[Block]:
        """Give what stands here as a block; nothing, if it is nothing."""
        if text.strip():
            self._said = True
            yield Block(text.strip("\n"), tuple(title for _, title in self._path))

    def close(self) -> Iterator[Block]:
        """Come to the end."""
        if not self._said:
            yield self._last_as_text()

    def _last_as_text(self) -> Block:
        *above, (_, last) = self._path
        return Block(last, tuple(title for _, title in above))
