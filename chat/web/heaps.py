"""JSON that is all brackets and names: refused before it is parsed, for that would hold up everybody."""

from chat.web.errors import Invalid

# More than any conversation of 16 MiB has that people and models wrote; as many are read in half a second.
MOST_THINGS = 200_000  # lists and objects
MOST_STRINGS = 750_000  # names of fields included


def refuse_heaps(text: str) -> None:
    """Count what JSON holds, outside its strings, without reading it. Raises Invalid when it is too much.

    Of 16 MiB that takes a tenth of a second at most; to parse as much of brackets alone took six.
    """
    if len(text) <= MOST_THINGS:
        return
    bare = text.replace("\\\\", "").replace('\\"', "")  # every quote that is left begins or ends a string
    if bare.count('"') > 2 * MOST_STRINGS:
        raise Invalid(f"The body holds more than {MOST_STRINGS} names and texts.")
    outside = "".join(bare.split('"')[::2])
    if outside.count("[") + outside.count("{") > MOST_THINGS:
        raise Invalid(f"The body holds more than {MOST_THINGS} lists and objects.")
