"""Heat against its definition: sum of 2^(-(now - t) / 14 days) over supporters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crm.feedback.rules import COLD, HALF_LIFE, heat_at, heat_of, tokens, warmed

START = datetime(2025, 1, 1, tzinfo=UTC)
moments = some.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
supporters = some.lists(moments, min_size=1, max_size=40)


def by_definition(all_moments: list[datetime], now: datetime) -> float:
    return float(sum(2.0 ** (-((now - at) / HALF_LIFE)) for at in all_moments))


@given(supporters, some.integers(0, 400))
def test_the_stored_heat_gives_the_defined_heat_at_any_later_moment(all_moments: list[datetime], days: int) -> None:
    now = max(all_moments) + timedelta(days=days)
    assert heat_at(heat_of(all_moments), now) == pytest.approx(by_definition(all_moments, now), rel=1e-9)


@given(supporters, supporters, some.integers(0, 400))
def test_the_order_by_the_stored_heat_is_the_order_by_heat_at_any_later_moment(
    one: list[datetime], other: list[datetime], days: int
) -> None:
    now = max(one + other) + timedelta(days=days)
    first, second = by_definition(one, now), by_definition(other, now)
    if first != pytest.approx(second, rel=1e-9):
        assert (heat_of(one) > heat_of(other)) is (first > second)


@given(supporters)
def test_one_supporter_after_the_other_is_the_same_as_all_at_once_in_any_order(all_moments: list[datetime]) -> None:
    heat = COLD
    for at in all_moments:
        heat = warmed(heat, at)
    assert heat == pytest.approx(heat_of(all_moments), abs=1e-9)
    assert heat_of(all_moments) == pytest.approx(heat_of(list(reversed(all_moments))), abs=1e-12)


@given(moments)
def test_a_supporter_of_this_moment_counts_one_and_one_of_two_weeks_ago_a_half(at: datetime) -> None:
    assert heat_at(heat_of([at]), at) == pytest.approx(1.0)
    assert heat_at(heat_of([at]), at + HALF_LIFE) == pytest.approx(0.5)
    assert heat_at(warmed(COLD, at, weight=3.0), at) == pytest.approx(3.0)


def test_a_request_that_nobody_needs_is_colder_than_any_other() -> None:
    assert heat_of([]) == COLD
    assert heat_at(COLD, START) == 0.0
    assert heat_of([datetime(1971, 1, 1, tzinfo=UTC)]) > COLD


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Wi-Fi drops after 锁屏断网", ["wi", "fi", "drops", "after", "锁屏", "屏断", "断网"]),
        ("ＷｉＦｉ WIFI", ["wifi"]),
        ("卡", ["卡"]),
        ("!!! …", []),
        ("バッテリー", ["バッ", "ッテ", "テリ", "リー"]),
    ],
)
def test_words_and_pairs_of_characters_are_what_a_title_is_found_by(text: str, found: list[str]) -> None:
    assert tokens(text) == found
