"""Why a document cannot be read, in words for whoever added it."""


class Unreadable(Exception):
    """This document has no text that can be had.

    `code` is one of CODES; `cause` says for the log what went wrong inside, where something did.
    """

    def __init__(self, code: str, message: str, cause: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.cause = cause


CODES = {
    "too_large": "it is, or becomes when it is unpacked, larger than allowed",
    "too_many_pages": "it has more pages than allowed",
    "too_long": "it has more text than allowed",
    "encrypted": "it needs a password",
    "no_text": "there is none in it",
    "wrong_kind": "it is not what its name and beginning say",
    "encoding": "nobody knows which characters its bytes are",
    "broken": "it is damaged, or made to do damage",
    "too_slow": "it was not read within the time allowed",
    "crashed": "whoever read it died over it",
}
TOO_BIG = ("too_large", "too_many_pages", "too_long")  # what is larger than somebody allows
