"""A release moves from state to state by compare-and-set; the move is logged with it, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import or_, select, update

from campaigns.releases.models import Release, Train
from campaigns.releases.queries import holidays_of, release_or_404, running_turn, train_or_404
from campaigns.releases.rules import BEFORE_ANYBODY, GIVEN, LONGEST_WHY, RELEASE_MOVES, ReleaseState, Turn, mark
from crm.builds.actions import free_build
from crm.core import journal, programme
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood


def move(release_id: int, to: ReleaseState, *, at: datetime, why: str = "", **values: Any) -> Release:
    """Raises MoveRefused when the release is not in a state from which it may go there.

    From a hold it goes on where it was and nowhere else, or ends.
    """
    before = session().scalar(select(Release.state).where(Release.id == release_id))
    sources = [state for state, ends in RELEASE_MOVES.items() if to in ends]
    allowed = [Release.state.in_(sources), Release.state == before]
    if before is ReleaseState.HELD:
        if to is ReleaseState.CANCELLED:
            allowed.append(Release.held_from.in_(BEFORE_ANYBODY))
        elif to is not ReleaseState.ROLLED_BACK:
            allowed.append(or_(Release.held_from == to, Release.held_from.is_(None)))
        values.setdefault("held_from", None)
    if to is ReleaseState.HELD:
        values.setdefault("held_from", before)
    if why:
        values.setdefault("why", why)
    moved = session().execute(
        update(Release).where(Release.id == release_id, *allowed).values(state=to, **values).returning(Release.id)
    )
    if moved.first() is None:
        raise MoveRefused(_("This release has moved on already: look at it again."))
    told = {"state": to, "why": why} if why else {"state": to}
    journal.record("move_release", f"release:{release_id}", at=at, before={"state": before}, after=told)
    return session().get_one(Release, release_id, populate_existing=True)


def reason(why: str) -> str:
    """Raises NotUnderstood for none, or one that is no sentence any more."""
    why = " ".join(why.split())
    if not why:
        raise NotUnderstood(_("Say why: it stands in the journal and on the release's page."))
    if len(why) > LONGEST_WHY:
        raise NotUnderstood(_("Say it in at most %(most)s characters.", most=LONGEST_WHY))
    return why


def cancel_release(release_id: int, at: datetime, why: str = "") -> Release:
    """Only before anybody has it: letters that have left cannot be called back."""
    release = move(release_id, ReleaseState.CANCELLED, at=at, why=why, closed_at=at)
    free_build(mark(release_id))
    return release


def not_over(train: Train, turn: Turn, at: datetime) -> None:
    """Raises NotUnderstood for a week, or a day, that has passed: what is planned late would leave at once."""
    if turn < running_turn(train, at):
        raise NotUnderstood(
            _("%(day)s is over: plan a day that is still to come.", day=turn.name)
            if turn.day
            else _("%(week)s is over: plan a week that is still to come.", week=turn.name)
        )


def not_skipped(train: Train, turn: Turn) -> None:
    """Raises MoveRefused for a week, or a day, in which the train does not leave."""
    if (train.id, train.leaves_on(turn)) in holidays_of([train.id]):
        raise MoveRefused(_("%(turn)s is skipped: let the train leave after all first.", turn=turn.name))


def plan_again(release_id: int, at: datetime) -> Release:
    """Takes a cancelling back; what was frozen is not any more.

    Raises MoveRefused when its week or day is over or skipped, or its train does not leave in such a one any more.
    """
    release = release_or_404(release_id)
    train = train_or_404(release.train_id)
    if not train.leaves_in(release.turn):
        raise MoveRefused(_("%(train)s leaves at other times now: plan one of those.", train=train.name))
    not_skipped(train, release.turn)
    try:
        not_over(train, release.turn, at)
    except NotUnderstood as over:
        raise MoveRefused(str(over)) from over
    planned = move(release_id, ReleaseState.PLANNED, at=at, closed_at=None, frozen_at=None, go_at=None)
    planned.why = ""
    return planned


def end_release(release_id: int, at: datetime) -> Release:
    """Its time is over: it is closed; or cancelled, when nobody has its build, as nobody has let it go."""
    if release_or_404(release_id).state in GIVEN:
        return close_release(release_id, at)
    with force_locale(programme.required().languages[0]):
        why = _("Nobody had let it go before its day was over.")
    return cancel_release(release_id, at, why)


def close_release(release_id: int, at: datetime, why: str = "") -> Release:
    """Waves that have not opened stay closed."""
    return move(release_id, ReleaseState.CLOSED, at=at, why=why, closed_at=at)


def let_go(release_id: int, at: datetime) -> Release:
    """After its rehearsal a person lets it leave at its time, by themselves or before it."""
    gone = session().execute(
        update(Release)
        .where(
            Release.id == release_id,
            Release.state.in_((ReleaseState.FROZEN, ReleaseState.REHEARSED)),
            Release.go_at.is_(None),
        )
        .values(go_at=at)
        .returning(Release.id)
    )
    if gone.first() is None:
        raise MoveRefused(_("This release has moved on already: look at it again."))
    journal.record("let_release_go", f"release:{release_id}", at=at)
    return session().get_one(Release, release_id, populate_existing=True)
