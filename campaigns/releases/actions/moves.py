"""A release moves from state to state by compare-and-set; the move is logged with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from campaigns.releases.models import Release
from campaigns.releases.rules import RELEASE_MOVES, ReleaseState
from crm.core import journal
from crm.core.db import session
from crm.core.errors import MoveRefused


def move(release_id: int, to: ReleaseState, *, at: datetime, **values: Any) -> Release:
    """Raises MoveRefused when the release is not in a state from which it may go there."""
    before = session().scalar(select(Release.state).where(Release.id == release_id))
    sources = [state for state, ends in RELEASE_MOVES.items() if to in ends]
    moved = session().execute(
        update(Release)
        .where(Release.id == release_id, Release.state.in_(sources))
        .values(state=to, **values)
        .returning(Release.id)
    )
    if moved.first() is None:
        raise MoveRefused(_("This release has moved on already: look at it again."))
    journal.record("move_release", f"release:{release_id}", at=at, before={"state": before}, after={"state": to})
    return session().get_one(Release, release_id, populate_existing=True)


def cancel_release(release_id: int, at: datetime) -> Release:
    """Only before it opens: letters that have left cannot be called back."""
    return move(release_id, ReleaseState.CANCELLED, at=at, closed_at=at)


def plan_again(release_id: int, at: datetime) -> Release:
    """Takes a cancelling back."""
    return move(release_id, ReleaseState.PLANNED, at=at, closed_at=None)


def close_release(release_id: int, at: datetime) -> Release:
    return move(release_id, ReleaseState.CLOSED, at=at, closed_at=at)
