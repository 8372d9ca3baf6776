"""The upstream of these tests is the one behind the shared server."""

import pytest

from tests.upstream import Upstream


@pytest.fixture
def upstream(standing_upstream: Upstream) -> Upstream:
    """It has forgotten what earlier tests asked and told it."""
    standing_upstream.log.clear()
    standing_upstream.scripts.clear()
    return standing_upstream
