"""`python -m chat ask`: the answer's bytes on stdout, the truth in the exit status."""

import json
from pathlib import Path

import pytest

from tests.browser.cable import Cable
from tests.person import Person
from tests.scripted import PROSE, Script
from tests.server import RealServer
from tests.server_promises.waiting import until, until_status
from tests.terminal.calling import Terminal
from tests.terminal.conftest import Hold
from tests.upstream import Upstream

LONG = "any;tokens=240"  # PROSE three times, as far as a test lets it


def answer_in(person: Person, number: int = -1) -> dict[str, object]:
    """Read the newest answer of somebody's newest conversation."""
    newest = person.get("/api/conversations")["items"][0]["id"]
    found = person.get(f"/api/conversations/{newest}/messages")["items"][number]
    return dict(found)


def written(answer: dict[str, object]) -> str:
    """Say how an answer stands on paper: as it is, with a line end."""
    text = str(answer["text"])
    return text if text.endswith("\n") else text + "\n"


def asked_with(upstream: Upstream, words: str) -> list[dict[str, str]]:
    """Give the messages of the one question at the provider that holds these words."""
    seen = [one.messages for one in upstream.log if words in one.messages[-1]["content"]]
    assert len(seen) == 1
    return seen[0]


def test_the_answer_is_written_down_as_it_is(terminal: Terminal, person: Person) -> None:
    done = terminal.run("ask", "What", "is a stream?")
    assert (done.status, done.out, done.err) == (0, PROSE, "")
    assert answer_in(person, 0)["text"] == "What is a stream?"


def test_an_answer_without_a_line_end_is_given_one(terminal: Terminal) -> None:
    assert terminal.run("ask", "-m", "any;text=brief", "Say it.").out == "brief\n"


def test_what_is_piped_in_comes_before_the_question(terminal: Terminal, standing_upstream: Upstream) -> None:
    assert terminal.run("ask", "explain 4711", stdin="a: naïve\n日本\n").status == 0
    assert asked_with(standing_upstream, "explain 4711")[-1]["content"] == "a: naïve\n日本\n\nexplain 4711"


def test_what_is_piped_in_alone_is_the_question(terminal: Terminal, person: Person) -> None:
    assert terminal.run("ask", stdin="Only this.\n").status == 0
    assert answer_in(person, 0)["text"] == "Only this."


def test_without_any_question_it_says_how(terminal: Terminal) -> None:
    done = terminal.run("ask", stdin=" \n")
    assert (done.status, done.out) == (2, "")
    assert "python -m chat ask" in done.err


def test_model_and_instructions_reach_the_model(
    terminal: Terminal, person: Person, standing_upstream: Upstream
) -> None:
    terminal.run("ask", "-m", "any;text=arr", "-s", "You are a pirate.", "Who goes there, 4712?")
    system, question = asked_with(standing_upstream, "Who goes there, 4712?")
    assert (system["role"], question["role"]) == ("system", "user")
    assert "You are a pirate." in system["content"]
    assert answer_in(person)["model"] == "any;text=arr"


def test_continuing_goes_on_in_the_conversation_asked_last(terminal: Terminal, person: Person) -> None:
    assert "nothing to continue" in terminal.run("ask", "-c", "And then?").err
    terminal.run("ask", "-m", "any;text=first", "One?")
    terminal.run("ask", "--continue", "-m", "any;text=second", "Two?")
    assert len(person.get("/api/conversations")["items"]) == 1
    newest = person.get("/api/conversations")["items"][0]["id"]
    texts = [one["text"] for one in person.get(f"/api/conversations/{newest}/messages")["items"]]
    assert texts == ["One?", "first", "Two?", "second"]
    terminal.run("ask", "--conversation", newest, "Three?")
    assert len(person.get(f"/api/conversations/{newest}/messages")["items"]) == 6


def test_somebody_else_at_the_same_machine_continues_their_own(
    terminal: Terminal, server: RealServer, tmp_path: Path
) -> None:
    terminal.run("ask", "One?")
    other = Terminal.of(Person.sign_in(server.url, "Ben"), tmp_path)
    assert "nothing to continue" in other.run("ask", "-c", "Two?").err


def test_for_programs_it_is_the_message_of_the_api(terminal: Terminal, person: Person) -> None:
    done = terminal.run("ask", "--json", "What is a stream?")
    assert done.status == 0
    assert json.loads(done.out) == answer_in(person)
    failed = terminal.run("ask", "--json", "-m", "cut", "What is a stream?")
    assert (failed.status, json.loads(failed.out)["status"]) == (1, "error")


def test_it_may_come_whole_at_the_end_and_say_what_it_took(terminal: Terminal) -> None:
    done = terminal.run("ask", "--no-stream", "-u", "-m", "any;text=all at once", "Now?")
    assert (done.status, done.out) == (0, "all at once\n")
    assert "11 tokens in, 3 out" in done.err


@pytest.mark.parametrize("model", ["cut", "unauthorized", "html"])
def test_an_answer_that_failed_is_no_success(terminal: Terminal, person: Person, model: str) -> None:
    done = terminal.run("ask", "-m", model, "What is a stream?")
    stored = answer_in(person)
    assert (done.status, stored["status"]) == (1, "error")
    assert done.out.strip() == stored["text"].strip()
    assert done.err == stored["error"]["message"] + "\n"


def test_an_answer_that_somebody_stops_is_no_success(terminal: Terminal, person: Person, hold: Hold) -> None:
    hold(60, LONG)
    with terminal.start("ask", "-m", LONG, "What is a stream?") as running:
        running.until("reader")
        person.stop(str(answer_in(person)["stream_id"]))
        done = running.finish()
    assert (done.status, done.err) == (1, "The answer was stopped.\n")
    assert done.out == written(answer_in(person))


def test_ctrl_c_stops_the_answer_on_the_server(terminal: Terminal, person: Person, hold: Hold) -> None:
    hold(60, LONG)
    with terminal.start("ask", "-m", LONG, "What is a stream?") as running:
        running.until("reader")
        running.press_ctrl_c()
        done = running.finish()
    assert done.status == 130
    stored = answer_in(person)
    assert stored["status"] == "stopped"
    assert done.out == written(stored)


def test_ctrl_c_stops_it_before_the_first_token_too(terminal: Terminal, person: Person) -> None:
    with terminal.start("ask", "-m", "silent", "Anybody there?") as running:
        until(lambda: person.get("/api/conversations")["items"])
        running.press_ctrl_c()
        assert running.finish().status == 130
    assert answer_in(person)["status"] == "stopped"


def test_a_second_ctrl_c_just_leaves(
    terminal: Terminal, person: Person, server: RealServer, hold: Hold
) -> None:
    hold(60, LONG)
    with (
        Cable(server.port) as cable,
        Terminal.of(person, terminal.home, cable.url).start("ask", "-m", LONG, "Live?") as running,
    ):
        running.until("reader")
        cable.pull()
        running.press_ctrl_c()
        running.until_said("Ctrl-C again")
        running.press_ctrl_c()
        assert running.finish().status == 130
    assert answer_in(person)["status"] == "streaming"
    person.stop(str(answer_in(person)["stream_id"]))


def test_a_cut_line_neither_loses_nor_doubles_a_byte(
    terminal: Terminal, person: Person, server: RealServer, hold: Hold
) -> None:
    hold(60, LONG)
    with (
        Cable(server.port) as cable,
        Terminal.of(person, terminal.home, cable.url).start("ask", "-m", LONG, "Live?") as running,
    ):
        for seen, then in (("reader", 140), ("watches", 220), ("breaks", None)):
            running.until(seen)
            cable.pull()
            hold(then, LONG)  # which is said while nobody hears it
            cable.plug_in()
        done = running.finish()
    assert (done.status, done.out) == (0, written(answer_in(person)))


def test_on_a_screen_every_token_comes_once_too(
    terminal: Terminal, person: Person, server: RealServer, hold: Hold
) -> None:
    hold(60, LONG)
    with (
        Cable(server.port) as cable,
        Terminal.of(person, terminal.home, cable.url).start_on_screen(
            "ask", "-m", LONG, "What is a stream?"
        ) as running,
    ):
        for seen, then in (("reader", 140), ("watches", None)):
            running.until(seen)
            cable.pull()
            hold(then, LONG)
            cable.plug_in()
        done = running.finish()
    shown = done.out.replace("\r\n", "\n")
    assert (done.status, shown) == (0, written(answer_in(person)))


def test_a_screen_takes_no_orders_from_a_model(terminal: Terminal, standing_upstream: Upstream) -> None:
    text = "a\x1b]0;owned\x07\x1b[2Jdone\x9b1mb"
    standing_upstream.scripts["orders"] = Script(text=text)
    with terminal.start_on_screen("ask", "-m", "orders", "Now?") as running:
        done = running.finish()
    assert done.out == "a]0;owned[2Jdone1mb\r\n"
    assert terminal.run("ask", "-m", "orders", "Now?").out == f"{text}\n"


def test_a_reader_who_has_seen_enough_hurts_nobody(terminal: Terminal, person: Person, hold: Hold) -> None:
    hold(60, LONG)
    with terminal.start("ask", "-m", LONG, "hello") as running:
        assert running.until(PROSE[:9]).startswith(PROSE[:9])
        running.leave()  # as `head -c 9` does
        hold(None, LONG)
        assert running.end() == (141, "")
    until_status(person, str(answer_in(person)["stream_id"]), "done")


def test_a_refused_question_leaves_no_empty_conversation(terminal: Terminal, person: Person) -> None:
    done = terminal.run("ask", stdin="x" * 70_000)
    assert (done.status, done.out) == (1, "")
    assert "longer than" in done.err
    assert person.get("/api/conversations")["items"] == []


def test_one_answer_at_a_time_and_how_to_end_it(terminal: Terminal, person: Person) -> None:
    asked = person.ask(model="stall")
    person.drive(asked.stream_id).close()
    done = terminal.run("ask", "--conversation", asked.conversation_id, "And?")
    assert done.status == 1
    assert f"python -m chat stop {asked.stream_id}" in done.err
    assert terminal.run("stop", asked.stream_id).status == 0
    until_status(person, asked.stream_id, "stopped")


def test_on_a_screen_what_the_answer_rests_on_is_named_below_it(
    terminal: Terminal, person: Person, standing_upstream: Upstream
) -> None:
    lease = b"# Ending\n\nEither party may end the lease with a notice of thirty days.\n"
    added = person.call("POST", "/api/documents", params={"name": "lease.md"}, data=lease).json()
    until(lambda: person.get(f"/api/documents/{added['id']}")["status"] == "ready")
    standing_upstream.scripts["cites"] = Script(text="With thirty days [1].")
    question = ("ask", "-m", "cites", "How may the lease end?")
    with terminal.start_on_screen(*question) as running:
        shown = running.finish().out.replace("\r\n", "\n")
    assert shown == "With thirty days [1].\n\nSources:\n[1] lease.md, Ending\n"
    piped = terminal.run(*question)
    assert (piped.out, piped.err) == ("With thirty days [1].\n", "")
