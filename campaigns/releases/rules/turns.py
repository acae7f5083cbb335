"""Turns of a train: the weeks, or of a daily one the days, in which it leaves; a release is for one of them. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from crm.core.weeks import friday, iso_name, monday, week_of_date

EVERY_DAY = 7
"""Stands in the place of a train's weekday when it leaves every day."""
HOURS_OF_A_DAY = 24
"""What a daily train does before it leaves, and what its gate looks at, takes less than that."""


class Turn(NamedTuple):
    """`week` as in core/weeks.py; `day` is 1 (Monday) to 7 for a daily train, and 0 for one that leaves once a week."""

    week: int
    day: int = 0

    def on(self, weekday: int) -> date:
        """The date on which the train leaves, in its own zone; `weekday` is that of a weekly one."""
        return monday(self.week) + timedelta(days=self.day - 1 if self.day else weekday)

    @property
    def shown(self) -> date:
        """The date that names it to readers: its own, or the Friday of its week."""
        return self.on(0) if self.day else friday(self.week)

    @property
    def name(self) -> str:
        """`2026-W23`, or `2026-06-05` for a day."""
        return self.shown.isoformat() if self.day else iso_name(self.week)


def turn_on(on: date) -> Turn:
    """The turn of a daily train on this date."""
    return Turn(week_of_date(on), on.isoweekday())
