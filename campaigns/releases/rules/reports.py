"""The weekly report: how long it is open, when one is reminded of it. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.releases.rules.releases import moment_of

LONGEST_LINE = 200
MARKS = range(1, 6)
TUESDAY = 1
BEFORE_THE_END = timedelta(hours=31)
"""From Monday 17:00 to the end of Tuesday."""


def report_ends_at(opened_at: datetime, zone: str) -> datetime:
    """The end of the first Tuesday after the day of the opening, in the train's zone; in UTC."""
    day = opened_at.astimezone(ZoneInfo(zone)).date()
    days = (TUESDAY - day.weekday()) % 7 or 7
    return moment_of(datetime.combine(day + timedelta(days=days + 1), time()), zone)


def last_moment(end: datetime) -> datetime:
    """The last minute before the end, which readers take for the day that it belongs to."""
    return end - timedelta(minutes=1)


def reminder_at(opened_at: datetime, zone: str) -> datetime:
    """When those who ran the build and have not answered are reminded, once."""
    return report_ends_at(opened_at, zone) - BEFORE_THE_END


def occasion(release_id: int) -> str:
    """Of the reminder's letter."""
    return f"report:{release_id}"
