from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crm.core import weeks

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@given(some.dates(date(1971, 1, 1), date(2200, 1, 1)))
def test_a_week_is_the_iso_week_of_its_days(on: date) -> None:
    year, number, _ = on.isocalendar()
    assert weeks.iso_name(weeks.week_of_date(on)) == f"{year}-W{number:02d}"
    assert weeks.from_iso_name(f"{year}-W{number:02d}") == weeks.week_of_date(on)


def test_sunday_evening_in_london_is_next_week_in_shanghai() -> None:
    at = datetime(2026, 1, 4, 20, 0, tzinfo=UTC)
    assert weeks.week_of(at, SHANGHAI) == weeks.week_of(at, ZoneInfo("UTC")) + 1


def test_a_week_begins_at_midnight_also_after_the_clocks_changed() -> None:
    week = weeks.from_iso_name("2026-W14")
    begins = weeks.starts_at(week, BERLIN)
    assert begins == datetime(2026, 3, 29, 22, 0, tzinfo=UTC)
    assert weeks.week_of(begins, BERLIN) == week
    assert weeks.week_of(begins - timedelta(microseconds=1), BERLIN) == week - 1


def test_a_week_is_shown_by_its_friday() -> None:
    assert weeks.friday(weeks.from_iso_name("2026-W01")) == date(2026, 1, 2)


@pytest.mark.parametrize("name", ["", "2026", "2026-W54", "W01-2026"])
def test_what_is_no_week_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        weeks.from_iso_name(name)
