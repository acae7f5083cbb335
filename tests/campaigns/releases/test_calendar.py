"""When a train leaves: in its own zone, right when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from campaigns.releases.rules import RELEASE_MOVES, ReleaseState, opens_at


def test_orange_friday_in_shanghai() -> None:
    assert opens_at(date(2026, 6, 5), time(17), "Asia/Shanghai") == datetime(2026, 6, 5, 9, tzinfo=UTC)


def test_the_same_local_time_in_summer_and_in_winter() -> None:
    assert opens_at(date(2026, 3, 27), time(17), "Europe/Berlin") == datetime(2026, 3, 27, 16, tzinfo=UTC)
    assert opens_at(date(2026, 4, 3), time(17), "Europe/Berlin") == datetime(2026, 4, 3, 15, tzinfo=UTC)


def test_an_hour_that_the_clock_skips_is_moved_on_by_the_skip() -> None:
    skipped = opens_at(date(2026, 3, 29), time(2, 30), "Europe/Berlin")
    assert skipped == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30 there


def test_an_hour_that_comes_twice_is_the_first() -> None:
    twice = opens_at(date(2026, 10, 25), time(2, 30), "Europe/Berlin")
    assert twice == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_every_state_has_its_moves_and_the_last_one_none() -> None:
    assert set(RELEASE_MOVES) == set(ReleaseState)
    assert RELEASE_MOVES[ReleaseState.CLOSED] == frozenset()


@pytest.mark.parametrize("state", ReleaseState)
def test_no_state_moves_to_itself(state: ReleaseState) -> None:
    assert state not in RELEASE_MOVES[state]
