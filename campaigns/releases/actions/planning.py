"""Which build leaves in which turn of a train, for whom."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import cast

from flask_babel import gettext as _
from sqlalchemy import Table, case, delete, or_, select, update

from campaigns.releases.actions.moves import cancel_release, not_over, not_skipped, plan_again, reason
from campaigns.releases.models import Release, Train, TrainHoliday
from campaigns.releases.queries import holidays_of, train_or_404, turn_or_404, turns_of
from campaigns.releases.rules import (
    BEFORE_ANYBODY,
    DAYS_AHEAD,
    WEEKS_AHEAD,
    ReleaseState,
    Turn,
    mark,
    moment_of,
)
from crm.builds.actions import free_build
from crm.builds.models import Build
from crm.core import journal, programme
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, NotUnderstood, Refusal

RELEASE = cast(Table, Release.__table__)
HOLIDAY = cast(Table, TrainHoliday.__table__)


class TurnTaken(Refusal):
    """A train leaves once a week, or once a day."""


def plan_release(
    train_id: int,
    week: int,
    day: int = 0,
    *,
    build_id: int | None,
    audience_id: int | None = None,
    at: datetime,
    by_id: int | None = None,
) -> Release:
    """The release of one turn (rules/turns.py); no audience means all testers. Fills one that was prepared before, and
    one of a daily train that was cancelled, such as for want of a build.

    Raises NotThere for a turn that the train does not have, TurnTaken when it has its release, MoveRefused for one
    that is skipped, NotUnderstood for a build of another platform.
    """
    train = train_or_404(train_id)
    turn = turn_or_404(train, week, day)
    _fitting(build_id, train)
    not_over(train, turn, at)
    not_skipped(train, turn)
    known = _known(train_id, turn)
    if known is None:
        made = _add(train, turn, build_id=build_id, audience_id=audience_id, by_id=by_id)
        if made is not None:
            after = {**_told(turn), "build": build_id}
            journal.record("plan_release", f"release:{made.id}", at=at, after=after)
            return made
    elif known.state is ReleaseState.PLANNED and known.build_id is None:
        return change_release(known.id, build_id=build_id, audience_id=audience_id, at=at)
    elif known.state is ReleaseState.CANCELLED and turn.day and build_id is not None:
        plan_again(known.id, at)
        return change_release(known.id, build_id=build_id, audience_id=audience_id, at=at)
    raise TurnTaken(
        _("%(train)s has its release of %(day)s already.", train=train.name, day=turn.name)
        if turn.day
        else _("%(train)s has its release of %(week)s already.", train=train.name, week=turn.name)
    )


def _known(train_id: int, turn: Turn) -> Release | None:
    same = (Release.train_id == train_id, Release.week == turn.week, Release.day == turn.day)
    return session().scalar(select(Release).where(*same))


def _told(turn: Turn) -> dict[str, str]:
    """For the journal."""
    return {"day" if turn.day else "week": turn.name}


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
    train: Train, turn: Turn, *, build_id: int | None, audience_id: int | None, by_id: int | None
) -> Release | None:
    """None when somebody else has just planned this turn."""
    row = {
        "train_id": train.id,
        "week": turn.week,
        "day": turn.day,
        "leaves_local": datetime.combine(train.leaves_on(turn), train.local_time).isoformat(),
        "zone": train.zone,
        "opens_at": train.opens_at(turn),
        "build_id": build_id,
        "audience_id": audience_id,
        "state": ReleaseState.PLANNED,
        "why": "",
        "created_by_id": by_id,
    }
    if not insert_or_pass(RELEASE, [row]):
        return None
    return _known(train.id, turn)


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

    A daily train gets those of today and the six days after it: a night's build is seldom known earlier, and more would
    bury the others in the lists. A week or day on which it would leave on one of its holidays stays empty.
    """
    if programme.current() is None:
        return 0
    made = 0
    for train in session().scalars(select(Train).where(Train.active)):
        free = holidays_of([train.id])
        for turn in turns_of(train, at, range(WEEKS_AHEAD), range(DAYS_AHEAD)):
            if (train.id, train.leaves_on(turn)) not in free and train.opens_at(turn) > at:
                made += _add(train, turn, build_id=None, audience_id=None, by_id=None) is not None
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


def skip_turn(train_id: int, week: int, day: int, why: str, at: datetime) -> None:
    """The train does not leave in this week, or on this day; a release of it that nobody has yet is cancelled.

    Raises MoveRefused when it has been skipped already, or its release has begun.
    """
    train, why = train_or_404(train_id), reason(why)
    turn = turn_or_404(train, week, day)
    if not insert_or_pass(HOLIDAY, [{"train_id": train_id, "day_on": train.leaves_on(turn), "why": why}]):
        raise MoveRefused(_("This day is skipped already.") if turn.day else _("This week is skipped already."))
    known = _known(train_id, turn)
    if known is not None and known.state is not ReleaseState.CANCELLED:
        cancel_release(known.id, at, why)
    told = {**_told(turn), "why": why}
    journal.record("skip_day" if turn.day else "skip_week", f"train:{train_id}", at=at, after=told)


def unskip_turn(train_id: int, week: int, day: int, at: datetime) -> None:
    """It leaves in this week, or on this day, after all; what had a build then has to be planned again."""
    train = train_or_404(train_id)
    turn = turn_or_404(train, week, day)
    gone = session().execute(
        delete(TrainHoliday)
        .where(TrainHoliday.train_id == train_id, TrainHoliday.day_on == train.leaves_on(turn))
        .returning(TrainHoliday.day_on)
    )
    if gone.first() is None:
        raise MoveRefused(_("This day is not skipped.") if turn.day else _("This week is not skipped."))
    journal.record("unskip_day" if turn.day else "unskip_week", f"train:{train_id}", at=at, after=_told(turn))
    known = _known(train_id, turn)
    if known is not None and known.state is ReleaseState.CANCELLED and known.build_id is None:
        with suppress(MoveRefused):  # it is over
            plan_again(known.id, at)
