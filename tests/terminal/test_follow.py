"""`python -m chat follow`: a viewer in the terminal, who sees what others ask, live, each byte once."""

import json
from pathlib import Path

from tests.browser.cable import Cable
from tests.person import Person
from tests.server import RealServer
from tests.server_promises.waiting import until_status
from tests.terminal.calling import Terminal

SLOW = "any;pace=60;tokens=240"


def test_a_question_of_somebody_else_is_seen_live(terminal: Terminal, person: Person) -> None:
    conversation = person.converse()
    with terminal.start("follow", conversation) as running:
        asked = person.ask("What is a stream?", conversation, model=SLOW)
        running.until("Ada:\nWhat is a stream?")
        person.drive(asked.stream_id).close()
        running.until("a reader")
        assert person.state(asked.stream_id)["status"] == "streaming"
        until_status(person, asked.stream_id, "done")
        text = person.state(asked.stream_id)["text"]
        running.until(text[-200:])
        assert running.out.decode() == f"Ada:\nWhat is a stream?\n\n{SLOW}:\n{text}"
        running.press_ctrl_c()
        assert running.finish().status == 130


def test_it_leaves_with_the_answer_when_told_to(terminal: Terminal, person: Person) -> None:
    asked = person.ask(model="any;pace=60;tokens=60")
    with terminal.start("follow", "--once", asked.conversation_id) as running:
        running.until("What is a stream?")
        person.drive(asked.stream_id).close()
        assert running.finish().status == 0
    cut = person.ask("And now?", asked.conversation_id, model="cut;first_s=1")
    with terminal.start("follow", "--once", asked.conversation_id) as running:
        running.until("And now?")
        person.drive(cut.stream_id).close()
        done = running.finish()
    assert (done.status, "[error: The connection to the model" in done.out) == (1, True)


def test_what_is_thought_before_an_answer_is_not_written_into_it(terminal: Terminal, person: Person) -> None:
    thinker = "reasoning;pace=20"
    asked = person.ask(model=thinker)
    with terminal.start("follow", "--once", asked.conversation_id) as running:
        running.until("What is a stream?")
        person.drive(asked.stream_id).close()
        done = running.finish()
    assert done.status == 0
    assert done.out == f"Ada:\nWhat is a stream?\n\n{thinker}:\n{person.state(asked.stream_id)['text']}"


def test_a_cut_line_neither_loses_nor_doubles_a_byte(
    terminal: Terminal, person: Person, server: RealServer
) -> None:
    asked = person.ask(model=SLOW)
    person.drive(asked.stream_id).close()
    with (
        Cable(server.port) as cable,
        Terminal.of(person, terminal.home, cable.url).start(
            "follow", "--once", asked.conversation_id
        ) as running,
    ):
        for seen in ("reader", "watches"):
            running.until(seen)
            cable.pull()
            cable.plug_in()
        done = running.finish()
    text = person.state(asked.stream_id)["text"]
    assert (done.status, done.out) == (0, f"Ada:\nWhat is a stream?\n\n{SLOW}:\n{text}")


def test_programs_get_each_event_as_a_line(terminal: Terminal, person: Person) -> None:
    asked = person.ask(model="any;pace=60;tokens=60")
    with terminal.start("follow", "--once", "--json", asked.conversation_id) as running:
        running.until("What is a stream?")
        person.drive(asked.stream_id).close()
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
