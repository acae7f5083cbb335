"""Which turns a train has."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from campaigns.releases.models import Train
from campaigns.releases.rules import Turn, turn_on
from crm.core import programme
from crm.core.errors import NotThere
from crm.core.weeks import is_week, week_of


def turn_or_404(train: Train, week: int, day: int) -> Turn:
    """Raises NotThere for a week or day that no calendar has, or in which this train has no departure of its own."""
    if not is_week(week):
        raise NotThere(_("There is no such week."))
    turn = Turn(week, day)
    if day not in range(8):
        raise NotThere(_("A day of a week is a number from 1 (Monday) to 7 (Sunday)."))
    if not train.leaves_in(turn):
        raise NotThere(
            _("%(train)s leaves every day: choose a day, not a week.", train=train.name)
            if train.daily
            else _("%(train)s leaves once a week: choose a week, not a day.", train=train.name)
        )
    return turn


def running_turn(train: Train, at: datetime) -> Turn:
    """The week of the programme, or the day in a daily train's own zone, which this moment is in."""
    if train.daily:
        return turn_on(at.astimezone(ZoneInfo(train.zone)).date())
    return Turn(week_of(at, programme.required().tz))


def turns_of(train: Train, at: datetime, weeks: range, days: range) -> list[Turn]:
    """A weekly train's turns in these weeks, a daily one's on these days; both count from the running one, 0."""
    now = running_turn(train, at)
    if train.daily:
        return [turn_on(now.shown + timedelta(days=n)) for n in days]
    return [Turn(now.week + n) for n in weeks]
