"""What a person gets for each thing that a model's server may do; bytes over a real socket."""

import gc
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import gevent
import pytest

from chat.generation.providers.types import Ask, Delta, Patience, Usage
from tests.generation.providers.conftest import KEY, Heard, MakeProvider, hear, question
from tests.scripted import PRESETS, Script, answer_of, read_script
from tests.upstream import Upstream

Asking = Callable[[str], Heard]

WHOLE = (
    "plain",
    "malformed",
    "busy-once",
    "failing-once",
    "no-done",
    "no-finish",
    "no-usage",
    "gzip",
    "crlf",
    "slices",
    "reasoning",
    "no-stream-options",
    "plain;newline=cr",
    "plain;multiline=1",
    "plain;comment_every=1;slice=7",
    "plain;gzip=1;slice=7",
    "plain;slice=1;tokens=30",
    "plain;burst=1000",
    "plain;framing=close",
    "plain;framing=length",
    "plain;framing=close;done=0",
    "plain;plain_json=1",
    "plain;content_type=text/plain",
    "plain;pace=2000;tokens=3000",
)


@pytest.mark.parametrize("model", WHOLE)
def test_the_answer_comes_whole_and_finishes_once(model: str, ask: Asking) -> None:
    heard = ask(model)
    assert heard.problem is None
    assert heard.text == answer_of(read_script(model))
    assert heard.finish == "stop"


def test_the_servers_count_is_the_usage(ask: Asking) -> None:
    assert ask("plain;tokens=17").usage == Usage(11, 17)


def test_length_is_a_finish_too(ask: Asking) -> None:
    assert ask("length").finish == "length"


def test_reasoning_comes_apart_from_the_answer(ask: Asking) -> None:
    assert ask("reasoning").thought == PRESETS["reasoning"]["reasoning"]
    assert ask("reasoning;reasoning_key=reasoning").thought == PRESETS["reasoning"]["reasoning"]


def test_what_one_read_brought_is_one_delta(ask: Asking) -> None:
    assert len([item for item in ask("plain;burst=1000;tokens=20").items if isinstance(item, Delta)]) == 1


def test_the_question_is_sent_as_it_is(upstream: Upstream, make_provider: MakeProvider) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "日本語 🙂"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "And?"},
    ]
    hear(make_provider().open(Ask(messages)))
    (seen,) = upstream.log
    assert seen.messages == messages
    assert seen.model == "plain"  # the default one
    assert seen.authorization == f"Bearer {KEY}"
    assert seen.body["stream_options"] == {"include_usage": True}


def test_a_server_that_refuses_stream_options_is_asked_again_without(upstream: Upstream, ask: Asking) -> None:
    assert ask("no-stream-options").finish == "stop"
    assert ask("no-stream-options").finish == "stop"
    assert ["stream_options" in seen.body for seen in upstream.log] == [True, False, False], "remembered"
    usage = ask("plain").usage
    assert usage is not None
    assert not usage.estimated, "another model's usage is asked for all the same"


def test_a_model_that_refuses_a_temperature_is_asked_again_without(
    upstream: Upstream, make_provider: MakeProvider
) -> None:
    provider = make_provider()
    for _ in range(2):
        messages = [{"role": "user", "content": "Well?"}]
        heard = hear(provider.open(Ask(messages, "no-temperature", {"temperature": 0.3})))
        assert heard.finish == "stop"
        assert heard.usage is not None
        assert not heard.usage.estimated, "nothing else is left out for it"
    assert [seen.body.get("temperature") for seen in upstream.log] == [0.3, None, None], "it is remembered"
    hear(provider.open(Ask(messages, "plain", {"temperature": 0.3})))
    assert upstream.log[-1].body["temperature"] == 0.3, "of that model alone"


def test_nothing_is_sent_before_the_first_next(upstream: Upstream, make_provider: MakeProvider) -> None:
    make_provider().open(question()).close()
    assert upstream.connections == 0


FAILURES = {
    "cut": ("truncated", "ended before the answer was complete"),
    "cut;framing=close": ("truncated", "ended before"),
    "cut;framing=length": ("truncated", "ended before"),
    "neither": ("truncated", "ended before"),
    "error-event": ("provider_failed", "The scripted upstream was told to fail."),
    "named-error-event": ("provider_failed", "The scripted upstream was told to fail."),
    "stall": ("stalled", "fell silent in the middle of the answer, for 1 seconds"),
    "stall;comment_every=1": ("stalled", "fell silent"),
    "silent": ("first_token_timeout", "said nothing for 2 seconds"),
    "no-headers": ("first_token_timeout", "said nothing for 2 seconds"),
    "comments": ("first_token_timeout", "said nothing for 2 seconds"),
    "html": ("not_a_stream", "OPENAI_BASE_URL"),
    "plain;raw=hello": ("not_a_stream", "OPENAI_BASE_URL"),
    "huge-line": ("too_large", "over a megabyte"),
    "redirect": ("provider_refused", "(307)"),
    "unauthorized": ("provider_refused", "The model's server refused the key (401)."),
    "unknown-model": ("provider_refused", "does not know the model “unknown-model”"),
    "busy": ("provider_busy", "busy (429)"),
    "failing": ("provider_failed", "failed (500)"),
}


@pytest.mark.parametrize("model", FAILURES)
def test_a_failure_is_told_in_plain_words(model: str, ask: Asking) -> None:
    code, words = FAILURES[model]
    heard = ask(model)
    assert heard.problem is not None
    assert (heard.code, words in heard.problem.message) == (code, True), heard.problem.message
    assert heard.finish is None
    assert KEY not in heard.problem.message


@pytest.mark.parametrize("model", ["cut", "error-event", "stall", "neither"])
def test_what_came_before_a_failure_is_kept(model: str, ask: Asking) -> None:
    text = ask(model).text
    assert text
    assert answer_of(Script()).startswith(text)


def test_a_retry_waits_as_long_as_the_server_asks_within_bounds(
    upstream: Upstream, make_provider: MakeProvider
) -> None:
    slept: list[float] = []
    provider = make_provider(sleep=slept.append)
    assert hear(provider.open(question("x;statuses=429,503;retry_after=3"))).finish == "stop"
    assert slept == [3.0, 3.0]
    assert hear(provider.open(question("x;statuses=429;retry_after=3600"))).code == "provider_busy"
    assert slept == [3.0, 3.0]
    assert upstream.count() == 4


@pytest.mark.parametrize(("model", "questions"), [("failing", 3), ("busy", 3), ("unauthorized", 1)])
def test_two_retries_and_only_where_they_may_help(
    model: str, questions: int, upstream: Upstream, ask: Asking
) -> None:
    ask(model)
    assert upstream.count() == questions


@pytest.mark.parametrize("model", ["cut", "error-event", "stall", "comments", "neither", "malformed"])
def test_once_it_answered_it_is_never_asked_again(model: str, upstream: Upstream, ask: Asking) -> None:
    ask(model)
    assert upstream.count() == 1


def test_a_redirect_is_not_followed(upstream: Upstream, ask: Asking) -> None:
    with Upstream() as elsewhere:
        upstream.scripts["away"] = Script(redirect=f"{elsewhere.url}/chat/completions")
        assert ask("away").code == "provider_refused"
        assert elsewhere.connections == 0


def test_an_unreachable_server_is_named_without_its_secrets(make_provider: MakeProvider) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        heard = hear(make_provider(address=f"http://me:pass@{host}/v1?key={KEY}").open(question()))
    assert heard.problem is not None
    assert heard.code == "provider_unreachable"
    assert heard.problem.message == f"The model's server could not be reached at http://{host}/v1."


def test_a_name_that_nobody_knows_is_unreachable(make_provider: MakeProvider) -> None:
    assert (
        hear(make_provider(address="http://nowhere.invalid/v1").open(question())).code
        == "provider_unreachable"
    )


@pytest.mark.parametrize("where", ["statuses=400", "error_at=3"])
def test_the_key_is_blotted_out_of_the_servers_words(where: str, upstream: Upstream, ask: Asking) -> None:
    model = f"x;{where};message=Bad key {KEY} and sk-other-0123456789"
    heard = ask(model.replace("statuses=400", "statuses=" + ",".join(["400"] * 9)))
    assert heard.problem is not None
    assert heard.problem.message.endswith("Bad key … and …")


def test_a_long_message_of_the_server_is_cut(ask: Asking) -> None:
    heard = ask("x;error_at=3;message=" + "long " * 1000)
    assert heard.problem is not None
    assert len(heard.problem.message) < 400


def test_a_malformed_event_is_logged_once(ask: Asking, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        ask("malformed")
    assert [record.message for record in caplog.records if "not readable" in record.message] == [
        "the provider sent an event that is not readable; skipped (JSONDecodeError, 39 long)"
    ]


def test_a_server_of_no_http_is_told(make_provider: MakeProvider) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_wrongly() -> None:
            for _ in range(3):
                client, _address = server.accept()
                client.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
                client.close()

        speaking = gevent.spawn(answer_wrongly)
        port = server.getsockname()[1]
        heard = hear(make_provider(address=f"http://127.0.0.1:{port}/v1").open(question()))
        speaking.kill()
    assert heard.problem is not None
    assert "did not speak HTTP" in heard.problem.message


def test_a_server_faster_than_we_are_does_not_hold_up_the_others(make_provider: MakeProvider) -> None:
    worked: list[
        float
    ] = []  # CPU time between two turns of another greenlet: a busy machine counts for nothing

    def take_turns() -> None:
        while True:
            before = time.thread_time()
            gevent.sleep(0)
            worked.append(time.thread_time() - before)

    command = [sys.executable, "-m", "tests.upstream"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as elsewhere:
        assert elsewhere.stdout is not None
        provider = make_provider(address=elsewhere.stdout.readline().strip(), patience=Patience())
        hear(provider.open(question("plain;tokens=20000;burst=50")))  # what happens only once is over
        gc.disable()  # what collecting takes grows with all that the tests have loaded
        try:
            turns = gevent.spawn(take_turns)
            heard = hear(provider.open(question("plain;tokens=20000;burst=50")))
        finally:
            gc.enable()
        turns.kill()
        elsewhere.kill()
    assert heard.finish == "stop"
    assert max(worked) < max(0.05, sum(worked) / 4), "a slow machine takes longer for all of it"
