"""A release is put on hold, goes on, or is taken back: its build is offered to nobody, its letters do not leave."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from campaigns.releases.actions.freezing import has_opened, name_of
from campaigns.releases.actions.moves import move, reason
from campaigns.releases.actions.opening import go_on_giving
from campaigns.releases.models import Release
from campaigns.releases.queries import is_offered, release_or_404
from campaigns.releases.rules import BEFORE_ANYBODY, GIVEN, GIVING, ON_HOLD, ReleaseState, mark
from crm.builds.actions import free_build, hold_build, resume_build, withdraw_build
from crm.builds.models import Build
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.wake import wake_after_commit
from crm.outbox.actions import call_letters_back, queue_letters_again

TAKEN_BACK = "rolled_back"
CALL_BACK = "campaigns.releases.tasks.call_back"
CHUNK = 1000


def _build(release: Release) -> Build | None:
    return session().get(Build, release.build_id, populate_existing=True) if release.build_id is not None else None


def _others(release: Release, *where: ColumnElement[bool]) -> bool:
    """Whether there are other releases of its build of which this holds."""
    same = select(Release.id).where(Release.build_id == release.build_id, Release.id != release.id, *where)
    return session().scalar(same.limit(1)) is not None


def move_letters(release_id: int, at: datetime, limit: int = CHUNK) -> int:
    """The next letters of a release on hold, or taken back, or whose build is, are called back; those of one that
    went on wait again.

    The release is kept from moving meanwhile. Returns how many letters; at 0 there are no more.
    """
    release = session().scalar(select(Release).where(Release.id == release_id).with_for_update())
    if release is None:
        return 0
    occasion = mark(release_id)
    if release.state is ReleaseState.HELD:
        return call_letters_back(occasion, at, ON_HOLD, limit)
    if release.state is ReleaseState.ROLLED_BACK:
        return call_letters_back(occasion, at, TAKEN_BACK, limit)
    if release.state in GIVEN and not is_offered(release, at):
        return call_letters_back(occasion, at, ON_HOLD, limit)
    return queue_letters_again(occasion, at, ON_HOLD, limit)


def _begin_with_letters(release_id: int, at: datetime) -> int:
    """The first letters now, the others in pieces by the schedule: a hold is not to wait for a hundred thousand."""
    moved = move_letters(release_id, at)
    if moved == CHUNK:
        wake_after_commit(CALL_BACK)
    return moved


def hold_release(release_id: int, why: str, at: datetime) -> int:
    """From now on nobody is offered its build, if it has opened; letters that wait are called back, the first at once.

    Returns how many those are.
    """
    held = move(release_id, ReleaseState.HELD, at=at, why=reason(why), held_at=at)
    build = _build(held)
    if build is None or not has_opened(held):
        return 0
    if build.held_at is None:
        hold_build(build.id, at, name_of(held))
    return _begin_with_letters(release_id, at)


def resume_release(release_id: int, at: datetime, by_id: int | None = None) -> int:
    """It goes on where it was; the same people are offered its build, and letters that were called back wait again.

    Returns how many of them do at once.
    """
    back_to = release_or_404(release_id).held_from
    if back_to is None:
        raise MoveRefused(_("This release has moved on already: look at it again."))
    release = move(release_id, back_to, at=at, held_at=None, why="")
    build = _build(release)
    holds_it_too = (Release.state == ReleaseState.HELD, Release.held_from.not_in(BEFORE_ANYBODY))
    if build is not None and build.held_by is not None and not _others(release, *holds_it_too):
        resume_build(build.id, at, by_release=True)
    again = _begin_with_letters(release_id, at)
    if release.state in GIVING:
        go_on_giving(release, at, by_id)
    return again


def roll_back(release_id: int, why: str, at: datetime) -> int:
    """Its build is withdrawn, so that devices are offered the one before; returns how many letters were called
    back at once.

    A release that nobody has had yet leaves the build to those who have it by another.
    """
    release = move(release_id, ReleaseState.ROLLED_BACK, at=at, why=reason(why), closed_at=at)
    build = _build(release)
    if build is None:
        return 0
    if not has_opened(release):
        free_build(mark(release_id))
    if build.withdrawn_at is None and (has_opened(release) or not _others(release, Release.opened_at.is_not(None))):
        withdraw_build(build.id, at)
    return _begin_with_letters(release_id, at)
