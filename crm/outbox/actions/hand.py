"""Letters by hand: one at a time to whoever writes, and what came of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import or_, select, update

from crm.core.bulk import among, chunks
from crm.core.db import session, taken_once
from crm.core.errors import MoveRefused
from crm.outbox.actions.claiming import FIELDS, Taken, still_welcome, taken_of
from crm.outbox.actions.leaving import count_for_senders
from crm.outbox.actions.moves import move_letters
from crm.outbox.actions.touches import NewTouch, record_touches
from crm.outbox.models import Letter, Touch
from crm.outbox.queries.letters import in_queue
from crm.outbox.rules import HAND_LEASE, PUT_OFF, Channel, Direction, LetterState, Outcome

CHUNK = 5000


def _lease(staff_id: int, origin_id: int, at: datetime) -> Taken | None:
    """The one this person has already, else the next that nobody has."""
    free = or_(Letter.lease_until.is_(None), Letter.lease_until < at, Letter.held_by_id == staff_id)
    mine_first = (Letter.held_by_id == staff_id).is_(True).desc()
    due = (
        select(Letter.id).where(*in_queue(origin_id, at), free).order_by(mine_first, Letter.due_at, Letter.id).limit(1)
    )
    row = (
        session()
        .execute(
            update(Letter)
            .where(Letter.id.in_(taken_once(due)))
            .values(held_by_id=staff_id, lease_until=at + HAND_LEASE)
            .returning(*FIELDS)
            .execution_options(synchronize_session=False)
        )
        .first()
    )
    return taken_of(row) if row is not None else None


def next_by_hand(staff_id: int, origin_id: int, at: datetime) -> Letter | None:
    """The next letter of a campaign for this person to write; nobody else gets it for HAND_LEASE. None: all done."""
    while (taken := _lease(staff_id, origin_id, at)) is not None:
        if still_welcome([taken], at):
            return session().get_one(Letter, taken.id, populate_existing=True)
    return None


def put_off(letter_id: int, at: datetime) -> None:
    """Not now: the letter goes back into the queue and comes up again after PUT_OFF."""
    session().execute(
        update(Letter)
        .where(Letter.id == letter_id, Letter.state == LetterState.QUEUED)
        .values(held_by_id=None, lease_until=None, due_at=at + PUT_OFF)
        .execution_options(synchronize_session=False)
    )


def _touches(
    letter: Taken, outcome: Outcome, *, is_new: bool, at: datetime, staff_id: int | None, body: str | None
) -> list[NewTouch]:
    """All of one moment: a held programme stands at it, and does not know of what lies after."""

    def touch(direction: Direction, what: Outcome, text: str | None) -> NewTouch:
        return NewTouch(
            person_id=letter.person_id,
            at=at,
            direction=direction,
            channel=letter.identity_kind,
            outcome=what,
            body=text,
            letter_id=letter.id,
            origin_id=letter.origin_id,
            staff_id=staff_id,
        )

    if outcome in (Outcome.SENT, Outcome.NOT_FOUND):
        return [touch(Direction.OUT, outcome, body)] if is_new else []
    written = [touch(Direction.OUT, Outcome.SENT, None)] if is_new else []
    return [*written, touch(Direction.IN, outcome, body)]


def finish_many_by_hand(
    pairs: Iterable[tuple[int, Outcome]], at: datetime, *, staff_id: int | None = None, body: str | None = None
) -> int:
    """What came of letters written by hand; returns how many it changed.

    *Replied*, *joined* and *refused* say that it was sent too. They may come later, once each, for a letter that is
    sent already; the second time changes nothing.
    """
    changed = 0
    for chunk in chunks(pairs, CHUNK):
        changed += _finish(dict(chunk), at, staff_id, body)
    return changed


def _finish(outcomes: dict[int, Outcome], at: datetime, staff_id: int | None, body: str | None) -> int:
    rows = session().execute(
        select(*FIELDS, Letter.state).where(among(Letter.id, outcomes), Letter.channel == Channel.HAND)
    )
    known = {row[0]: (taken_of(row), row[-1]) for row in rows}
    lost = [i for i in known if outcomes[i] is Outcome.NOT_FOUND]
    written = [i for i in known if outcomes[i] is not Outcome.NOT_FOUND]
    gone = set(move_letters(lost, LetterState.CANCELLED, at, reason="not_found"))
    sent = set(move_letters(written, LetterState.SENT, at, reason=None))
    answered = {
        i
        for i in _without(written, sent, outcomes)
        if known[i][1] is LetterState.SENT and outcomes[i] is not Outcome.SENT
    }
    changed = sorted(gone | sent | answered)
    touches = [
        touch
        for i in changed
        for touch in _touches(known[i][0], outcomes[i], is_new=i not in answered, at=at, staff_id=staff_id, body=body)
    ]
    record_touches(touches, at)
    count_for_senders([known[i][0] for i in sorted(sent)], at)
    return len(changed)


def _without(written: Sequence[int], sent: set[int], outcomes: dict[int, Outcome]) -> list[int]:
    """Those sent before, whose answer is not recorded yet."""
    before = [i for i in written if i not in sent]
    if not before:
        return []
    rows = session().execute(select(Touch.letter_id, Touch.outcome).where(among(Touch.letter_id, before)))
    told = {(row[0], row[1]) for row in rows}
    return [i for i in before if (i, outcomes[i]) not in told]


def finish_by_hand(letter_id: int, outcome: Outcome, staff_id: int, at: datetime, body: str | None = None) -> None:
    """The same for one letter. Raises MoveRefused when it was recorded already, or cannot be any more."""
    if not finish_many_by_hand([(letter_id, outcome)], at, staff_id=staff_id, body=body):
        raise MoveRefused(_("This was recorded already, or the letter was withdrawn in the meantime."))
