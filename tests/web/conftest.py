"""What tests of the web floor may ask for."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.web.calls import Api, opened_app


@pytest.fixture(scope="package")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One app for all: what a test makes belongs to people of its own."""
    # Whoever tests quickly asks more in a minute than one address may.
    with opened_app(tmp_path_factory.mktemp("api"), ask_address_rate=0, session_rate=0) as app:
        yield app


@pytest.fixture
def api(app: Flask) -> Api:
    """The API, called by Ada and Ben, who have nothing there yet."""
    return Api(app)
