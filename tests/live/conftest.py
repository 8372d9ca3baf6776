"""What a test here put together out of parts is taken apart again, whatever became of the test."""

from collections.abc import Iterator

import pytest

from tests.live.patient_lines import be_patient, be_quick
from tests.rig import end_rigs

IMPATIENT = "impatient"  # the mark of tests in which a line hangs, and is to be given up


@pytest.fixture(autouse=True)
def _rigs_end() -> Iterator[None]:
    yield
    end_rigs()


@pytest.fixture(autouse=True)
def _patience(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let no line be lost that nobody cut, but where that is what a test looks at."""
    if request.node.get_closest_marker(IMPATIENT) is None:
        be_patient()
    yield
    be_quick()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{IMPATIENT}: a line that hangs is given up as soon as in a server")
