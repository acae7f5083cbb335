"""What releases show for other rooms: the week on Home, and their place in the navigation."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Table

from campaigns.releases.models import Release
from campaigns.releases.queries import release_titles, releases_of_week
from campaigns.releases.rules import ReleaseState
from crm.core import programme
from crm.core.guards import May
from crm.core.offers import NavItem, Owned, Panel, RoomOffers
from crm.core.weeks import monday, week_of

WORKDAYS = 5
STATES = {
    ReleaseState.PLANNED: _l("planned"),
    ReleaseState.OPENING: _l("opening"),
    ReleaseState.OPEN: _l("open"),
    ReleaseState.CLOSED: _l("closed"),
    ReleaseState.CANCELLED: _l("cancelled"),
}


def _day(on: date, today: date, leaving: list[tuple[Release, str]], zone: ZoneInfo) -> dict[str, Any]:
    here = [(release, title) for release, title in leaving if release.opens_at.astimezone(zone).date() == on]
    item: dict[str, Any] = {"day": on, "today": on == today, "past": on < today, "opening": bool(here)}
    if here:
        release, title = here[0]
        at = release.opens_at.astimezone(zone)
        item |= {
            "title": title,
            "url": url_for("releases.show", release_id=release.id),
            "note": f"{at:%H:%M} · {STATES[release.state]}",
        }
    return item


def week_panel(_person_id: int, at: datetime) -> dict[str, Any] | None:
    """This week's days and the releases on them; a weekend only when a train leaves on it."""
    zone = programme.required().tz
    week, today = week_of(at, zone), at.astimezone(zone).date()
    leaving = release_titles(releases_of_week(week))
    if not leaving:
        return None
    last = max(WORKDAYS, *(release.opens_at.astimezone(zone).weekday() + 1 for release, _title in leaving))
    first = monday(week)
    return {"days": [_day(first + timedelta(days=n), today, leaving, zone) for n in range(last)]}


OFFERS = RoomOffers(
    room="releases",
    owned=(Owned(cast(Table, Release.__table__), "created_by_id", forget="keep", exported=False),),
    home=(Panel("week", "releases/_week.html", week_panel, order=10, may=May.SEE),),
    navigation=(NavItem(_l("Releases"), "releases.listing", May.SEE, order=40),),
)
