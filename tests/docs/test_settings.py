"""Every setting stands in the README, as the code has it."""

from tests.docs.settings import README, table


def test_the_readme_lists_the_settings() -> None:
    assert table() in README.read_text(), "run: python -m tests.docs.settings"
