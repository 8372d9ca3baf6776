"""How many tokens a text takes, about."""

import pytest

from chat.core.tokens import tokens_of


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        ("The quick brown fox jumps over the lazy dog, and nobody minds. " * 20, 280, 400),  # 280
        ("Der Kündigungsgrund muss schriftlich erklärt werden. " * 20, 260, 400),  # 260 or so
        ("日本語のテキスト" * 50, 300, 700),  # 300 to 500, as the model has it
        ("🙂" * 100, 100, 300),
    ],
)
def test_the_guess_is_rather_too_high_than_too_low(text: str, least: int, most: int) -> None:
    assert least <= tokens_of(text) <= most


def test_half_a_pair_is_counted_too() -> None:
    assert tokens_of("\ud800") > 0
