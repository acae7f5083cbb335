from __future__ import annotations

import pytest

from campaigns.credits.rules.likeness import likeness, likenesses

CYRILLIC_LIN = "L\u0456n"
CYRILLIC_BOB = "\u0412\u041e\u0412"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lin", CYRILLIC_LIN),
        ("Lin", "LIN"),
        ("Lin", "1in"),
        ("Lin", "Iin"),
        ("Lin", "\uff2c\uff49\uff4e"),
        ("Lin", "\U0001d4db\U0001d4f2\U0001d4f7"),
        ("Lin", "L\u200bi n"),
        ("BOB", CYRILLIC_BOB),
        ("B0B", "BOB"),
        ("Bill", "BIil"),
        ("Morn", "Mom"),
        ("林薇", "林 薇"),
        ("Иван", "ИВАН"),
        ("ИВАН", "Иван"),
    ],
)
def test_names_that_may_be_taken_for_one_another_are_alike(one: str, other: str) -> None:
    assert likeness(other) in likenesses(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Lin", "Ling"), ("林薇", "林微"), ("Ada", "Àda"), ("Nina", "Viva"), ("🐙", "🐢"), ("雨", "小雨")],
)
def test_names_that_one_tells_apart_are_not(one: str, other: str) -> None:
    assert likeness(other) not in likenesses(one)


@pytest.mark.parametrize("name", ["", "   ", "\u200b\u200d", "\x00"])
def test_a_name_of_which_nothing_is_seen_is_like_none(name: str) -> None:
    assert likeness(name) == ""
    assert likenesses(name) == frozenset()


@pytest.mark.parametrize("name", ["a" * 200, "\u0301" * 200, "\u202e\u2066x", "\ud800x", "\ufdfa" * 200])
def test_any_name_has_a_likeness(name: str) -> None:
    likeness(name).encode()
