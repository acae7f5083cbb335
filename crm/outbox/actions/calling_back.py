"""Letters of one occasion that have not left are called back, and may wait again: who got theirs gets no second one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from crm.core.bulk import among
from crm.core.db import session
from crm.core.wake import wake_after_commit
from crm.outbox.actions.moves import move_letters
from crm.outbox.actions.planning import SEND_DUE
from crm.outbox.models import Letter
from crm.outbox.rules import LetterState


def call_letters_back(occasion: str, at: datetime, reason: str, limit: int) -> int:
    """Cancels up to `limit` letters of this occasion that wait; returns how many. What is leaving just now leaves."""
    theirs = select(Letter.id).where(Letter.state == LetterState.QUEUED, Letter.occasion == occasion)
    waiting = session().scalars(theirs.order_by(Letter.id).limit(limit)).all()
    return len(move_letters(waiting, LetterState.CANCELLED, at, reason=reason)) if waiting else 0


def queue_letters_again(occasion: str, at: datetime, reason: str, limit: int) -> int:
    """Up to `limit` letters that were called back for this reason wait again; returns how many.

    Not one of LETTER_MOVES: a worker that puts a letter off must not bring back one that was cancelled meanwhile.
    """
    theirs = (Letter.state == LetterState.CANCELLED, Letter.reason == reason)
    ids = (
        session()
        .scalars(select(Letter.id).where(*theirs, Letter.occasion == occasion).order_by(Letter.id).limit(limit))
        .all()
    )
    if not ids:
        return 0
    again = session().scalars(
        update(Letter)
        .where(among(Letter.id, ids), *theirs)
        .values(state=LetterState.QUEUED, ended_at=None, reason=None, due_at=at)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    )
    wake_after_commit(SEND_DUE)
    return len(again.all())
