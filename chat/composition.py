"""The composition root below Flask: which part is given what. Only `create_app` calls it."""

from collections.abc import Iterable
from functools import partial
from urllib.request import getproxies

import gevent
from sqlalchemy import Engine as Database

from chat.config import Settings
from chat.core.prompt import Room
from chat.core.tally import Tally
from chat.extraction.limits import Limits as DocumentLimits
from chat.generation import clock, extracting, identity, providers
from chat.generation.answers import Answers, Usual
from chat.generation.catalogue import Catalogue
from chat.generation.embedding import Embedding
from chat.generation.embeddings import Embeddings
from chat.generation.engine import Engine, Pace
from chat.generation.erasing import Erasing
from chat.generation.providers.types import Patience, Provider
from chat.generation.reading import Reading
from chat.generation.reaper import Waits
from chat.generation.retrieval import Retrieval
from chat.generation.runner import Limits, Runner
from chat.generation.tending import Tending
from chat.generation.titles import Titles
from chat.generation.vectors import Vectors
from chat.generation.writer import Writer
from chat.live.bell import Bell
from chat.live.logs import Logs
from chat.live.mirror import Mirrors, Stored
from chat.live.overlay import Overlays
from chat.live.relayed import open_bell
from chat.live.shared_tape import open_shared_tapes
from chat.live.tape import Tapes
from chat.store import conversations, messages, postgres, reasoning
from chat.store.budgets import Allowance, Budgets
from chat.store.charging import Charges
from chat.store.costs import Prices
from chat.store.postgres import PostgresStore
from chat.store.sqlite import SqliteStore
from chat.store.stored import StreamState, end_of
from chat.store.streams import Batch, Streams
from chat.store.timed import TimedStore
from chat.store.transaction import Store, Transaction
from chat.web.feed import Feeds
from chat.web.house import House
from chat.web.presence import Presence
from chat.web.rates import open_rates
from chat.web.signer import Signer

FINDING_S = 5.0  # for passages, beside the wait for their vector: an answer comes, with sources or without
DOUBT = 0.25  # of a heartbeat: what was read longer ago is read again at a beat, for a ring may be lost
TICK_S = 0.025  # of the writer: what becomes due within it shares one commit


def compose(settings: Settings, database: Database, provider: Provider, signer: Signer) -> House:
    """Put the house together. Nothing runs before `engine.start()`."""
    tally = Tally()
    kept, bell = open_store(settings, database)
    store = TimedStore(kept, clock.monotonic, on_read=tally.read_s.add, on_write=tally.write_s.add)
    prices = Prices(settings.prices)
    charges = Charges(prices, provider.default_model, clock.wall)
    usual = Allowance(settings.daily_tokens, settings.daily_cost, settings.live_answers)
    budgets = Budgets(usual, clock.wall)

    def follow_stream(tx: Transaction, state: StreamState) -> None:
        """Let the chat follow a stream in its own transaction: its message, then what it costs."""
        messages.follow_stream(tx, state)
        charges.follow_stream(tx, state)

    streams = Streams(
        store,
        owner=my_name,
        lease_s=settings.lease_s,
        wall=clock.wall,
        lease_clock=clock.lease_clock if settings.on_sqlite else postgres.lease_clock,
        before_change=conversations.hold_of_answer,
        on_change=follow_stream,
        on_beside=reasoning.take,
        before_delete=charges.before_deletion,
    )
    tapes = Tapes()
    shared = open_shared_tapes(settings.redis_url, tapes, bell)
    doubt_s = settings.heartbeat_s * DOUBT
    mirrors = Mirrors(bell, partial(fetch, streams), clock.monotonic, doubt_s)
    overlays = Overlays(bell, mirrors, shared, clock.monotonic, doubt_s)
    logs = Logs(tapes, mirrors, overlays if settings.redis_url else None)
    writer = Writer(streams.append, Batch, clock.monotonic, TICK_S)
    writer.tally = tally
    runner = Runner(
        tapes=tapes,
        writer=writer,
        ring_here=bell.ring_here,
        open_beside=streams.open_beside,
        close_stream=streams.close,
        release_stream=streams.release,
        clock=clock.monotonic,
        limits=Limits(settings.answer_bytes, settings.answer_s),
        tally=tally,
    )
    titles = Titles(
        store,
        provider,
        by_model=settings.title_by == "model" and provider.name != "demo",
        model=settings.title_model,
        budgets=budgets,
        charge=charges.charge,
    )
    is_dead = partial(identity.is_dead, one_kernel=settings.on_sqlite)
    embeddings = choose_embeddings(settings)
    vectors = open_vectors(settings, store, embeddings, tally) if embeddings else None
    retrieval = Retrieval(store, vectors, most=settings.passages, tokens=settings.passage_tokens)
    answers = Answers(
        store,
        provider,
        settings.prefill,
        budgets,
        Usual(settings.system, settings.temperature),
        room=Room(settings.context_tokens, settings.passage_tokens, settings.context_tokens_by_model),
        retrieval=retrieval,
        patience_s=settings.embedding_s + FINDING_S,
    )
    engine = Engine(
        streams=streams,
        tapes=tapes,
        bell=bell,
        writer=writer,
        runner=runner,
        open_source=answers.open,
        is_dead=is_dead,
        clock=clock.monotonic,
        pace=Pace(settings.flush_ms, settings.lease_s / 3, waits=Waits(settings.lease_s)),
        continues=settings.on_interrupt == "continue",
        salvage=shared.salvage,
        ended=titles.ended,
    )
    reading = Reading(
        store,
        bell,
        extracting.read,
        reader=my_name,
        is_dead=is_dead,
        now=clock.wall,
        clock=clock.monotonic,
        limits=limits_of_documents(settings),
        tally=tally,
    )
    erasing = Erasing(store, clock.wall, settings.undo_s)
    documents_rounds = [("reading", reading.run), ("erasing", erasing.run)]
    if embeddings is not None:
        embedding = Embedding(
            store, embeddings, process=my_name, is_dead=is_dead, wall=clock.wall, tally=tally
        )
        documents_rounds.append(("embedding", embedding.run))
    tending = Tending(store, streams, clock.wall, settings.undo_s)
    presence = Presence(store, bell, process=my_name, clock=clock.monotonic, wall=clock.wall)
    return House(
        settings=settings,
        store=store,
        streams=streams,
        bell=bell,
        tapes=tapes,
        logs=logs,
        feeds=Feeds(store, logs, bell, clock.monotonic, doubt_s),
        engine=engine,
        provider=provider,
        models=Catalogue(settings.models, provider.default_model, provider.served, clock.monotonic),
        signer=signer,
        rates=open_rates(settings),
        budgets=budgets,
        prices=prices,
        charges=charges,
        now=clock.wall,
        tally=tally,
        retrieval=retrieval,
        vectors=vectors,
        shared=shared,
        presence=presence,
        leaving=[reading.leave],
        rounds=[
            *bell.rounds,
            *shared.rounds,
            ("tending", tending.run),
            ("presence", presence.run),
            *documents_rounds,
        ],
    )


def open_store(settings: Settings, database: Database) -> tuple[SqliteStore | PostgresStore, Bell]:
    """Open the store of this database, and the bell that its commits ring, in other processes too."""

    def ring(topics: Iterable[str]) -> None:
        bell.ring(topics)  # made below: on one file the bell listens to the store

    def ring_here(topics: Iterable[str]) -> None:
        bell.ring_here(topics)  # the commit itself carries them to the other processes

    if not settings.on_sqlite:
        bell = open_bell(settings.database_url, settings.redis_url)
        return PostgresStore(database, ring), bell
    several = settings.web_concurrency > 1 and not settings.redis_url
    by_redis = bool(settings.redis_url)
    store = SqliteStore(database, ring if by_redis else ring_here, shared=several, ringer=my_name)
    bell = open_bell(settings.database_url, settings.redis_url, store)
    return store, bell


def limits_of_documents(settings: Settings) -> DocumentLimits:
    """Say how large a document may be, and what reading it may take."""
    return DocumentLimits(
        bytes=settings.document_bytes,
        pages=settings.document_pages,
        characters=settings.document_characters,
        seconds=settings.reading_s,
        mib=settings.reading_mib,
    )


def my_name() -> str:
    """Name this process; asked whenever it is needed, for the composition is made before the fork."""
    return str(identity.myself())


def fetch(streams: Streams, stream_id: str, offset: int, last_seq: int) -> Stored | None:
    """Read for a mirror what is stored beyond its place."""
    found = streams.read(stream_id, offset, last_seq)
    if found is None:
        return None
    state = found.state
    return Stored(found.data, state.epoch, state.bases, end_of(state), found.last_seq)


def choose_provider(settings: Settings) -> Provider:
    """Take the model's server that somebody configured, else the built-in demo."""
    key = settings.openai_api_key
    return providers.choose(
        key=key.get_secret_value() if key else "",
        address=settings.openai_base_url or "",
        model=settings.model or "",
        models=settings.models,
        patience=Patience(settings.connect_s, settings.first_token_s, settings.silence_s),
        proxies=getproxies(),
        now=clock.monotonic,
        sleep=gevent.sleep,
    )


def choose_embeddings(settings: Settings) -> Embeddings | None:
    """Take the embeddings' server that somebody configured; without one, words alone find passages."""
    if settings.embedding_model is None:
        return None
    address = settings.embedding_base_url or settings.openai_base_url or providers.OPENAI
    return Embeddings(
        address=address,
        key=settings.embedding_key(),
        model=settings.embedding_model,
        dimensions=settings.embedding_dimensions,
        proxy=providers.proxy_for(address, getproxies()),
        connect_s=settings.connect_s,
        now=clock.monotonic,
    )


def open_vectors(settings: Settings, store: Store, embeddings: Embeddings, tally: Tally) -> Vectors:
    """Let questions be compared with the vectors of passages."""
    return Vectors(
        store,
        embeddings,
        cache_bytes=settings.vectors_mib << 20,
        wait_s=settings.embedding_s,
        now=clock.monotonic,
        tally=tally,
        least=settings.embedding_likeness,
    )
