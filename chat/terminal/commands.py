"""The commands of the terminal, and what each may be told; a room is opened when its command is called."""

import argparse
import importlib
from collections.abc import Callable
from typing import Any

Commands = Any  # what `add_subparsers` gives; its type is not public

ASK = """\
  python -m chat ask "What is a headwater?"
  cat error.log | python -m chat ask "What went wrong here?"
  python -m chat ask -c "And how do I mend it?"

What is piped in comes before the question; alone it is the question. On a screen the answer comes token by
token; into a pipe as it is stored, some moments later, so that nothing that was written has to be taken back.
Ctrl-C stops the answer on the server, a second one just leaves. Exit status: 0 when the answer came whole,
1 when it failed or was stopped, 2 when the command was not understood, 130 after Ctrl-C."""
SERVER = "its address; else HEADWATER_URL, what `login` kept, or http://127.0.0.1:8000"


def add_to(commands: Commands) -> None:
    """Add every command of the terminal to the parser of `python -m chat`."""
    _add_ask(commands)

    follow = _command(commands, "follow", "watching.run", "watch a conversation live, whoever asks in it")
    follow.add_argument("conversation", help="its id; `ls` has them")
    follow.add_argument("--once", action="store_true", help="leave when an answer has ended")
    follow.add_argument("--json", action="store_true", help="each event as a line of JSON")

    stop = _command(commands, "stop", "listing.stop", "stop an answer; what came is kept")
    stop.add_argument("id", help="of the stream, or of the conversation in which it is written")

    export = _command(commands, "export", "listing.export", "write a conversation as Markdown or JSON")
    export.add_argument("conversation", help="its id; `ls` has them")
    export.add_argument("-f", "--format", choices=("markdown", "json"), default="markdown")
    export.add_argument("-o", "--output", metavar="FILE", help="a new file, instead of stdout")

    ls = _command(commands, "ls", "listing.ls", "list your conversations, the newest first")
    ls.add_argument("-n", "--number", type=_count, default=20, metavar="N", help="how many; 20 unless told")
    ls.add_argument("--json", action="store_true", help="for programs")

    login = _command(commands, "login", "login.login", "remember a server and a token, typed or piped")
    login.add_argument("--new", metavar="NAME", help="become somebody new, where the server is open")
    _command(commands, "logout", "login.logout", "forget a server's token")


def _add_ask(commands: Commands) -> None:
    ask = _command(commands, "ask", "asking.run", "put a question, and read the answer as it comes", ASK)
    ask.add_argument("words", nargs="*", metavar="question")
    ask.add_argument("-m", "--model", help="who answers; unset, the conversation's or the server's")
    ask.add_argument("-s", "--system", metavar="TEXT", help="instructions, kept with the conversation")
    where = ask.add_mutually_exclusive_group()
    where.add_argument(
        "-c", "--continue", dest="go_on", action="store_true", help="in the conversation asked last"
    )
    where.add_argument("--conversation", metavar="ID", help="in this one")
    ask.add_argument("--no-stream", action="store_true", help="write the answer when it is whole")
    ask.add_argument("-u", "--usage", action="store_true", help="say on stderr what it took")
    ask.add_argument("--json", action="store_true", help="write the answer as the API has it, at its end")


def _command(
    commands: Commands, name: str, place: str, help: str, more: str | None = None
) -> argparse.ArgumentParser:
    """Add a command that is done by `room.function` of this package."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help, description=help[0].upper() + help[1:] + ".", epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("--server", metavar="URL", help=SERVER)
    parser.set_defaults(run=_opened(place))
    return parser


def _opened(place: str) -> Callable[[argparse.Namespace], int]:
    room, _, function = place.partition(".")

    def run(asked: argparse.Namespace) -> int:
        from chat.terminal import ending

        return ending.of(
            lambda: int(getattr(importlib.import_module(f"chat.terminal.{room}"), function)(asked))
        )

    return run


def _count(written: str) -> int:
    number = int(written[:9]) if written.isascii() and written.isdigit() else 0
    if number == 0:
        raise argparse.ArgumentTypeError("N is a number from 1 on")
    return number
