"""Weeks are ISO weeks in the programme's zone, numbered from the Monday 1970-01-05; shown by their Friday."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FIRST_MONDAY = date(1970, 1, 5)
END = (date.max - FIRST_MONDAY).days // 7
"""The first number whose week the calendar does not hold whole, in every zone."""


def is_week(number: int) -> bool:
    """Whether a number from outside is one of a week whose days can be told."""
    return 0 <= number < END


def week_of(at: datetime, zone: ZoneInfo) -> int:
    """The number of the week in which an aware moment falls in that zone."""
    return (at.astimezone(zone).date() - FIRST_MONDAY).days // 7


def week_of_date(on: date) -> int:
    return (on - FIRST_MONDAY).days // 7


def monday(week: int) -> date:
    return FIRST_MONDAY + timedelta(weeks=week)


def friday(week: int) -> date:
    return monday(week) + timedelta(days=4)


def starts_at(week: int, zone: ZoneInfo) -> datetime:
    """The first moment of the week, in UTC."""
    return datetime.combine(monday(week), time(), zone).astimezone(UTC)


def iso_name(week: int) -> str:
    """`2025-W01`."""
    year, number, _ = monday(week).isocalendar()
    return f"{year}-W{number:02d}"


def from_iso_name(name: str) -> int:
    """Raises ValueError when it is not a week such as `2025-W01`."""
    year, _, number = name.partition("-W")
    return week_of_date(date.fromisocalendar(int(year), int(number), 1))
