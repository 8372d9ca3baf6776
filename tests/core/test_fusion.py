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


def test_what_one_ranking_has_first_stays_near_the_top_whatever_both_have() -> None:
    both = [f"both {number}" for number in range(20)]
    joined = fuse(["first by words", *both], ["first by meaning", *reversed(both)])
    assert {"first by words", "first by meaning"} <= set(joined[:4])
