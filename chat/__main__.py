"""`python -m chat …`: one door to the server's own commands, and to those of whoever talks to a server."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from chat.terminal import commands as terminal

Run = Callable[[argparse.Namespace], int]

ABOUT = """\
Talk to a Headwater server from the terminal:
  ask       put a question, and read the answer as it comes
  follow    watch a conversation live
  stop      stop an answer
  export    write a conversation as Markdown or JSON
  ls        list your conversations
  login     remember a server and a token

For whoever runs the server:
  doctor    look at everything the server needs, and say what to do
  migrate   bring the database's tables up to date
  admin     make somebody an admin, with an account if they have none

`python -m chat <command> --help` says more. The server itself starts with: gunicorn app:app"""
KNOWN = "`python -m chat --help` lists what there is; for the server, `python -m chat doctor` and `migrate`."


class Sentences(argparse.ArgumentParser):
    """A parser that answers what it does not know in a sentence."""

    def error(self, message: str) -> NoReturn:
        words = message.removeprefix("argument command: ").rstrip(".")
        print(f"That was not understood: {words}. {KNOWN}", file=sys.stderr)
        raise SystemExit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; give the exit status."""
    parser = Sentences(
        prog="python -m chat",
        usage="python -m chat <command> …",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(prog="python -m chat", metavar="command", help=argparse.SUPPRESS)
    terminal.add_to(commands)
    _add_upkeep(commands)
    asked = parser.parse_args(arguments)
    run: Run | None = getattr(asked, "run", None)
    if run is None:
        parser.print_help()
        return 2
    return run(asked)


def _add_upkeep(commands: "argparse._SubParsersAction[Sentences]") -> None:
    """Add the server's own commands; only they load the server, patched as it is itself."""

    def doctor(asked: argparse.Namespace) -> int:
        from chat import upkeep

        return upkeep.examine(as_json=asked.json, ask=asked.ask)

    def migrate(asked: argparse.Namespace) -> int:
        from chat import upkeep

        return upkeep.migrate()

    def admin(asked: argparse.Namespace) -> int:
        from chat import upkeep

        return upkeep.admin(asked)

    looks = commands.add_parser("doctor", help="look at everything the server needs, and say what to do")
    looks.add_argument("--json", action="store_true", help="for programs")
    looks.add_argument("--ask", action="store_true", help="put a question to the model; may cost a little")
    looks.set_defaults(run=doctor)
    commands.add_parser("migrate", help="bring the database's tables up to date").set_defaults(run=migrate)
    names = commands.add_parser("admin", help="make somebody an admin, with an account if they have none")
    names.add_argument("login", help="what they log in with")
    names.add_argument("--existing", action="store_true", help="the account that is there already is meant")
    names.add_argument("--revoke", action="store_true", help="let them be no admin any more")
    names.add_argument("--password-stdin", action="store_true", help="read a new account's password there")
    names.set_defaults(run=admin)


if __name__ == "__main__":
    raise SystemExit(main())
