"""`python -m chat doctor` and `python -m chat migrate`: for whoever runs the server."""

__import__("gevent.monkey").monkey.patch_all()  # as the server is: the same code runs the same way
# ruff: noqa: E402  what is imported later must cooperate

import argparse
import dataclasses
import json
import sys
from typing import NoReturn

KNOWN = "There are `python -m chat doctor` and `python -m chat migrate`."
ABOUT = "For whoever runs Headwater. The server itself starts with: gunicorn app:app"


class Sentences(argparse.ArgumentParser):
    """A parser that answers what it does not know in a sentence."""

    def error(self, message: str) -> NoReturn:
        words = message.removeprefix("argument doctor | migrate: ").rstrip(".")
        print(f"That was not understood: {words}. {KNOWN}", file=sys.stderr)
        raise SystemExit(2)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; give the exit status."""
    parser = Sentences(prog="python -m chat", description=ABOUT, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", metavar="doctor | migrate")
    doctor = commands.add_parser("doctor", help="look at everything the server needs, and say what to do")
    doctor.add_argument("--json", action="store_true", help="for programs")
    doctor.add_argument("--ask", action="store_true", help="put a question to the model; may cost a little")
    commands.add_parser("migrate", help="bring the database's tables up to date")
    asked = parser.parse_args(arguments)
    if asked.command == "doctor":
        return examine(as_json=asked.json, ask=asked.ask)
    if asked.command == "migrate":
        return migrate()
    parser.print_help()
    return 2


def examine(*, as_json: bool, ask: bool) -> int:
    """Print what the doctor finds, each line as soon as it is known; 1 when something is wrong."""
    from chat.doctor import examine as look
    from chat.doctor import is_well, line_of

    findings = []
    for finding in look(ask=ask):
        findings.append(finding)
        if not as_json:
            print(line_of(finding), flush=True)
    if as_json:
        told = {"well": is_well(findings), "findings": [dataclasses.asdict(finding) for finding in findings]}
        print(json.dumps(told, ensure_ascii=False, indent=2))
    return 0 if is_well(findings) else 1


def migrate() -> int:
    """Bring the tables up to date and say so; 1, with the reason, when that cannot be done."""
    from chat.config import SettingsError, load_or_leave
    from chat.web import database

    try:
        print(database.migrate(load_or_leave()))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
