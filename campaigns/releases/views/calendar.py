"""The turns of trains as a calendar that other programs read: a link of one's own, without signing in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask import make_response
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.releases.models import Release
from campaigns.releases.offers import STATES
from campaigns.releases.queries import CalendarTurn, read_calendar_token, turns_of_trains
from campaigns.releases.rules import BEFORE_ANYBODY, ReleaseState
from campaigns.releases.views import bp
from crm.accounts.queries import credential_of
from crm.builds.queries import standing_person
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotAllowed
from crm.core.guards import by_link
from crm.core.languages import speak_to
from crm.core.tokens import whole_address
from crm.people.models import Person

if TYPE_CHECKING:
    from icalendar import Event

WEEKS = range(-8, 27)
"""The coming half year, and two months to look back on."""
DAYS = range(-7, 14)
"""Of a daily train: two weeks from today, and one to look back on. More would bury what else a calendar holds."""
LASTS = timedelta(minutes=30)
OVER = frozenset({ReleaseState.CANCELLED, ReleaseState.ROLLED_BACK})


def _status(release: Release | None) -> str:
    if release is not None and release.state in OVER:
        return "CANCELLED"
    if release is None or release.build_id is None or release.state is ReleaseState.HELD:
        return "TENTATIVE"
    return "CONFIRMED"


def _told(one: CalendarTurn) -> str:
    """What still comes before it."""
    lines = []
    state = one.release.state if one.release is not None else ReleaseState.PLANNED
    if one.train.freeze_hours and state is ReleaseState.PLANNED:
        lines.append(_("Freezes %(hours)s hours before.", hours=one.train.freeze_hours))
    if one.train.rehearsal_hours and state in BEFORE_ANYBODY:
        lines.append(_("Rehearses %(hours)s hours before.", hours=one.train.rehearsal_hours))
    return "\n".join(lines)


def _event(one: CalendarTurn, host: str, at: datetime) -> Event:
    from icalendar import Event  # noqa: PLC0415 -- 3 MB in each process, for a link that few follow

    event, release = Event(), one.release
    state = STATES[release.state] if release else _("not planned")
    turn = f"day-{one.turn.name}" if one.turn.day else f"week-{one.turn.week}"
    event.add("uid", f"train-{one.train.id}-{turn}@{host}")
    event.add("dtstamp", at)
    event.add("dtstart", one.opens_at)
    event.add("dtend", one.opens_at + LASTS)
    event.add("summary", " ".join(filter(None, [one.train.name, one.version, f"({state})"])))
    event.add("status", _status(release))
    event.add("transp", "TRANSPARENT")
    if release is not None:
        event.add("url", whole_address(f"/releases/{release.id}"))
    if told := _told(one):
        event.add("description", told)
    return event


def calendar_of(at: datetime) -> bytes:
    """RFC 5545. Weekly trains are told for half a year, daily ones for two weeks. Moments are told in UTC, so that no
    reader needs to know the rules of a train's zone.
    """
    from icalendar import Calendar  # noqa: PLC0415 -- as above

    known = programme.required()
    host = whole_address("/").split("/")[2].partition(":")[0]
    calendar = Calendar()
    calendar.add("prodid", "-//Seedbed//Releases//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("Releases of %(programme)s", programme=known.name))
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for one in turns_of_trains(at, WEEKS, DAYS):
        if one.skipped is None and (one.release is not None or one.opens_at > at):
            calendar.add_component(_event(one, host, at))
    return bytes(calendar.to_ical())


@bp.get("/calendar/<token>.ics")
@by_link
def feed(token: str) -> Response:
    """The link works as long as its owner's account does."""
    person_id = standing_person(read_calendar_token(token))
    account = credential_of(person_id)
    if account is None or account.disabled_at is not None:
        raise NotAllowed(_("This link gives no access any more. Sign in to see the releases."))
    person = session().get(Person, person_id)
    speak_to(person.language if person else None)
    response = make_response(calendar_of(programme.moment()))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8"
    response.headers["Content-Disposition"] = 'inline; filename="releases.ics"'
    response.cache_control.private = True
    response.cache_control.max_age = 900
    return response
