"""What builds show and do for other rooms."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Table, exists, select

from crm.builds.actions.seats import merge_seats
from crm.builds.models import (
    Build,
    BuildAccess,
    BuildDownload,
    CheckIn,
    CheckInBatch,
    CheckInImport,
    FeedKey,
    Seat,
    SeatPolicy,
    Upload,
)
from crm.builds.queries import (
    builds_of,
    has_run,
    newest_builds,
    notes_in,
    notes_of,
    own_files,
    ran,
    runs_of,
    to_test_of,
)
from crm.builds.queries.seats import place_in_line, ruled_platforms, seats_of
from crm.builds.rules import PLATFORMS, RAN, CheckInKind
from crm.builds.rules.seats import SeatState
from crm.core import clock, programme
from crm.core.errors import NotUnderstood
from crm.core.guards import May
from crm.core.languages import current_language
from crm.core.offers import Condition, Event, NavItem, Owned, Panel, RoomOffers
from crm.people.models import Person

FEW = 5


def _whole(value: str) -> int:
    if not value.isdecimal() or len(value) > 9:
        raise NotUnderstood(_("“%(value)s” is no whole number.", value=value))
    return int(value)


def _has_build(value: str, _at: datetime) -> ColumnElement[bool]:
    return exists().where(BuildAccess.build_id == _whole(value), BuildAccess.person_id == Person.id)


def _downloaded_build(value: str, _at: datetime) -> ColumnElement[bool]:
    return exists().where(BuildDownload.build_id == _whole(value), BuildDownload.person_id == Person.id)


def _ran_build(value: str, _at: datetime) -> ColumnElement[bool]:
    return exists().where(CheckIn.person_id == Person.id, ran(_whole(value)))


def _ran_version(value: str, _at: datetime) -> ColumnElement[bool]:
    """As devices named it, registered or not."""
    return exists().where(CheckIn.person_id == Person.id, CheckIn.version == value, CheckIn.kind.in_(RAN))


def _reported_build(value: str, _at: datetime) -> ColumnElement[bool]:
    on_it = (CheckIn.build_id == _whole(value), CheckIn.kind == CheckInKind.REPORT)
    return exists().where(CheckIn.person_id == Person.id, *on_it)


def _checked_in(value: str, at: datetime) -> ColumnElement[bool]:
    since = at - timedelta(days=min(_whole(value), 36_500))
    return exists().where(CheckIn.person_id == Person.id, CheckIn.at >= since, CheckIn.at <= at)


def _platform(value: str, _at: datetime) -> ColumnElement[bool]:
    if value not in PLATFORMS:
        raise NotUnderstood(_("A platform is one of: %(platforms)s.", platforms=", ".join(PLATFORMS)))
    on_it = select(CheckIn.id).join(Build, Build.id == CheckIn.build_id)
    return on_it.where(CheckIn.person_id == Person.id, Build.platform == value, CheckIn.kind.in_(RAN)).exists()


SEATS = {
    "held": _l("holds a seat for"),
    "waiting": _l("waits for a seat for"),
    "warned": _l("was warned about a seat for"),
}


def _seat(value: str, _at: datetime) -> ColumnElement[bool]:
    platform, _colon, what = value.partition(":")
    if platform not in PLATFORMS or what not in SEATS:
        raise NotUnderstood(_("“%(value)s” is no kind of seat.", value=value))
    state = SeatState.WAITING if what == "waiting" else SeatState.HELD
    this = exists().where(Seat.person_id == Person.id, Seat.platform == platform, Seat.state == state)
    return this.where(Seat.warned_at.is_not(None)) if what == "warned" else this


def _seat_choices() -> list[tuple[str, str]]:
    return [(f"{one}:{what}", f"{said} {one}") for one in ruled_platforms() for what, said in SEATS.items()]


def _choices() -> list[tuple[str, str]]:
    return [(str(build.id), f"{build.platform} {build.version}") for build in newest_builds()]


def timeline(person_id: int, before: datetime | None, limit: int) -> list[Event]:
    """One line for a week and version, at its first check-in, not one for each heartbeat."""
    runs = runs_of(person_id, programme.required().tz, before, limit)
    return [
        Event(
            run.first_at,
            "check_in",
            _("Ran %(version)s", version=run.version),
            detail=_("%(count)s check-ins this week", count=run.count) if run.count > 1 else "",
        )
        for run in runs
    ]


def person_panel(person_id: int, at: datetime) -> dict[str, Any] | None:
    builds = builds_of(person_id, FEW, at)
    runs = runs_of(person_id, programme.required().tz, None, FEW)
    seats = seats_of(person_id)
    return {"builds": builds, "runs": runs, "seats": seats} if builds or runs or seats else None


def tester_panel(person_id: int, at: datetime) -> dict[str, Any]:
    """The newest build of each platform that this tester has, with their own link to each of its files."""
    newest: dict[str, Build] = {}
    for build, _since in builds_of(person_id, 50, at):
        newest.setdefault(build.platform, build)
    languages = programme.required().languages
    waiting = SeatState.WAITING
    seats = [(seat, place_in_line(seat) if seat.state is waiting else None) for seat in seats_of(person_id)]
    return {
        "seats": seats,
        "builds": [
            {
                "build": build,
                "notes": notes_in(notes_of(build.id), current_language(), languages),
                "to_test": notes_in(to_test_of(build.id), current_language(), languages),
                "files": own_files(build.id, person_id, clock.now()),
                "has_run": has_run(build.id, person_id),
            }
            for build in newest.values()
        ],
    }


def _owned(model: Any, column: str = "person_id", **told: Any) -> Owned:
    return Owned(cast(Table, model.__table__), column, **told)


def _merged(keep_id: int, lose_id: int, at: datetime) -> None:
    merge_seats(keep_id, lose_id, at)


OFFERS = RoomOffers(
    room="builds",
    owned=(
        _owned(CheckIn),
        _owned(CheckInBatch),
        _owned(BuildAccess),
        _owned(BuildDownload),
        _owned(Seat),
        _owned(FeedKey),
        _owned(SeatPolicy, "changed_by_id", forget="keep", exported=False),
        _owned(Build, "registered_by_id", forget="keep", exported=False),
        _owned(Upload, "by_id", forget="keep", exported=False),
        _owned(CheckInImport, "by_id", forget="keep", exported=False),
    ),
    timeline=timeline,
    merge=_merged,
    conditions=(
        Condition("has_build", _l("has access to the build"), "choice", _has_build, _choices),
        Condition("downloaded_build", _l("downloaded the build"), "choice", _downloaded_build, _choices),
        Condition("ran_build", _l("ran the build"), "choice", _ran_build, _choices),
        Condition("ran_version", _l("ran the version"), "text", _ran_version),
        Condition("reported_build", _l("reported on the build"), "choice", _reported_build, _choices),
        Condition("seat", _l("seat"), "choice", _seat, _seat_choices),
        Condition("checked_in_days", _l("ran a build in the last days"), "days", _checked_in),
        Condition("platform", _l("ran a build on"), "choice", _platform, lambda: [(name, name) for name in PLATFORMS]),
    ),
    navigation=(NavItem(_l("Builds"), "builds.listing", May.SEE, order=42, section=_l("Releases")),),
    person=(Panel("builds", "builds/_person.html", person_panel, order=40),),
    tester=(Panel("builds", "builds/_mine.html", tester_panel, order=10),),
)
