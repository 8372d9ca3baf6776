"""Joining rankings: what both have comes first, and what one has is kept."""

from chat.core.fusion import fuse


def test_what_both_have_is_better_than_what_one_has_first() -> None:
    assert fuse(["a", "both"], ["b", "both"]) == ["both", "a", "b"]


def test_nothing_is_lost_and_nothing_is_there_twice() -> None:
    assert sorted(fuse([1, 2, 3, 2], [3, 4])) == [1, 2, 3, 4]


def test_of_two_that_are_equally_good_the_earlier_ranking_has_its_way() -> None:
    assert fuse(["a"], ["b"]) == ["a", "b"]
    assert fuse(["b"], ["a"]) == ["b", "a"]


def test_one_ranking_alone_stays_as_it_is() -> None:
    assert fuse([], [3, 1, 2]) == [3, 1, 2]
    assert fuse() == []
