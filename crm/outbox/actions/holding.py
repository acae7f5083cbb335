"""Letters of campaigns that lack a value: filled in by a person, or cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import update

from crm.core import journal
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.wake import wake_after_commit
from crm.outbox.actions.moves import move_where
from crm.outbox.actions.planning import SEND_DUE
from crm.outbox.models import Letter
from crm.outbox.queries.letters import letter_or_404
from crm.outbox.rules import LetterState, held_for

LONGEST = 500


def _held_or_refuse(letter_id: int) -> Letter:
    found = letter_or_404(letter_id)
    if found.state is not LetterState.QUEUED or not held_for(found.reason):
        raise MoveRefused(_("This letter has moved on in the meantime: reload the page to see where it is."))
    return found


def release(letter_id: int, values: Mapping[str, str], at: datetime) -> None:
    """The letter leaves with these values for what it lacked. Raises NotUnderstood and MoveRefused."""
    letter = _held_or_refuse(letter_id)
    lacks = held_for(letter.reason)
    given = {name: values.get(name, "").strip()[:LONGEST] for name in lacks}
    if empty := [name for name, value in given.items() if not value]:
        raise NotUnderstood(_("Fill in %(name)s, or cancel the letter.", name=empty[0]))
    moved = session().scalar(
        update(Letter)
        .where(Letter.id == letter_id, Letter.state == LetterState.QUEUED, Letter.reason == letter.reason)
        .values(values={**(letter.values or {}), **given}, due_at=at, reason=None)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    )
    if moved is None:
        raise MoveRefused(_("This letter has moved on in the meantime: reload the page to see where it is."))
    journal.record("letter.release", f"letter:{letter_id}", at=at, about_id=letter.person_id, after=given)
    wake_after_commit(SEND_DUE)


def cancel_held(letter_id: int, at: datetime) -> None:
    """Raises MoveRefused."""
    letter = _held_or_refuse(letter_id)
    moved = move_where(
        [Letter.id == letter_id, Letter.reason == letter.reason], LetterState.CANCELLED, at, reason="given_up"
    )
    if not moved:
        raise MoveRefused(_("This letter has moved on in the meantime: reload the page to see where it is."))
    journal.record("letter.cancel", f"letter:{letter_id}", at=at, about_id=letter.person_id)
