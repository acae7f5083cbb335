"""The schedules of trains."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Table, delete, or_, select

from campaigns.releases.actions.moves import cancel_release
from campaigns.releases.models import Release, Train, TrainHoliday, TrainWave
from campaigns.releases.queries import holidays_of, steps_of, train_or_404
from campaigns.releases.rules import (
    BEFORE_ANYBODY,
    EVERY_DAY,
    HOURS_OF_A_DAY,
    MOST_HOURS,
    Course,
    ReleaseState,
    in_order,
)
from crm.builds.rules import PLATFORMS
from crm.core import journal
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal

TRAIN = cast(Table, Train.__table__)
WAVE = cast(Table, TrainWave.__table__)
HOLIDAY = cast(Table, TrainHoliday.__table__)


class TrainKnown(Refusal):
    """There is a train of this name already."""


class StillPlanned(Refusal):
    """A train cannot become daily, or weekly, while it has a build to carry that nobody has yet."""


def course_of(train: Train) -> Course:
    return Course(
        train.freeze_hours,
        train.rehearsal_hours,
        train.goes_itself,
        train.core_audience_id,
        tuple(steps_of(train.id)),
        train.gate,
        {on: why for (_train, on), why in holidays_of([train.id]).items()},
    )


def version_of(train: Train) -> str:
    """Another one as soon as anything about the train is."""
    told = (train.weekday, train.local_time, train.zone, train.active, course_of(train))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _check(platform: str, weekday: int, zone: str) -> None:
    if platform not in PLATFORMS:
        raise NotUnderstood(_("A platform is one of: %(platforms)s.", platforms=", ".join(PLATFORMS)))
    if weekday not in range(8):
        raise NotUnderstood(_("A weekday is a number from 0 (Monday) to 6 (Sunday), or 7 for every day."))
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError) as error:
        raise NotUnderstood(_("%(zone)s is no time zone: write it like Asia/Shanghai.", zone=zone)) from error


def _check_course(course: Course, weekday: int) -> None:
    freeze, rehearsal = course.freeze_hours, course.rehearsal_hours
    if freeze is not None and not 0 < freeze <= MOST_HOURS:
        raise NotUnderstood(_("A train freezes from 1 to %(most)s hours before it leaves.", most=MOST_HOURS))
    if rehearsal is not None and not 0 < rehearsal <= (freeze or 0):
        raise NotUnderstood(_("A rehearsal comes after the freeze and before the train leaves."))
    if not in_order(course.steps):
        raise NotUnderstood(
            _("Waves go from staff over the core and shares of 1 to 99 percent to everybody, who follow any shares.")
        )
    gate = course.gate
    if (gate.ran_percent is not None and not 0 < gate.ran_percent <= 100) or not 0 < gate.hours <= 7 * 24:
        raise NotUnderstood(_("A gate asks for 1 to 100 percent within 1 to 168 hours."))
    if any(limit is not None and limit < 1 for limit in (gate.blockers, gate.crashes)):
        raise NotUnderstood(_("A limit for blockers or crashes is 1 at least: a gate closes when it is reached."))
    longest = max(freeze or 0, gate.hours if gate.ran_percent is not None else 0)
    if weekday == EVERY_DAY and longest >= HOURS_OF_A_DAY:
        raise NotUnderstood(_("A train that leaves every day freezes, rehearses and looks at runs within 23 hours."))


def _run_by(train: Train, course: Course) -> None:
    train.freeze_hours, train.rehearsal_hours = course.freeze_hours, course.rehearsal_hours
    train.goes_itself, train.core_audience_id = course.goes_itself, course.core_audience_id
    train.gate_percent, train.gate_hours = course.gate.ran_percent, course.gate.hours
    train.gate_blockers, train.gate_crashes = course.gate.blockers, course.gate.crashes
    session().flush()
    session().execute(delete(TrainWave).where(TrainWave.train_id == train.id))
    waves = [{"train_id": train.id, "position": at, **asdict(step)} for at, step in enumerate(course.steps)]
    insert_or_pass(WAVE, waves)
    session().execute(delete(TrainHoliday).where(TrainHoliday.train_id == train.id))
    insert_or_pass(HOLIDAY, [{"train_id": train.id, "day_on": on, "why": why} for on, why in course.holidays.items()])


def create_train(
    name: str, platform: str, weekday: int, local_time: time, zone: str, *, at: datetime, course: Course | None = None
) -> Train:
    """`weekday` 0 is Monday, EVERY_DAY each day; `local_time` is in `zone`. Raises TrainKnown for a name that is taken.

    Without a course it opens to staff and everybody at once.
    """
    name, course = name.strip(), course or Course()
    if not name:
        raise NotUnderstood(_("A train needs a name."))
    _check(platform, weekday, zone)
    _check_course(course, weekday)
    row = {
        "name": name,
        "platform": platform,
        "weekday": weekday,
        "local_time": local_time,
        "zone": zone,
        "active": True,
        "created_at": at,
        "goes_itself": True,
        "gate_hours": 24,
    }
    if not insert_or_pass(TRAIN, [row]):
        raise TrainKnown(_("There is a train %(name)s already.", name=name))
    train = session().scalars(select(Train).where(Train.name == name)).one()
    _run_by(train, course)
    journal.record("create_train", f"train:{train.id}", at=at, after=_told(train))
    return train


def change_train(
    train_id: int,
    *,
    weekday: int,
    local_time: time,
    zone: str,
    active: bool,
    at: datetime,
    course: Course | None = None,
) -> Train:
    """Releases that are planned already keep their time, but for those of a daily train that nobody has given a build;
    what is not frozen follows the new course.

    Those that nobody has yet are cancelled when the train does not run any more, or not on their day. Without a course,
    the train keeps the one it has. When it becomes daily, or weekly again, what was only prepared goes: raises
    StillPlanned when more than that waits.
    """
    train = train_or_404(train_id)
    _check(train.platform, weekday, zone)
    _check_course(course or course_of(train), weekday)
    before = _told(train)
    if train.daily != (weekday == EVERY_DAY):
        _clear_turns(train)
    elif train.daily and (train.local_time, train.zone, train.active) != (local_time, zone, active):
        _clear_prepared(train)  # they are prepared anew, at their new time
    train.weekday, train.local_time, train.zone, train.active = weekday, local_time, zone, active
    if course is not None:
        _run_by(train, course)
    session().flush()
    _cancel_what_does_not_leave(train, at)
    journal.record("change_train", f"train:{train_id}", at=at, before=before, after=_told(train))
    return train


def _clear_turns(train: Train) -> None:
    """Takes away the releases that were prepared and that nobody has given a build. Raises StillPlanned for others that
    nobody has yet; what people have runs to its end.
    """
    _clear_prepared(train)
    waiting = or_(Release.state.in_(BEFORE_ANYBODY), Release.held_from.in_(BEFORE_ANYBODY))
    others = select(Release.id).where(Release.train_id == train.id, waiting).order_by(Release.opens_at)
    if (count := len(session().scalars(others).all())) > 0:
        raise StillPlanned(
            _(
                "A train changes between weekly and every day only while nothing waits. "
                "Planned with a build, or on hold: %(count)s. Cancel these releases first, or let them leave.",
                count=count,
            )
        )


def _clear_prepared(train: Train) -> None:
    prepared = (Release.state == ReleaseState.PLANNED, Release.build_id.is_(None))
    session().execute(delete(Release).where(Release.train_id == train.id, *prepared))


def _day_of(release: Release, train: Train) -> date:
    """The date for which a release is. A weekly one keeps its time when the train's is changed."""
    if release.day:
        return release.turn.shown
    return release.opens_at.astimezone(ZoneInfo(train.zone)).date()


def _cancel_what_does_not_leave(train: Train, at: datetime) -> None:
    free = {on: why for (_train, on), why in holidays_of([train.id]).items()}
    query = select(Release).where(Release.train_id == train.id, Release.state.in_(BEFORE_ANYBODY))
    for release in session().scalars(query.order_by(Release.id)).all():
        on = _day_of(release, train)
        if not train.active:
            cancel_release(release.id, at, _("The train does not run any more."))
        elif on in free:
            cancel_release(release.id, at, free[on] or _("a holiday"))


def _told(train: Train) -> dict[str, Any]:
    course = course_of(train)
    waves = [f"{step.kind} {step.percent} %" if step.percent else step.kind for step in course.steps]
    gate = course.gate
    return {
        "name": train.name,
        "platform": train.platform,
        "weekday": train.weekday,
        "local_time": train.local_time.isoformat("minutes"),
        "zone": train.zone,
        "active": train.active,
        "waves": ", ".join(waves),
        **({"freeze_hours": course.freeze_hours} if course.freeze_hours else {}),
        **({"rehearsal_hours": course.rehearsal_hours} if course.rehearsal_hours else {}),
        **({"goes_itself": False} if not course.goes_itself else {}),
        **({"gate": f"{gate.ran_percent} % / {gate.hours} h"} if gate.ran_percent else {}),
        **({"blockers": gate.blockers} if gate.blockers else {}),
        **({"crashes": gate.crashes} if gate.crashes else {}),
        **({"holidays": ", ".join(on.isoformat() for on in sorted(course.holidays))} if course.holidays else {}),
    }
