"""Which build leaves in which week, for whom."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from flask_babel import gettext as _
from sqlalchemy import Table, case, delete, or_, select, update

from campaigns.releases.actions.moves import cancel_release, reason
from campaigns.releases.models import Release, Train, TrainHoliday
from campaigns.releases.queries import holidays_of, train_or_404
from campaigns.releases.rules import BEFORE_ANYBODY, WEEKS_AHEAD, ReleaseState, leaves_on, mark, moment_of, opens_at
from crm.builds.actions import free_build
from crm.builds.models import Build
from crm.core import journal, programme
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, NotUnderstood, Refusal
from crm.core.weeks import iso_name, monday, week_of

RELEASE = cast(Table, Release.__table__)
HOLIDAY = cast(Table, TrainHoliday.__table__)


class WeekTaken(Refusal):
    """A train leaves once a week."""


def plan_release(
    train_id: int,
    week: int,
    *,
    build_id: int | None,
    audience_id: int | None = None,
    at: datetime,
    by_id: int | None = None,
) -> Release:
    """The release of one week (core/weeks.py); no audience means all testers. Fills one that was prepared before.

    Raises WeekTaken when the week has its release, NotUnderstood for a build of another platform.
    """
    train = train_or_404(train_id)
    _fitting(build_id, train)
    not_over(week, at)
    known = session().scalar(select(Release).where(Release.train_id == train_id, Release.week == week))
    if known is None:
        made = _add(train, week, build_id=build_id, audience_id=audience_id, by_id=by_id)
        if made is not None:
            after = {"week": iso_name(week), "build": build_id}
            journal.record("plan_release", f"release:{made.id}", at=at, after=after)
            return made
    elif known.state is ReleaseState.PLANNED and known.build_id is None:
        return change_release(known.id, build_id=build_id, audience_id=audience_id, at=at)
    raise WeekTaken(_("%(train)s has its release of %(week)s already.", train=train.name, week=iso_name(week)))


def not_over(week: int, at: datetime) -> None:
    """Raises NotUnderstood for a week that has passed: what is planned late would leave at once."""
    if week < week_of(at, programme.required().tz):
        raise NotUnderstood(_("%(week)s is over: plan a week that is still to come.", week=iso_name(week)))


def _fitting(build_id: int | None, train: Train) -> None:
    if build_id is None:
        return
    build = session().get(Build, build_id)
    if build is None:
        raise NotThere(_("There is no such build."))
    if build.platform != train.platform:
        raise NotUnderstood(
            _("%(train)s carries builds for %(platform)s only.", train=train.name, platform=train.platform)
        )
    if build.withdrawn_at is not None:
        raise NotUnderstood(_("%(version)s has been withdrawn: choose another build.", version=build.version))


def _add(
    train: Train, week: int, *, build_id: int | None, audience_id: int | None, by_id: int | None
) -> Release | None:
    """None when somebody else has just planned this week."""
    row = {
        "train_id": train.id,
        "week": week,
        "leaves_local": datetime.combine(leaves_on(monday(week), train.weekday), train.local_time).isoformat(),
        "zone": train.zone,
        "opens_at": opens_at(monday(week), train.weekday, train.local_time, train.zone),
        "build_id": build_id,
        "audience_id": audience_id,
        "state": ReleaseState.PLANNED,
        "why": "",
        "created_by_id": by_id,
    }
    if not insert_or_pass(RELEASE, [row]):
        return None
    return session().scalars(select(Release).where(Release.train_id == train.id, Release.week == week)).one()


def change_release(release_id: int, *, build_id: int | None, audience_id: int | None, at: datetime) -> Release:
    """Another build or audience, as long as it is planned, or on hold before anybody has it: it is then frozen anew.

    Raises MoveRefused afterwards.
    """
    release = session().get(Release, release_id)
    if release is None:
        raise NotThere(_("There is no such release."))
    before = {"build": release.build_id, "audience": release.audience_id}
    _fitting(build_id, train_or_404(release.train_id))
    changed = session().execute(
        update(Release)
        .where(
            Release.id == release_id,
            or_(Release.state == ReleaseState.PLANNED, Release.held_from.in_(BEFORE_ANYBODY)),
        )
        .values(
            build_id=build_id,
            audience_id=audience_id,
            held_from=case((Release.state == ReleaseState.HELD, ReleaseState.PLANNED)),
            frozen_at=None,
        )
        .returning(Release.id)
    )
    if changed.first() is None:
        raise MoveRefused(_("This release has moved on already: look at it again."))
    free_build(mark(release_id))
    after = {"build": build_id, "audience": audience_id}
    journal.record("change_release", f"release:{release_id}", at=at, before=before, after=after)
    return session().get_one(Release, release_id, populate_existing=True)


def prepare_weeks(at: datetime) -> int:
    """Gives every running train its releases of the coming weeks, still without a build; returns how many are new.

    A week in which it would leave on one of its holidays stays empty.
    """
    known = programme.current()
    if known is None:
        return 0
    first, made = week_of(at, known.tz), 0
    for train in session().scalars(select(Train).where(Train.active)):
        free = holidays_of([train.id])
        for week in range(first, first + WEEKS_AHEAD):
            if (train.id, leaves_on(monday(week), train.weekday)) in free:
                continue
            if opens_at(monday(week), train.weekday, train.local_time, train.zone) > at:
                made += _add(train, week, build_id=None, audience_id=None, by_id=None) is not None
    return made


def follow_zones(at: datetime) -> int:
    """Releases that have not opened leave at the local time that was meant, by the rules their zones have now.

    Returns for how many the moment changed.
    """
    ahead = (Release.opens_at > at, Release.opened_at.is_(None), Release.leaves_local.is_not(None))
    changed = 0
    for release in session().scalars(select(Release).where(*ahead).order_by(Release.id)).all():
        assert release.leaves_local is not None
        assert release.zone is not None
        meant = moment_of(datetime.fromisoformat(release.leaves_local), release.zone)
        if meant != release.opens_at:
            before, release.opens_at = release.opens_at, meant
            was, now = {"opens_at": before.isoformat()}, {"opens_at": meant.isoformat()}
            journal.record("follow_zone", f"release:{release.id}", at=at, before=was, after=now)
            changed += 1
    session().flush()
    return changed


def skip_week(train_id: int, week: int, why: str, at: datetime) -> None:
    """The train does not leave in this week; a release of it that nobody has yet is cancelled.

    Raises MoveRefused when the week has been skipped already, or its release has begun.
    """
    train, why = train_or_404(train_id), reason(why)
    on = leaves_on(monday(week), train.weekday)
    if not insert_or_pass(HOLIDAY, [{"train_id": train_id, "day_on": on, "why": why}]):
        raise MoveRefused(_("This week is skipped already."))
    known = session().scalar(select(Release).where(Release.train_id == train_id, Release.week == week))
    if known is not None and known.state is not ReleaseState.CANCELLED:
        cancel_release(known.id, at, why)
    journal.record("skip_week", f"train:{train_id}", at=at, after={"week": iso_name(week), "why": why})


def unskip_week(train_id: int, week: int, at: datetime) -> None:
    """It leaves in this week after all; what was planned in it has to be planned again."""
    train = train_or_404(train_id)
    on = leaves_on(monday(week), train.weekday)
    gone = session().execute(
        delete(TrainHoliday)
        .where(TrainHoliday.train_id == train_id, TrainHoliday.day_on == on)
        .returning(TrainHoliday.day_on)
    )
    if gone.first() is None:
        raise MoveRefused(_("This week is not skipped."))
    journal.record("unskip_week", f"train:{train_id}", at=at, after={"week": iso_name(week)})
