"""The app whose engine starts nothing by itself: `tests.unhurried:app`, for what must stay pending."""

from functools import partial

from chat import composition, create_app
from chat.generation.reaper import Waits

NEVER_S = 3600.0  # otherwise it is two seconds, in which a busy machine may do nothing at all

composition.Waits = partial(Waits, start_pending_s=(NEVER_S, NEVER_S))  # type: ignore[misc,assignment]

app = create_app()
