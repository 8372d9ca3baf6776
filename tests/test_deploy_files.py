"""The files that platforms read: in step with each other, naming only settings there are, and working."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from chat.config import Settings, variable
from tests.conftest import ServerFactory
from tests.patience import PATIENCE_S
from tests.person import Person
from tests.server import ROOT, free_port
from tests.upstream import Upstream

KNOWN = {variable(field) for field in Settings.model_fields}
OTHERS = {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "PYTHONUNBUFFERED"}
PATHS = {f"{Path(sys.executable).parent}", *os.environ["PATH"].split(":"), "/usr/sbin"}
SERVES = "gunicorn --bind 0.0.0.0:$PORT app:app"
MIGRATES = "python -m chat migrate"


def text(name: str) -> str:
    return (ROOT / name).read_text()


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(text("compose.yaml")))


def instruction(word: str) -> str:
    """Give the last instruction of that name in the Dockerfile."""
    lines = text("Dockerfile").replace("\\\n", " ").splitlines()
    return [line.removeprefix(word).strip() for line in lines if line.startswith(f"{word} ")][-1]


def names_in_deploy_files() -> Iterator[tuple[str, str]]:
    for service in compose()["services"].values():
        yield from (("compose.yaml", name) for name in service.get("environment", {}))
    yield from (("app.json", name) for name in json.loads(text("app.json"))["env"])
    for service in yaml.safe_load(text("render.yaml"))["services"]:
        yield from (("render.yaml", one["key"]) for one in service.get("envVars", []))
    yield from (("fly.toml", name) for name in tomllib.loads(text("fly.toml"))["env"])
    yield from (("Dockerfile", name) for name in re.findall(r"(\w+)=", instruction("ENV")))
    for unit in re.findall(r"^Environment=(\w+)=", text("docs/deploy.md"), re.MULTILINE):
        yield "docs/deploy.md", unit


def test_they_name_only_settings_there_are() -> None:
    named = list(names_in_deploy_files())
    assert len(named) > 20
    assert [(file, name) for file, name in named if name not in KNOWN | OTHERS] == []


def test_all_of_them_start_and_migrate_in_the_same_way() -> None:
    procfile = dict(line.split(": ", 1) for line in text("Procfile").splitlines())
    assert procfile == {"release": MIGRATES, "web": SERVES}
    assert json.loads(instruction("CMD")) == ["sh", "-c", f"exec {SERVES}"]
    assert compose()["services"]["migrate"]["command"] == shlex.split(MIGRATES)
    assert yaml.safe_load(text("render.yaml"))["services"][0]["preDeployCommand"] == MIGRATES
    assert tomllib.loads(text("fly.toml"))["deploy"]["release_command"] == MIGRATES


def test_all_of_them_wait_long_enough_for_an_orderly_leaving() -> None:
    settings = Settings(_env_file=None)
    need = settings.grace_s + settings.drain_s + 3
    fly, instance = tomllib.loads(text("fly.toml")), compose()["services"]["one"]
    assert (fly["kill_signal"], instruction("STOPSIGNAL")) == ("SIGTERM", "SIGTERM")
    assert fly["kill_timeout"] > need
    assert int(instance["stop_grace_period"].removesuffix("s")) > need
    assert yaml.safe_load(text("render.yaml"))["services"][0]["maxShutdownDelaySeconds"] > need


def test_what_an_image_needs_is_not_ignored() -> None:
    ignored = [line for line in text(".dockerignore").splitlines() if line]
    needed = ["app.py", "chat", "migrations", "templates", "static", "gunicorn.conf.py", "requirements.txt"]
    assert not set(ignored) & set(needed)
    assert {".env", ".git", "instance"} <= set(ignored)


def test_the_image_runs_as_somebody_else_than_root() -> None:
    assert int(instruction("USER")) > 0
    assert json.loads(instruction("VOLUME")) == ["/srv/headwater/instance"]


def test_the_images_commands_serve_are_healthy_and_leave(tmp_path: Path) -> None:
    port = free_port()
    environment = {
        "PATH": ":".join(sorted(PATHS, key=lambda path: path != str(Path(sys.executable).parent))),
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{tmp_path}/headwater.sqlite3",
    }
    check = json.loads(instruction("HEALTHCHECK").partition("CMD ")[2])

    def run(command: list[str]) -> int:
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False).returncode

    assert run(check) != 0, "nobody serves yet"
    assert run(shlex.split(MIGRATES)) == 0
    serving = subprocess.Popen(json.loads(instruction("CMD")), cwd=ROOT, env=environment)
    try:
        until = time.monotonic() + PATIENCE_S
        while run(check) != 0:
            assert time.monotonic() < until
            assert serving.poll() is None
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(PATIENCE_S) == 0
    finally:
        serving.kill()


# ── nginx ────────────────────────────────────────────────────────────────────────────────────

NGINX = shutil.which("nginx", path=":".join(PATHS))


class Nginx:
    """A real nginx with our configuration, before two ports of this machine."""

    def __init__(self, folder: Path, one: int, two: int) -> None:
        self.port = free_port()
        ours = text("deploy/nginx.conf").replace("listen 80;", f"listen 127.0.0.1:{self.port};")
        ours = ours.replace("one:8000", f"127.0.0.1:{one}").replace("two:8000", f"127.0.0.1:{two}")
        (folder / "ours.conf").write_text(ours)
        places = "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self.configuration = folder / "nginx.conf"
        self.configuration.write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
            f"http {{ access_log off; {places} include {folder}/ours.conf; }}\n"
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *more: str) -> list[str]:
        assert NGINX is not None
        return [NGINX, "-c", str(self.configuration), *more]


@pytest.mark.skipif(NGINX is None, reason="needs nginx")
def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    nginx = Nginx(tmp_path, 1, 2)
    done = subprocess.run(nginx.command("-t"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(NGINX is None, reason="needs nginx")
def test_behind_nginx_tokens_come_as_they_are_written_and_a_dead_instance_is_passed_over(
    server_factory: ServerFactory, upstream: Upstream, tmp_path: Path
) -> None:
    server = server_factory(CHAT_TRUSTED_PROXIES="1", OPENAI_BASE_URL=upstream.url)
    nginx = Nginx(tmp_path, free_port(), server.port)  # nobody listens at the first
    process = subprocess.Popen(nginx.command())
    try:
        until = time.monotonic() + PATIENCE_S
        while not _answers(nginx.url):
            assert time.monotonic() < until
            time.sleep(0.05)
        answers = [requests.get(f"{nginx.url}/healthz", timeout=PATIENCE_S).status_code for _ in range(6)]
        assert answers == [200] * 6
        assert requests.get(f"{nginx.url}/metrics", timeout=PATIENCE_S).status_code == 404
        people = [Person.sign_in(nginx.url) for _ in range(4)]  # POSTs, too
        person = people[0]
        upstream.hold(20, "held")
        driver = person.drive_events(person.ask(model="held").stream_id)
        first = driver.until("delta")
        assert len(first.data["text"]) <= 20, "it comes while the rest is not even written"
        upstream.let_go("held")
        assert list(driver)[-1].data["status"] == "done"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=2).ok
    except requests.RequestException:
        return False
