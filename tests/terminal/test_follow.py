"""`python -m chat follow`: a viewer in the terminal, who sees what others ask, live, each byte once."""

import json
from pathlib import Path

from tests.browser.cable import Cable
from tests.person import Asked, Person
from tests.server import RealServer
from tests.server_promises.waiting import until, until_status
from tests.terminal.calling import Terminal
from tests.terminal.conftest import Hold

LONG = "any;tokens=240"  # PROSE three times, as far as a test lets it
SHORT = "any;tokens=60"


def test_a_question_of_somebody_else_is_seen_live(terminal: Terminal, person: Person, hold: Hold) -> None:
    conversation = person.converse()
    hold(60, LONG)
    with terminal.start("follow", conversation) as running:
        asked = person.ask("What is a stream?", conversation, model=LONG)
        running.until("Ada:\nWhat is a stream?")
        person.drive(asked.stream_id).close()
        running.until("a reader")
        assert person.state(asked.stream_id)["status"] == "streaming"
        hold(None, LONG)
        until_status(person, asked.stream_id, "done")
        text = person.state(asked.stream_id)["text"]
        running.until(text[-200:])
        assert running.out.decode() == f"Ada:\nWhat is a stream?\n\n{LONG}:\n{text}"
        running.press_ctrl_c()
        assert running.finish().status == 130


def test_it_leaves_with_the_answer_when_told_to(terminal: Terminal, person: Person, hold: Hold) -> None:
    hold(0, SHORT)
    asked = person.ask(model=SHORT)
    with terminal.start("follow", "--once", asked.conversation_id) as running:
        running.until(f"What is a stream?\n\n{SHORT}:")
        person.drive(asked.stream_id).close()
        hold(None, SHORT)
        assert running.finish().status == 0
    hold(0, "cut")
    cut = person.ask("And now?", asked.conversation_id, model="cut")
    with terminal.start("follow", "--once", asked.conversation_id) as running:
        running.until("And now?\n\ncut:")
        person.drive(cut.stream_id).close()
        hold(None, "cut")
        done = running.finish()
    assert (done.status, "[error: The connection to the model" in done.out) == (1, True)


def test_what_is_thought_before_an_answer_is_not_written_into_it(
    terminal: Terminal, person: Person, hold: Hold
) -> None:
    hold(20, "reasoning")
    asked = person.ask(model="reasoning")
    with terminal.start("follow", "--once", asked.conversation_id) as running:
        running.until("What is a stream?\n\nreasoning:")
        person.drive(asked.stream_id).close()
        until(lambda: thought_before(person, asked).startswith("First I think"))
        hold(None, "reasoning")
        done = running.finish()
    assert done.status == 0
    assert done.out == f"Ada:\nWhat is a stream?\n\nreasoning:\n{person.state(asked.stream_id)['text']}"


def thought_before(person: Person, asked: Asked) -> str:
    """Give what is stored of the thought before an answer; nothing while there is none."""
    message = person.get(f"/api/conversations/{asked.conversation_id}/messages")["items"][-1]
    stream_id = message["reasoning_stream_id"]
    return str(person.state(stream_id)["text"]) if stream_id else ""


def test_a_cut_line_neither_loses_nor_doubles_a_byte(
    terminal: Terminal, person: Person, server: RealServer, hold: Hold
) -> None:
    hold(60, LONG)
    asked = person.ask(model=LONG)
    person.drive(asked.stream_id).close()
    with (
        Cable(server.port) as cable,
        Terminal.of(person, terminal.home, cable.url).start(
            "follow", "--once", asked.conversation_id
        ) as running,
    ):
        for seen, then in (("reader", 140), ("watches", None)):
            running.until(seen)
            cable.pull()
            hold(then, LONG)  # which is said while nobody hears it
            cable.plug_in()
        done = running.finish()
    text = person.state(asked.stream_id)["text"]
    assert (done.status, done.out) == (0, f"Ada:\nWhat is a stream?\n\n{LONG}:\n{text}")


def test_programs_get_each_event_as_a_line(terminal: Terminal, person: Person, hold: Hold) -> None:
    hold(0, SHORT)
    asked = person.ask(model=SHORT)
    with terminal.start("follow", "--once", "--json", asked.conversation_id) as running:
        running.until(asked.reply_id)
        person.drive(asked.stream_id).close()
        hold(None, SHORT)
        done = running.finish()
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [one["event"] for one in events[:3]] == ["state", "conversation", "message"]
    assert events[-1]["data"]["status"] == "done"
    chunks = [one["data"]["text"] for one in events if one["event"] == "chunk"]
    assert "".join(chunks) == person.state(asked.stream_id)["text"]
    assert "ping" not in {one["event"] for one in events}


def test_somebody_else_may_look_on_with_a_link_and_sees_when_it_is_taken_back(
    person: Person, server: RealServer, tmp_path: Path
) -> None:
    asked = person.ask(model="stall")
    person.drive(asked.stream_id).close()
    share = f"/api/conversations/{asked.conversation_id}/share"
    viewer = Terminal(tmp_path, server.url, person.call("POST", share).json()["token"])
    with viewer.start("follow", asked.conversation_id) as running:
        running.until("A stream is")
        assert person.call("DELETE", share).status_code == 204
        done = running.finish()
    assert (done.status, "not yours to read any more" in done.err) == (1, True)


def test_what_is_not_there_is_said_at_once(terminal: Terminal) -> None:
    done = terminal.run("follow", "nobody-knows-this")
    assert (done.status, done.out, done.err) == (1, "", "There is nothing here, or not for you.\n")
