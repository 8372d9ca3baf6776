"""The upstream of these tests is the one behind the shared server."""

import pytest

from tests.upstream import Upstream


@pytest.fixture
def upstream(standing_upstream: Upstream) -> Upstream:
    """It has forgotten what earlier tests asked and told it, and holds nothing back."""
    standing_upstream.log.clear()
    standing_upstream.embedded.clear()
    standing_upstream.scripts.clear()
    standing_upstream.held_at.clear()
    standing_upstream.embeds_as = ""
    return standing_upstream
