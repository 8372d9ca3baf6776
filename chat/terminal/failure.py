"""What a command ends with when it cannot do what was asked: a sentence and an exit status."""


class Failure(Exception):
    """The command ends here, with these words on stderr."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status
