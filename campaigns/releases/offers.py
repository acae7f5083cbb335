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
    CalendarTurn,
    page_token,
    release_titles,
    releases_of_week,
    standing_still,
    turns_of_trains,
)
from campaigns.releases.queries.reports import open_for, report_of
from campaigns.releases.rules import DAYS_AHEAD, ReleaseState
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


def _of_turn(one: CalendarTurn, zone: ZoneInfo) -> Departure:
    at, release = one.opens_at.astimezone(zone), one.release
    if release is not None:
        url = url_for("releases.show", release_id=release.id)
        return Departure(at, " ".join(filter(None, [one.train.name, one.version])), str(STATES[release.state]), url)
    turn = door("releases.plan", train_id=one.train.id, week=one.turn.week, day=one.turn.day)
    return Departure(at, one.train.name, _("not planned"), turn)


def _departures(now: datetime, zone: ZoneInfo) -> list[Departure]:
    """Of this week: each release of a weekly train, and of a daily one, which would fill it alone, the next."""
    week = week_of(now, zone)
    found = [
        Departure(
            release.opens_at.astimezone(zone),
            title,
            str(STATES[release.state]),
            url_for("releases.show", release_id=release.id),
        )
        for release, title in release_titles(releases_of_week(week))
    ]
    turns = [one for one in turns_of_trains(now, range(1), range(DAYS_AHEAD)) if one.is_ahead]
    found += [_of_turn(one, zone) for one in turns if not one.turn.day and one.release is None]
    nights: dict[int, CalendarTurn] = {}
    for one in turns:
        if one.turn.day and one.opens_at > now and week_of(one.opens_at, zone) == week:
            nights.setdefault(one.train.id, one)
    return found + [_of_turn(one, zone) for one in nights.values()]


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
    leaving = _departures(at, zone)
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
