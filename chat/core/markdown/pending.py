"""Where on the last line something has begun that becomes bold, code, a link or a formula if it closes."""

import re

from chat.core.markdown.math import PRICE

# How far (characters) a page may lag behind for it: about a link's length. What is longer is shown as it
# is written, and shown anew when it closes.
PATIENCE = 160

# Tried in this order at each place of the line; what has no name is over and done with. A construct is
# recognised within PATIENCE only, so that no line takes more than time in proportion to its length.
# Whatever the character after it may still change is open at the line's end: so what is held back never
# grows to the left, and a page never takes anything back.
CONSTRUCTS = re.compile(
    rf"""
      [^\\`\[<*_~&$]+                                                   # plain text
    | \\\((?:[^\\]|\\[^()\[\]]){{1,{PATIENCE}}}?\\\)                    # a formula
    | \\\[(?:[^\\]|\\[^()\[\]]){{1,{PATIENCE}}}?\\\](?=.)
    | \\[^\s(\[]                                                       # an escaped character
    | \$\$(?!\$)(?:\\.|[^$\\]|\$(?!\$)){{1,{PATIENCE}}}?\$\$(?=[^$])
    | \$(?=[^\s$])(?:\\.|[^$\\]){{1,{PATIENCE}}}?(?<!\s)\$(?=[^A-Za-z0-9$])
    | \$(?={PRICE}) | (?<=[A-Za-z0-9])\$+ | \$+(?=\s)                   # money
    | (?P<ticks>`+)(?!`) .{{1,{PATIENCE}}}? (?<!`)(?P=ticks)(?=[^`])     # code
    | \[[^\[\]]{{0,{PATIENCE}}}\]\([^()\s]{{0,{PATIENCE}}}\)            # a link
    | \[[^\[\]]{{0,{PATIENCE}}}\](?=[^(])                              # brackets of no meaning
    | <[^\s<>]{{1,{PATIENCE}}}>                                         # an address
    | (?P<stars>\*+)(?=\w) [^*]{{1,{PATIENCE}}}? (?<=[^\s*])(?P=stars)(?=[^*])
    | (?P<lines>(?<!\w)_+)(?=\S) [^_]{{1,{PATIENCE}}}? (?<=[^\s_])(?P=lines)(?=[^_])
    | (?P<waves>~~?)(?=[^\s~]) [^~]{{1,{PATIENCE}}}? (?<=[^\s~])(?P=waves)(?=[^~])
    | (?P<open>
          `+ | \\$ | \\[(\[] | \[ | \$+
        | \*+(?=\w|$) | (?<!\w)\*+(?=\S) | (?<!\w)_+(?=\S|$) | ~~?(?=\S|$)
        | <(?=[A-Za-z][^\s<>]*$) | <$ | &(?=\#?\w*$)
      )
    """,
    re.VERBOSE,
)


def pending(line: str) -> int | None:
    """Give the place of the first construct on the line that may still close; None when there is none.

    A wrong guess costs little: a piece of text is shown a little later, or once more when it has closed.
    """
    for construct in CONSTRUCTS.finditer(line):
        if construct["open"] and construct.start() >= len(line) - PATIENCE:
            return construct.start()
    return None
