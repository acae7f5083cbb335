"""A release is put on hold, goes on, or is taken back: its build is offered to nobody, its letters do not leave."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import Select, select

from campaigns.releases.actions.freezing import has_opened
from campaigns.releases.actions.moves import move, reason
from campaigns.releases.actions.opening import go_on_giving
from campaigns.releases.models import Release
from campaigns.releases.queries import release_or_404
from campaigns.releases.rules import GIVING, ReleaseState, mark
from crm.builds.actions import hold_build, resume_build, withdraw_build
from crm.builds.models import Build, BuildAccess
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.outbox.actions import call_letters_back, queue_letters_again

ON_HOLD = "release_held"
ROLLED_BACK = "rolled_back"


def _build(release: Release) -> Build | None:
    return session().get(Build, release.build_id, populate_existing=True) if release.build_id is not None else None


def _people(release: Release) -> Select[int]:
    return select(BuildAccess.person_id).where(BuildAccess.build_id == release.build_id)


def hold_release(release_id: int, why: str, at: datetime) -> int:
    """From now on nobody is offered its build, if it has opened; letters that wait are cancelled: returns how many."""
    held = move(release_id, ReleaseState.HELD, at=at, why=reason(why), held_at=at)
    build = _build(held)
    if build is None or not has_opened(held):
        return 0
    if build.held_at is None:
        hold_build(build.id, at)
    return call_letters_back(mark(release_id), _people(held), at, reason=ON_HOLD)


def resume_release(release_id: int, at: datetime, by_id: int | None = None) -> int:
    """It goes on where it was; the same people are offered its build, and cancelled letters wait again: how many."""
    back_to = release_or_404(release_id).held_from
    if back_to is None:
        raise MoveRefused(_("This release has moved on already: look at it again."))
    release = move(release_id, back_to, at=at, held_at=None, why="")
    build = _build(release)
    if build is not None and build.held_at is not None:
        resume_build(build.id, at)
    again = queue_letters_again(mark(release_id), _people(release), at, reason=ON_HOLD) if build is not None else 0
    if release.state in GIVING:
        go_on_giving(release, at, by_id)
    return again


def roll_back(release_id: int, why: str, at: datetime) -> int:
    """Its build is withdrawn, so that devices are offered the one before; returns how many letters were cancelled."""
    release = move(release_id, ReleaseState.ROLLED_BACK, at=at, why=reason(why), closed_at=at)
    build = _build(release)
    if build is None:
        return 0
    if build.withdrawn_at is None:
        withdraw_build(build.id, at)
    return call_letters_back(mark(release_id), _people(release), at, reason=ROLLED_BACK)
