"""Documents with vectors in a real database: the round that makes them, and who finds by them."""

import time
from typing import Any

from sqlalchemy import text

from chat.core.tally import Tally
from chat.generation.embedding import Embedding
from chat.generation.embeddings import Embeddings
from chat.generation.vectors import Vectors
from chat.store import vector_spaces
from chat.store.passage_search import texts
from chat.store.people import Person
from tests.patience import PATIENCE_S
from tests.store.talk import ADA, Talk
from tests.upstream import Upstream

PLAIN = "headwater_plain"  # a role that may not make extensions


class Meaning:
    """One process: its round, and its `Vectors`, with the clock of its talk."""

    def __init__(self, talk: Talk, upstream: Upstream, model: str = "words", **different: Any) -> None:
        told: dict[str, Any] = {"address": upstream.url, "key": "", "now": time.monotonic}
        shared = {key: different.pop(key) for key in ("dimensions", "address") if key in different}
        self.talk = talk
        self.upstream = upstream
        self.tally = Tally()
        self.embeddings = Embeddings(model=model, **(told | shared))
        self.process = different.pop("process", "here")
        self.dead = different.pop("dead", ())
        patience_s = different.pop("patience_s", PATIENCE_S)  # of the round
        self.round = Embedding(
            talk.store,
            self.embeddings,
            process=lambda: self.process,
            is_dead=lambda name: name in self.dead,
            wall=lambda: talk.now,
            tally=self.tally,
            patience_s=patience_s,
        )
        usual: dict[str, Any] = {"cache_bytes": 64 << 20, "wait_s": PATIENCE_S, "now": time.monotonic}
        self.vectors = Vectors(talk.store, self.embeddings, tally=self.tally, **(usual | different))

    def found(self, asked: str, most: int = 3, person: Person = ADA, cid: str | None = None) -> list[str]:
        """Ask, and give the texts that are nearest."""
        cid = cid or self.talk.cid
        seqs = self.vectors.nearest(person.id, cid, asked, most)
        return [one.text for one in self.talk.read(texts, person.id, cid, seqs)]

    @property
    def by_rows(self) -> bool:
        space = self.talk.read(vector_spaces.current)
        return bool(space and space.by_rows)

    def asked_for(self) -> list[str]:
        """Give the texts that the server was asked for, but for the word that it is tried with."""
        return [one for asked in self.upstream.embedded for one in asked["input"] if one != "word"]


def without_extension(url: str) -> str:
    """Give the address of a PostgreSQL database to somebody who may not make extensions there."""
    from sqlalchemy import create_engine

    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        make = (
            f"BEGIN CREATE ROLE {PLAIN}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END"
        )
        connection.execute(text(f"DO $$ {make} $$"))
        connection.execute(text(f"GRANT ALL ON SCHEMA public TO {PLAIN}"))
    engine.dispose()
    return f"{url}?options=-c%20role%3D{PLAIN}"
