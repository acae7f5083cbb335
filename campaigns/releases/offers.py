"""What releases show for other rooms: the week on Home, and their place in the navigation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Table

from campaigns.releases.models import Release, Wave, WeeklyReport
from campaigns.releases.queries import (
    holidays_of,
    page_token,
    planned_weeks,
    release_titles,
    releases_of_week,
    standing_still,
    trains,
)
from campaigns.releases.queries.reports import open_for, report_of
from campaigns.releases.rules import ReleaseState, leaves_on, opens_at
from crm.builds.queries import build_or_404
from crm.core import programme
from crm.core.guards import May, door
from crm.core.offers import NavItem, Owned, Panel, RoomOffers
from crm.core.weeks import monday, week_of

WORKDAYS = 5
STATES = {
    ReleaseState.PLANNED: _l("planned"),
    ReleaseState.FROZEN: _l("frozen"),
    ReleaseState.REHEARSED: _l("rehearsed"),
    ReleaseState.OPENING: _l("opening"),
    ReleaseState.OPEN: _l("open"),
    ReleaseState.HELD: _l("on hold"),
    ReleaseState.CLOSED: _l("closed"),
    ReleaseState.CANCELLED: _l("cancelled"),
    ReleaseState.ROLLED_BACK: _l("taken back"),
}


@dataclass(frozen=True)
class Departure:
    """A train leaves in this week: with a release, or with none planned."""

    at: datetime
    title: str
    state: str
    url: str | None


def _departures(week: int, zone: ZoneInfo) -> list[Departure]:
    running = [train for train in trains() if train.active]
    known = planned_weeks([train.id for train in running], week, week)
    found = [
        Departure(
            release.opens_at.astimezone(zone),
            title,
            str(STATES[release.state]),
            url_for("releases.show", release_id=release.id),
        )
        for release, title in release_titles(releases_of_week(week))
    ]
    free = holidays_of([train.id for train in running])
    for train in running:
        if (train.id, week) not in known and (train.id, leaves_on(monday(week), train.weekday)) not in free:
            at = opens_at(monday(week), train.weekday, train.local_time, train.zone).astimezone(zone)
            url = door("releases.plan", train_id=train.id, week=week)
            found.append(Departure(at, train.name, _("not planned"), url))
    return found


def _day(on: date, today: date, leaving: list[Departure]) -> dict[str, Any]:
    here = [departure for departure in leaving if departure.at.date() == on]
    notes = [
        {"title": one.title, "url": one.url, "note": f"{one.at:%H:%M} · {one.state}"}
        for one in sorted(here, key=lambda one: one.at)
    ]
    return {"day": on, "today": on == today, "past": on < today, "opening": bool(here), "notes": notes}


def week_panel(_person_id: int, at: datetime) -> dict[str, Any] | None:
    """This week's days and the trains that leave on them; a weekend only when one leaves on it."""
    zone = programme.required().tz
    week, today = week_of(at, zone), at.astimezone(zone).date()
    leaving = _departures(week, zone)
    if not leaving:
        return None
    last = max(WORKDAYS, *(departure.at.weekday() + 1 for departure in leaving))
    first = monday(week)
    return {"days": [_day(first + timedelta(days=n), today, leaving) for n in range(last)]}


def stopped_panel(_person_id: int, at: datetime) -> dict[str, Any] | None:
    """Releases that go no further by themselves: on hold, waiting at a gate, or for somebody to let them go."""
    found = standing_still(at)
    return {"stopped": found} if found else None


def report_panel(person_id: int, at: datetime) -> dict[str, Any] | None:
    """The weekly report on the newest build that the tester has, as long as it is open."""
    release = open_for(person_id, at)
    if release is None or release.build_id is None:
        return None
    return {
        "version": build_or_404(release.build_id).version,
        "written": report_of(release.id, person_id) is not None,
        "url": url_for("releases.report", token=page_token(release.id, person_id)),
    }


OFFERS = RoomOffers(
    room="releases",
    owned=(
        Owned(cast(Table, Release.__table__), "created_by_id", forget="keep", exported=False),
        Owned(cast(Table, WeeklyReport.__table__)),
        Owned(cast(Table, Wave.__table__), "overruled_by_id", forget="keep", exported=False),
    ),
    home=(
        Panel("week", "releases/_week.html", week_panel, order=10, may=May.SEE),
        Panel("stopped", "releases/_stopped.html", stopped_panel, order=12, may=May.SEE),
    ),
    tester=(Panel("report", "releases/_report_panel.html", report_panel, order=15),),
    navigation=(NavItem(_l("Releases"), "releases.listing", May.SEE, order=40),),
)
