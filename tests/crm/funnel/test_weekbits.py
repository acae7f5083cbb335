"""Words of 64 weeks against lists of weeks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crm.funnel.rules.weekbits import at_least, history, in_window, lowest, positions, signed, words_of

weeks = st.sets(st.integers(0, 400))


@given(weeks)
def test_words_keep_every_week_and_survive_the_sign(found: set[int]) -> None:
    words = {era: signed(word) for era, word in words_of(found).items()}
    assert all(-(2**63) <= word < 2**63 for word in words.values())
    assert set(positions(history(words.items(), 0))) == found


@given(weeks, st.integers(1, 64), st.integers(1, 64))
def test_at_least_counts_each_window(found: set[int], needed: int, window: int) -> None:
    bits = sum(1 << week for week in found)
    expected = {i for i in range(420) if len(found & set(range(i - window + 1, i + 1))) >= needed}
    assert set(positions(at_least(bits, needed, window, 420))) == expected


@given(weeks, st.integers(0, 400), st.integers(1, 64))
def test_in_window_counts_one_window(found: set[int], end: int, window: int) -> None:
    bits = sum(1 << week for week in found)
    assert in_window(bits, end, window) == len(found & set(range(end - window + 1, end + 1)))


def test_no_bit_has_no_lowest() -> None:
    assert lowest(0) == -1
