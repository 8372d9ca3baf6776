"""A used-up budget stops the provider from being asked, whoever would have asked it."""

from tests.conftest import ServerFactory
from tests.person import Person
from tests.server_promises.waiting import until_status
from tests.upstream import Upstream

MODEL = "spends;tokens=200"


def test_over_budget_the_provider_is_not_called(server_factory: ServerFactory, upstream: Upstream) -> None:
    model = {"OPENAI_BASE_URL": upstream.url, "OPENAI_API_KEY": "scripted"}
    server = server_factory(app="tests.unhurried:app", CHAT_DAILY_TOKENS="100", **model)
    ada = Person.sign_in(server.url, "Ada")
    first, second = ada.ask(model=MODEL), ada.ask(model=MODEL)
    ada.drive(first.stream_id).read_all()
    until_status(ada, first.stream_id, "done")
    assert ada.get("/api/usage")["today"]["output_tokens"] == 200

    refused = ada.call("POST", f"/api/streams/{second.stream_id}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "budget_used_up")
    assert int(refused.headers["Retry-After"]) > 0
    third = ada.call("POST", "/api/streams", {"prompt": "And now?", "model": MODEL})
    assert (third.status_code, third.json()["error"]["code"]) == (429, "budget_used_up")

    # Nobody drives the second one: a server as it usually is ends it by itself, and says why.
    server.app = "app:app"
    server.restart()
    state = until_status(ada, second.stream_id, "error")
    assert state["error"]["code"] == "budget_used_up"
    assert state["usage"] is None
    assert upstream.count(MODEL) == 1
    assert ada.get("/api/usage")["today"]["answers"] == 1
