"""The commands of whoever runs the server. To import this room is to run as the server does: patched."""

__import__("gevent.monkey").monkey.patch_all()
# ruff: noqa: E402  what is imported later must cooperate

import argparse
import dataclasses
import json
import sys


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


def admin(asked: argparse.Namespace) -> int:
    """Make somebody an admin, or none; 1, with the reason, when that cannot be done."""
    from chat import admins

    return admins.run(
        asked.login,
        revoke=asked.revoke,
        existing=asked.existing,
        password_stdin=asked.password_stdin,
    )
