"""Letters of which nobody knows whether they arrived: a person says it, of one or of many."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select

from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.wake import wake_after_commit
from crm.outbox.actions.claiming import FIELDS, taken_of
from crm.outbox.actions.contacts import lock_people
from crm.outbox.actions.leaving import record_sent
from crm.outbox.actions.moves import move_where
from crm.outbox.actions.planning import SEND_DUE
from crm.outbox.models import Letter
from crm.outbox.queries.letters import is_stopped, stopped_origins, uncertain_of
from crm.outbox.rules import LetterState, WhenUncertain


def _send_again(where: list[ColumnElement[bool]], at: datetime) -> int:
    """Of a campaign that was stopped nothing leaves any more: its letters stay uncertain."""
    if stopped := stopped_origins():
        where = [*where, or_(Letter.origin_id.is_(None), Letter.origin_id.not_in(stopped))]
    moved = move_where(where, LetterState.QUEUED, at, due_at=at, ended_at=None, reason=None, attempts=0)
    if moved:
        wake_after_commit(SEND_DUE)
    return len(moved)


def _take_as_sent(where: list[ColumnElement[bool]], at: datetime) -> int:
    """Their rows stay locked until the commit; their people are locked in one order, however many there are."""
    rows = session().execute(select(*FIELDS).where(*where).order_by(Letter.id).with_for_update(of=Letter))
    letters = [taken_of(row) for row in rows]
    lock_people(sorted({letter.person_id for letter in letters}))
    return len(record_sent(letters, at))


def _decide(where: list[ColumnElement[bool]], what: WhenUncertain, at: datetime) -> int:
    """By compare-and-set: only those that are uncertain still. Returns how many."""
    still = [Letter.state == LetterState.UNCERTAIN, *where]
    return _send_again(still, at) if what is WhenUncertain.AGAIN else _take_as_sent(still, at)


def _decide_one(letter_id: int, what: WhenUncertain, at: datetime) -> None:
    if not _decide([Letter.id == letter_id], what, at):
        raise MoveRefused(_("This letter is not uncertain any more: reload the page to see where it is."))


def send_again(letter_id: int, at: datetime) -> None:
    """Staff decide that an uncertain letter has not arrived.

    Raises MoveRefused when it is not uncertain any more, or its campaign was stopped.
    """
    letter = session().get(Letter, letter_id)
    if letter is not None and is_stopped(letter.origin_id):
        raise MoveRefused(
            _("Its campaign was stopped, and nothing more of it leaves: take the letter as sent, or leave it as it is.")
        )
    _decide_one(letter_id, WhenUncertain.AGAIN, at)


def take_as_sent(letter_id: int, at: datetime) -> None:
    """Staff decide that an uncertain letter has arrived. Raises MoveRefused when it is not uncertain any more."""
    _decide_one(letter_id, WhenUncertain.SENT, at)


def decide_uncertain(what: WhenUncertain, at: datetime, *, until: datetime, origin_id: int | None = None) -> int:
    """The same for all that have been uncertain since `until` or longer, or for those of one campaign; how many."""
    return _decide([*uncertain_of(origin_id), Letter.ended_at <= until], what, at)
