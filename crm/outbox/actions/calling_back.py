"""Letters of one occasion that have not left are called back, and may wait again: who got theirs gets no second one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, update

from crm.core.db import session
from crm.core.wake import wake_after_commit
from crm.outbox.actions.moves import move_where
from crm.outbox.actions.planning import SEND_DUE
from crm.outbox.models import Letter
from crm.outbox.rules import LetterState


def call_letters_back(occasion: str, people: Select[int], at: datetime, reason: str) -> int:
    """Cancels what waits for these people on this occasion; returns how many. What is leaving just now leaves."""
    theirs = [Letter.occasion == occasion, Letter.person_id.in_(people), Letter.state == LetterState.QUEUED]
    return len(move_where(theirs, LetterState.CANCELLED, at, reason=reason))


def queue_letters_again(occasion: str, people: Select[int], at: datetime, reason: str) -> int:
    """Letters that were called back for this reason wait again; returns how many.

    Not one of LETTER_MOVES: a worker that puts a letter off must not bring back one that was cancelled meanwhile.
    """
    again = session().scalars(
        update(Letter)
        .where(
            Letter.occasion == occasion,
            Letter.person_id.in_(people),
            Letter.state == LetterState.CANCELLED,
            Letter.reason == reason,
        )
        .values(state=LetterState.QUEUED, ended_at=None, reason=None, due_at=at)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    )
    count = len(again.all())
    if count:
        wake_after_commit(SEND_DUE)
    return count
