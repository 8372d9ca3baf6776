"""Each answer is charged once, in the transaction of its end, however it ends; budgets read that."""

from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from chat.core.lifecycle import Status
from chat.store import budgets, conversations, costs, ledger, messages
from chat.store.budgets import Allowance, Budgets, BudgetUsedUp, TooManyAnswers
from chat.store.charging import Charges
from chat.store.costs import Listed, Price, Prices
from chat.store.ledger import Usage
from chat.store.streams import Batch, Streams
from chat.store.tables import messages as message_rows
from chat.store.tables import people
from tests.store.talk import ADA, BEN, Talk, stream_of

DAY = "1970-01-01"  # of the clock of a Talk
COUNTED = {"input_tokens": 100, "output_tokens": 20, "estimated": False}


class Shop(Talk):
    """A talk whose answers are charged."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.prices = Prices({"river": (1.0, 10.0)})
        self.charges = Charges(self.prices, "usual", lambda: self.now)
        self.streams = Streams(
            self.store,
            owner=lambda: "here",
            lease_s=6,
            wall=lambda: self.now,
            lease_clock=lambda: self.now,
            on_change=self.follow,
            before_delete=self.charges.before_deletion,
        )

    def follow(self, tx: Any, state: Any) -> None:
        messages.follow_stream(tx, state)
        self.charges.follow_stream(tx, state)

    def spent(self, person: str = ADA.id) -> Usage:
        found: Usage = self.read(ledger.spent, person, DAY)
        return found

    def cost_of(self, asked: Any) -> tuple[Any, float | None]:
        message = self.read(messages.by_stream, stream_of(asked))
        return message.usage, message.cost


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    with Shop(database_url) as shop:
        yield shop


# ── the end of an answer ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("end", [Status.DONE, Status.STOPPED, Status.ERROR])
def test_every_end_is_charged_to_whoever_asked(shop: Shop, end: Status) -> None:
    asked = shop.ask(model="river", author=BEN)
    error = {"code": "stalled", "message": "It fell silent."} if end == Status.ERROR else None
    shop.end(asked, shop.stream(asked, "A lo"), end, "A lo", usage=COUNTED, error=error)
    assert shop.spent(BEN.id) == Usage(1, 100, 20, pytest.approx(0.0003), 0)
    assert shop.cost_of(asked) == (COUNTED, pytest.approx(0.0003))
    assert shop.spent(ADA.id) == Usage()


def test_an_end_that_is_stored_twice_is_charged_once(shop: Shop) -> None:
    asked = shop.ask(model="river")
    epoch = shop.stream(asked)
    shop.end(asked, epoch, Status.DONE, "A log.", usage=COUNTED)
    again = shop.streams.close(stream_of(asked), epoch, Status.DONE, text="A log.", usage=COUNTED)
    assert not again
    assert not shop.streams.stop_idle(stream_of(asked))
    assert shop.spent().answers == 1


def test_an_answer_that_was_interrupted_is_charged_when_it_really_ends(shop: Shop) -> None:
    asked = shop.ask(model="river")
    epoch = shop.stream(asked, "A lo")
    shop.end(asked, epoch, Status.INTERRUPTED, "A lo", usage=COUNTED)
    assert shop.spent() == Usage()
    shop.end(asked, shop.stream(asked, resume=True), Status.DONE, "A log.", usage=COUNTED)
    assert shop.spent() == Usage(1, 100, 20, pytest.approx(0.0003), 0)


def test_one_that_nobody_could_count_is_guessed_when_it_is_stopped(shop: Shop) -> None:
    asked = shop.ask("What is a river?", model="river")  # 16 bytes
    shop.stream(asked, "Water that ")
    (orphan,) = shop.streams.orphans(lambda owner: True)
    assert shop.streams.interrupt(orphan)
    assert shop.spent() == Usage()
    assert shop.streams.stop_idle(stream_of(asked))
    assert shop.spent() == Usage(1, 4, 3, pytest.approx(34e-6), 0)
    usage, _ = shop.cost_of(asked)
    assert usage == {"input_tokens": 4, "output_tokens": 3, "estimated": True}


def test_what_nobody_was_asked_for_costs_nothing(shop: Shop) -> None:
    asked = shop.ask(model="river")
    assert shop.streams.stop_idle(stream_of(asked))
    assert shop.spent() == Usage()
    assert shop.cost_of(asked) == (None, None)


def test_a_failure_before_the_first_word_costs_nothing(shop: Shop) -> None:
    asked = shop.ask(model="river")
    guess, error = {**COUNTED, "estimated": True}, {"code": "provider_unreachable", "message": "Away."}
    shop.end(asked, shop.stream(asked), Status.ERROR, "", usage=guess, error=error)
    assert shop.spent() == Usage()
    assert shop.cost_of(asked) == (guess, 0.0)


def test_a_model_without_a_price_has_an_unknown_cost(shop: Shop) -> None:
    asked = shop.ask(model="sea")
    shop.end(asked, shop.stream(asked), Status.DONE, "Salt.", usage=COUNTED)
    assert shop.spent() == Usage(1, 100, 20, 0.0, 1)
    assert shop.cost_of(asked) == (COUNTED, None)


def test_a_stream_without_a_message_is_charged_to_whoever_made_it(shop: Shop) -> None:
    for name, model in (("s1", "river"), ("s2", None)):
        request = {"prompt": "?", "system": None, "model": model}
        shop.write(_create, shop.streams, name, request)
        state = shop.streams.claim(name, {Status.PENDING})
        assert shop.streams.close(name, state.epoch, Status.DONE, text="!", usage=COUNTED)
    lines = shop.read(ledger.lines, DAY, BEN.id)
    assert [(line.model, line.usage.answers) for line in lines] == [("usual", 1), ("river", 1)]


def test_a_title_takes_tokens_and_is_no_answer(shop: Shop) -> None:
    shop.write(shop.charges.charge, ADA.id, "river", COUNTED)
    assert shop.spent() == Usage(0, 100, 20, pytest.approx(0.0003), 0)


def _create(tx: Any, streams: Streams, stream_id: str, request: dict[str, Any]) -> None:
    streams.create(tx, stream_id, chunk_by="word", created_by=BEN.id, request=request)


# ── deleted ──────────────────────────────────────────────────────────────────────────────────


def test_deleting_gives_nothing_back(shop: Shop) -> None:
    asked = shop.ask(model="river")
    shop.end(asked, shop.stream(asked), Status.DONE, "A log.", usage=COUNTED)
    shop.write(conversations.delete, shop.streams, shop.cid)
    assert shop.spent().answers == 1


@pytest.mark.parametrize("whole", [False, True])
def test_an_answer_that_is_deleted_while_it_is_written_is_charged_by_a_guess(shop: Shop, whole: bool) -> None:
    asked = shop.ask("What is a river?", model="river")
    shop.stream(asked, "Water that ")
    if whole:
        shop.write(conversations.delete, shop.streams, shop.cid)
    else:
        shop.remove(asked)
    assert shop.spent() == Usage(1, 4, 3, pytest.approx(34e-6), 0)


def test_a_question_that_is_deleted_before_its_answer_begins_costs_nothing(shop: Shop) -> None:
    shop.remove(shop.ask(model="river"))
    assert shop.spent() == Usage()


# ── sums ─────────────────────────────────────────────────────────────────────────────────────


def test_a_conversation_is_summed_up_over_all_its_branches(shop: Shop) -> None:
    first = shop.ask(model="river")
    shop.end(first, shop.stream(first), Status.DONE, "A log.", usage=COUNTED)
    other = shop.regenerate(first.reply, model="sea")
    shop.end(other, shop.stream(other), Status.DONE, "A text.", usage=COUNTED)
    parts = shop.read(ledger.of_conversation, shop.cid)
    assert [(model, usage.unpriced) for model, usage in parts] == [("river", 0), ("sea", 1)]
    assert ledger.total(parts) == Usage(2, 200, 40, pytest.approx(0.0003), 1)


def test_usage_is_listed_by_day_and_model_newest_first(shop: Shop) -> None:
    for day in ("1970-01-01", "1970-01-02"):
        shop.write(ledger.add, ADA.id, day, "river", COUNTED, 0.1)
    shop.write(ledger.add, BEN.id, "1970-01-02", "sea", COUNTED, None)
    everybody = shop.read(ledger.lines, "1970-01-01")
    assert [(line.day[-2:], line.model) for line in everybody] == [
        ("02", "sea"),
        ("02", "river"),
        ("01", "river"),
    ]
    assert [line.day[-2:] for line in shop.read(ledger.lines, "1970-01-02", ADA.id)] == ["02"]


# ── prices ───────────────────────────────────────────────────────────────────────────────────


def test_a_price_that_an_admin_wrote_beats_the_settings_until_it_is_removed(shop: Shop) -> None:
    shop.write(costs.set_price, "river", Price(2, 3), 1.0)
    shop.write(costs.set_price, "river", Price(4, 5), 2.0)
    assert shop.read(shop.prices.of, "river") == Price(4, 5)
    assert shop.read(shop.prices.all) == [Listed("river", Price(4, 5), usual=False)]
    shop.write(costs.remove_price, "river")
    shop.write(costs.remove_price, "river")
    assert shop.read(shop.prices.of, "river") == Price(1, 10)


def test_a_star_is_the_price_of_every_model_that_has_none(shop: Shop) -> None:
    assert shop.read(shop.prices.of, "sea") is None
    shop.write(costs.set_price, "*", Price(7, 8), 1.0)
    assert shop.read(shop.prices.of, "sea") == Price(7, 8)
    assert shop.read(shop.prices.of, "river") == Price(1, 10)


# ── budgets ──────────────────────────────────────────────────────────────────────────────────


def test_a_budget_is_used_up_when_its_tokens_or_its_money_are(shop: Shop) -> None:
    shop.write(ledger.add, ADA.id, DAY, "river", COUNTED, 0.5)  # 120 tokens
    shop.write(ledger.add, ADA.id, "1969-12-31", "river", COUNTED, 99.0)  # another day
    for usual, is_left in (
        (Allowance(), True),
        (Allowance(daily_tokens=121), True),
        (Allowance(daily_tokens=120), False),
        (Allowance(daily_cost=0.51), True),
        (Allowance(daily_cost=0.5), False),
    ):
        held = Budgets(usual, lambda: shop.now)
        if is_left:
            shop.read(held.check, ADA.id)
        else:
            with pytest.raises(BudgetUsedUp) as refused:
                shop.read(held.check, ADA.id)
            assert refused.value.wait_s == 86_400 - shop.now


def test_what_an_admin_allows_one_person_beats_what_holds_for_all(shop: Shop) -> None:
    held = Budgets(Allowance(1, 2.0, 3), lambda: shop.now)
    assert shop.read(held.of, ADA.id) == Allowance(1, 2.0, 3)
    shop.write(lambda tx: tx.execute(people.update().values(daily_tokens=0, live_answers=9)))
    assert shop.read(held.of, ADA.id) == Allowance(0, 2.0, 9)
    assert shop.read(held.of, "a stranger") == Allowance(1, 2.0, 3)


def test_answers_at_once_are_counted_where_the_next_one_is_asked_for(shop: Shop) -> None:
    held = Budgets(Allowance(live_answers=2), lambda: shop.now)

    def ask() -> Any:
        return shop.ask(conversation=shop.begin(), admit=held.admit)

    first = ask()
    shop.write(_create, shop.streams, "bens", {"prompt": "?"})
    ask()
    assert shop.read(budgets.live_answers, ADA.id) == 2
    asked_so_far = len(shop.store.read(lambda conn: conn.execute(message_rows.select()).all()))
    with pytest.raises(TooManyAnswers):
        ask()
    assert len(shop.store.read(lambda conn: conn.execute(message_rows.select()).all())) == asked_so_far
    shop.end(first, shop.stream(first), Status.DONE, "A log.")
    ask()


def test_of_many_who_ask_at_once_no_more_are_let_in_than_may(shop: Shop) -> None:
    held = Budgets(Allowance(live_answers=3), lambda: shop.now)
    conversations_of_hers = [shop.begin() for _ in range(12)]
    asks = [gevent.spawn(shop.ask, conversation=one, admit=held.admit) for one in conversations_of_hers]
    gevent.joinall(asks)
    assert sum(one.successful() for one in asks) == 3
    assert {type(one.exception) for one in asks if not one.successful()} == {TooManyAnswers}
    assert shop.read(budgets.live_answers, ADA.id) == 3


def test_answers_that_end_at_once_are_all_charged(shop: Shop) -> None:
    asked = [shop.ask(conversation=shop.begin(), model="river") for _ in range(10)]
    epochs = [shop.stream(one) for one in asked]
    ends = [
        gevent.spawn(shop.end, one, epoch, Status.DONE, "A log.", usage=COUNTED)
        for one, epoch in zip(asked, epochs, strict=True)
    ]
    gevent.joinall(ends, raise_error=True)
    assert shop.spent() == Usage(10, 1000, 200, pytest.approx(0.003), 0)


def test_the_same_question_again_is_no_question_more(shop: Shop) -> None:
    held = Budgets(Allowance(daily_tokens=1), lambda: shop.now)
    first = shop.ask(client_id="c1", admit=held.admit)
    shop.write(ledger.add, ADA.id, DAY, "river", COUNTED, None)
    again = shop.ask(client_id="c1", admit=held.admit)
    assert again.message.id == first.message.id
    assert not again.created


def test_text_that_is_still_in_chunks_counts_when_its_answer_is_deleted(shop: Shop) -> None:
    asked = shop.ask("Four", model="river")
    epoch = shop.stream(asked, "12345678")
    assert shop.streams.append([Batch(stream_of(asked), epoch, 8, "12345678")]) == set()
    shop.remove(asked)
    assert shop.spent().output_tokens == 4
