"""What a test here put together out of parts is taken apart again, whatever became of the test."""

from collections.abc import Iterator

import pytest

from tests.rig import end_rigs


@pytest.fixture(autouse=True)
def _rigs_end() -> Iterator[None]:
    yield
    end_rigs()
