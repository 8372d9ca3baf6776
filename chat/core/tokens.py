"""How many tokens a text takes, about: no model is asked, and none should be told more than it can hold."""

LETTERS, TOKENS = 7, 2  # of plain English seven letters are less than two tokens, of code about that


def tokens_of(text: str) -> int:
    """Guess the tokens of a text, rather too many than too few.

    A sign beyond ASCII counts half a token a byte: one and a half for a Chinese one, one for an umlaut.
    """
    size = len(text) if text.isascii() else len(text.encode(errors="replace"))
    plain = size if size == len(text) else len(text.encode("ascii", "ignore"))
    return -(-plain * TOKENS // LETTERS) + -(-(size - plain) // 2)
