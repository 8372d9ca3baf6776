"""The doctor: looks at everything Headwater needs, and says how it stands and what to do. Changes nothing."""

import os
from collections.abc import Iterator, Mapping

from chat.config import Settings, SettingsError, load
from chat.doctor import embeddings, machine, model, on_postgres, on_redis, on_sqlite, said
from chat.doctor.finding import Finding, Verdict, wrong

MARKS = {Verdict.OK: "ok     ", Verdict.WARNING: "warning", Verdict.WRONG: "wrong  "}


def examine(*, ask: bool, environment: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Look at one thing after the other. `ask`: also put a question to the model, which may cost a little."""
    environment = os.environ if environment is None else environment
    try:
        settings = load()
    except SettingsError as error:
        for line in str(error).splitlines():
            yield wrong(
                "settings", line.removeprefix("Headwater cannot start: "), "Correct it, and ask again."
            )
        return
    yield from said.settings(settings, environment)
    yield from _database(settings, environment)
    if settings.redis_url:
        yield from on_redis.examine(settings.redis_url)
    yield from model.examine(settings, ask=ask)
    yield from embeddings.examine(settings)
    yield from machine.examine(settings, environment)


def _database(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    if settings.on_sqlite:
        yield from on_sqlite.examine(settings.sqlite_path, settings.database_url, environment)
    else:
        yield from on_postgres.examine(settings)


def line_of(finding: Finding) -> str:
    """Write a finding as a line for people."""
    todo = f"\n         → {finding.todo}" if finding.todo else ""
    return f"{MARKS[finding.verdict]}  {finding.what}: {finding.says}{todo}"


def is_well(findings: list[Finding]) -> bool:
    """Say whether nothing is wrong; warnings do not count."""
    return all(finding.verdict is not Verdict.WRONG for finding in findings)
