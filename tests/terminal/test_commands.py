"""The other commands, the door to all of them, and how each says what went wrong."""

import json
import resource
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.person import Person
from tests.server import ROOT, RealServer
from tests.server_promises.waiting import until_status
from tests.terminal.calling import Terminal

LOADED = """
import sys
from chat import __main__
from chat.terminal import asking, ctrl_c, ending, listing, login, watching
print(" ".join(name for name in sys.modules))
"""


def test_the_terminal_loads_nothing_of_the_server() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "msgspec" in loaded
    assert not loaded & {
        "flask",
        "werkzeug",
        "sqlalchemy",
        "gevent",
        "openai",
        "pydantic",
        "httpx2",
        "structlog",
    }


def test_it_starts_at_once(terminal: Terminal) -> None:
    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert terminal.run("--help").status == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # The processor's time: on a busy machine a start takes as long as it takes.
    assert min(once() for _ in range(5)) < 0.6  # 0.1 s where nothing else runs


def test_the_newest_conversation_comes_first(terminal: Terminal, person: Person) -> None:
    made = [person.converse(title=f"Title {number}\n") for number in range(3)]
    person.ask(conversation=made[0])
    lines = terminal.run("ls").out.splitlines()
    assert [line.split()[0] for line in lines] == [made[0], made[2], made[1]]
    assert lines[0].endswith("Title 0")
    assert terminal.run("ls", "-n", "2").out.splitlines() == lines[:2]
    assert [one["id"] for one in json.loads(terminal.run("ls", "--json").out)] == [made[0], made[2], made[1]]


@pytest.mark.parametrize("number", ["0", "-1", "x", "٣"])
def test_a_number_is_a_number(terminal: Terminal, number: str) -> None:
    done = terminal.run("ls", "-n", number)
    assert (done.status, done.out) == (2, "")
    assert "Traceback" not in done.err


def test_an_answer_is_stopped_by_its_stream_or_its_conversation(terminal: Terminal, person: Person) -> None:
    for name in ("stream_id", "conversation_id"):
        asked = person.ask(model="stall")
        person.drive(asked.stream_id).close()
        assert terminal.run("stop", getattr(asked, name)).status == 0
        until_status(person, asked.stream_id, "stopped")
    again = terminal.run("stop", asked.stream_id)
    assert (again.status, again.err) == (0, "It has ended already: stopped.\n")
    assert terminal.run("stop", asked.conversation_id).err == "Nothing is being written there.\n"
    assert terminal.run("stop", "nobody-knows-this").status == 1


def test_a_conversation_is_taken_along(terminal: Terminal, person: Person) -> None:
    asked = person.ask("What is a *stream*?", person.converse(title="Rivers"), model="any;text=A log.")
    person.drive(asked.stream_id).read_all()
    markdown = terminal.run("export", asked.conversation_id)
    assert markdown.status == 0, markdown.err
    assert all(part in markdown.out for part in ("Rivers", "What is a *stream*?", "A log."))
    assert "A log." in terminal.run("export", "-f", "json", asked.conversation_id).out
    assert json.loads(terminal.run("export", "-f", "json", asked.conversation_id).out)
    assert terminal.run("export", asked.conversation_id, "-o", "rivers.md").status == 0
    assert (terminal.home / "rivers.md").read_text() == markdown.out
    assert "is there already" in terminal.run("export", asked.conversation_id, "-o", "rivers.md").err


def test_a_token_is_kept_for_its_own_server_and_its_owners_eyes(
    person: Person, server: RealServer, tmp_path: Path
) -> None:
    visitor = Terminal(tmp_path, server.url, None)
    assert "python -m chat login" in visitor.run("ls").err
    assert visitor.run("login", stdin="made-up\n").status == 1
    assert visitor.run("login", stdin="two words\n").status == 1
    done = visitor.run("login", stdin=f"{person.token}\n")
    assert done.status == 0
    assert person.token not in done.out + done.err
    file = tmp_path / ".config/headwater/terminal.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    del visitor.environment["HEADWATER_URL"]  # it is the usual one from now on
    assert visitor.run("ls").status == 0
    other = visitor.run("ls", "--server", server.url.replace("127.0.0.1", "localhost"))
    assert "who you are" in other.err  # another server, for all we know
    assert visitor.run("logout").status == 0
    assert person.token not in file.read_text()


def test_where_the_door_is_open_one_may_become_somebody(server: RealServer, tmp_path: Path) -> None:
    visitor = Terminal(tmp_path, server.url, None)
    assert visitor.run("login", "--new", "Grace").status == 0
    assert (visitor.run("ls").status, visitor.run("ls").out) == (0, "")


@pytest.mark.parametrize(
    "address",
    [
        "chat.example",
        "http://",
        "ftp://chat.example",
        "http://ada:secret@chat.example",
        "http://127.0.0.1:99999",
    ],
)
def test_what_is_no_address_is_said_in_a_sentence(tmp_path: Path, address: str) -> None:
    done = Terminal(tmp_path, address, "token").run("ls")
    assert (done.status, done.out) == (1, "")
    assert "no address of a server" in done.err
    assert len(done.err.splitlines()) == 1


def test_that_nobody_answers_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as held:  # nobody listens on this port, and nobody else is given it
        held.bind(("127.0.0.1", 0))
        done = Terminal(tmp_path, f"http://127.0.0.1:{held.getsockname()[1]}", "token").run("ls")
    assert (done.status, done.out) == (1, "")
    assert "No server answers" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_token_that_opens_nothing(server: RealServer, tmp_path: Path) -> None:
    done = Terminal(tmp_path, server.url, "made-up").run("ask", "Anybody?")
    assert done.status == 1
    assert "does not know this token" in done.err


@pytest.mark.parametrize(
    "arguments", [["ask", "x", "--loud"], ["follow"], ["ask", "-c", "--conversation", "x"]]
)
def test_what_is_not_understood_is_answered_in_a_sentence(terminal: Terminal, arguments: list[str]) -> None:
    done = terminal.run(*arguments)
    assert done.status == 2
    assert "python -m chat --help" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", ["ask", "follow", "stop", "export", "ls", "login", "logout"])
def test_each_command_says_what_it_does(terminal: Terminal, command: str) -> None:
    done = terminal.run(command, "--help")
    assert done.status == 0
    assert done.out.startswith(f"usage: python -m chat {command}")
