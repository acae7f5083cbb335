"""Taking back what was recorded in a queue, within UNDO_WITHIN: everything stands as it did, and the journal tells."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, exists, select, update

from crm.core import journal
from crm.core.bulk import among
from crm.core.db import session
from crm.core.errors import MoveRefused, NotAllowed, NotUnderstood
from crm.core.restand import restand
from crm.outbox.actions.contacts import derive, lock_people
from crm.outbox.actions.hand import may_show
from crm.outbox.actions.recording import touches_on
from crm.outbox.models import HandRecord, Letter, SenderDay, Touch
from crm.outbox.rules import (
    ENDS_THE_LETTER,
    HAND_LEASE,
    UNDO_WITHIN,
    WRITTEN,
    HandEnd,
    LetterState,
    Outcome,
)
from crm.people.actions import unsuppress
from crm.people.queries import all_that_are


def _too_late() -> MoveRefused:
    minutes = int(UNDO_WITHIN.total_seconds() // 60)
    return MoveRefused(
        _(
            "This can be taken back for %(minutes)s minutes, and once. Record what is true on the person's page.",
            minutes=minutes,
        )
    )


def _claim(record: HandRecord, now: datetime) -> None:
    """Two who take it back at once: the second finds it taken back."""
    taken = session().scalar(
        update(HandRecord)
        .where(
            HandRecord.id == record.id,
            HandRecord.undone_at.is_(None),
            HandRecord.recorded_at >= now - UNDO_WITHIN,
        )
        .values(undone_at=now)
        .returning(HandRecord.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        raise _too_late()


def _refuse_if_more_came(record: HandRecord, made: set[str]) -> None:
    """What was recorded on top of it would hang in the air."""
    later = exists().where(
        HandRecord.letter_id == record.letter_id, HandRecord.id > record.id, HandRecord.undone_at.is_(None)
    )
    if session().scalar(select(later)) or touches_on(record.letter_id) != made | set(record.before["touches"]):
        raise MoveRefused(_("More has been recorded of this letter since: take that back first."))


def _made(record: HandRecord) -> set[str]:
    """The outcomes that it wrote as touches."""
    if record.outcome is HandEnd.NOT_FOUND:
        return {Outcome.NOT_FOUND.value}
    if record.outcome not in WRITTEN:
        return set()
    both = {record.outcome.value} | ({Outcome.SENT.value} if record.before["state"] == LetterState.QUEUED else set())
    return both - set(record.before["touches"])


def _letter_back(record: HandRecord, staff_id: int, now: datetime) -> None:
    """As it was, by compare-and-set on the end that this record gave it; on the screen of whoever takes it back, but
    where somebody else has the person on theirs by now.
    """
    if record.before["state"] != LetterState.QUEUED:
        return
    if record.outcome in WRITTEN:
        ended = [Letter.state == LetterState.SENT, Letter.ended_at == record.at]
    elif record.outcome is HandEnd.NOT_FOUND or record.outcome in ENDS_THE_LETTER:
        ended = [Letter.state == LetterState.CANCELLED, Letter.ended_at == record.at]
    else:
        ended = [Letter.state == LetterState.QUEUED, Letter.held_by_id.is_(None)]
    shown = may_show(record.person_id, staff_id, now)
    back = session().scalar(
        update(Letter)
        .where(Letter.id == record.letter_id, *ended)
        .values(
            state=LetterState.QUEUED,
            sent_at=None,
            ended_at=None,
            reason=None,
            sender_id=record.before["sender_id"],
            due_at=datetime.fromisoformat(record.before["due_at"]),
            held_by_id=staff_id if shown else None,
            lease_until=now + HAND_LEASE if shown else None,
        )
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    )
    if back is None:
        raise MoveRefused(_("This letter has moved on in the meantime: reload the page to see where it is."))


def _day_back(record: HandRecord) -> None:
    """The account has one more for its day."""
    day = record.before.get("day")
    if day is None or record.sender_id is None:
        return
    its = [SenderDay.sender_id == record.sender_id, SenderDay.day == day]
    session().execute(
        update(SenderDay).where(*its).values(sent=SenderDay.sent - 1).execution_options(synchronize_session=False)
    )
    session().execute(delete(SenderDay).where(*its, SenderDay.sent <= 0).execution_options(synchronize_session=False))


def _refusal_back(record: HandRecord) -> None:
    """Only what this refusal barred and cancelled: what was so before stays."""
    unsuppress(record.before["bars"])
    session().execute(
        update(Letter)
        .where(
            among(Letter.id, record.before["cancels"]),
            Letter.state == LetterState.CANCELLED,
            Letter.reason == "refused",
            Letter.ended_at == record.at,
        )
        .values(state=LetterState.QUEUED, ended_at=None, reason=None)
        .execution_options(synchronize_session=False)
    )


def _let_go(record: HandRecord, staff_id: int) -> None:
    """Whom the queue has shown since goes back: one person, one screen."""
    origin = select(Letter.origin_id).where(Letter.id == record.letter_id).scalar_subquery()
    session().execute(
        update(Letter)
        .where(Letter.held_by_id == staff_id, Letter.origin_id == origin, Letter.state == LetterState.QUEUED)
        .values(held_by_id=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


def undo_by_hand(record_id: int, staff_id: int, now: datetime, why: str = "") -> HandRecord:
    """Takes back one's own record: letter, touches, contact row, account's day, refusal; the funnel looks again.

    A refusal is what somebody said: it is taken back only with a reason, which the journal keeps. `now` is the clock's.
    Raises NotAllowed, NotUnderstood and MoveRefused.
    """
    record = session().get(HandRecord, record_id, populate_existing=True)
    if record is None or record.staff_id != staff_id:
        raise NotAllowed(_("Only who recorded it can take it back."))
    if record.outcome is HandEnd.REFUSED and not why.strip():
        raise NotUnderstood(_("Say how “refused” was recorded by mistake: the journal keeps it."))
    _claim(record, now)
    lock_people([record.person_id])
    made = _made(record)
    _refuse_if_more_came(record, made)
    _let_go(record, staff_id)
    _letter_back(record, staff_id, now)
    if made:
        session().execute(delete(Touch).where(Touch.letter_id == record.letter_id, Touch.outcome.in_(made)))
        derive([record.person_id])
        restand(all_that_are([record.person_id]), None)
    _day_back(record)
    if record.outcome is HandEnd.REFUSED:
        _refusal_back(record)
    _tell(record, why)
    return record


def _tell(record: HandRecord, why: str) -> None:
    after: dict[str, Any] = {"state": record.before["state"]} | ({"why": why.strip()} if why.strip() else {})
    journal.record(
        "hand.undo",
        f"letter:{record.letter_id}",
        at=record.at,
        about_id=record.person_id,
        before={"what": record.outcome.value},
        after=after,
    )
