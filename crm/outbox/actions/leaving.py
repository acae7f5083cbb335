"""Letters leave: all at once into the mailbox, or one by one to a mail server, with every end accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from crm.core import programme
from crm.core.db import is_postgres, session
from crm.core.errors import MoveRefused
from crm.core.mail import Answer, Fate
from crm.core.wake import wake_after_commit
from crm.outbox.actions.claiming import Taken, still_welcome, take_due, taken_from
from crm.outbox.actions.moves import move_letter, move_letters, move_where
from crm.outbox.actions.planning import SEND_DUE
from crm.outbox.actions.touches import NewTouch, record_touches
from crm.outbox.models import Letter, Sender, SenderDay
from crm.outbox.rules import (
    MOST_ATTEMPTS,
    SEND_LEASE,
    Direction,
    LetterState,
    Outcome,
    pause_after,
)

BATCH = 5000


def count_for_senders(letters: Sequence[Taken], at: datetime) -> None:
    """Each sender's day is that of its own zone."""
    counts = Counter(letter.sender_id for letter in letters if letter.sender_id is not None)
    if not counts:
        return
    rows = session().execute(select(Sender.id, Sender.zone).where(Sender.id.in_(counts)))
    zones = {row[0]: row[1] for row in rows}
    insert = postgresql.insert if is_postgres() else sqlite.insert
    for sender_id, count in sorted(counts.items()):
        zone = ZoneInfo(zones.get(sender_id) or programme.required().zone)
        day = at.astimezone(zone).date().isoformat()
        statement = insert(SenderDay).values(sender_id=sender_id, day=day, sent=count)
        session().execute(
            statement.on_conflict_do_update(
                index_elements=["sender_id", "day"], set_={"sent": SenderDay.sent + statement.excluded.sent}
            )
        )


def record_sent(letters: Sequence[Taken], at: datetime) -> list[int]:
    """Marks letters as sent, with the touches they make; returns those whose state allowed it."""
    moved = set(move_letters([letter.id for letter in letters], LetterState.SENT, at, reason=None))
    gone = [letter for letter in letters if letter.id in moved]
    touches = [
        NewTouch(
            person_id=letter.person_id,
            at=at,
            direction=Direction.OUT,
            channel=letter.identity_kind,
            outcome=Outcome.SENT,
            letter_id=letter.id,
            origin_id=letter.origin_id,
        )
        for letter in gone
    ]
    record_touches(touches, at)
    count_for_senders(gone, at)
    return [letter.id for letter in gone]


def deliver_due(at: datetime, limit: int | None = None) -> int:
    """Puts what is due into the mailbox, where a page shows it; nothing leaves the machine. Returns how many."""
    sent = 0
    while (rest := BATCH if limit is None else min(BATCH, limit - sent)) > 0:
        taken = take_due(at, rest)
        if not taken:
            break
        sent += len(record_sent(still_welcome(taken, at), at))
    return sent


def begin(letter: Taken, at: datetime) -> bool:
    """Marks a letter as being sent; commit before its first byte leaves. False when somebody else has moved it."""
    fenced = [Letter.id == letter.id, Letter.attempts == letter.attempts, Letter.state == LetterState.QUEUED]
    return bool(move_where(fenced, LetterState.SENDING, at, lease_until=at + SEND_LEASE))


def end(letter: Taken, answer: Answer, at: datetime) -> None:
    """Records what the mail server said: sent, put off with a growing pause, refused, or not known."""
    if answer.fate is Fate.ACCEPTED:
        record_sent([letter], at)
    elif answer.fate is Fate.UNKNOWN:
        move_letters([letter.id], LetterState.UNCERTAIN, at, reason=answer.text)
    elif answer.fate is Fate.PUT_OFF and letter.attempts < MOST_ATTEMPTS:
        later = at + pause_after(letter.attempts)
        _only_sending(letter, LetterState.QUEUED, at, reason=answer.text, due_at=later)
    else:
        _only_sending(letter, LetterState.REFUSED, at, reason=answer.text)


def _only_sending(letter: Taken, to: LetterState, at: datetime, *, reason: str, due_at: datetime | None = None) -> None:
    mine = [Letter.id == letter.id, Letter.attempts == letter.attempts, Letter.state == LetterState.SENDING]
    more = {} if due_at is None else {"due_at": due_at}
    move_where(mine, to, at, reason=reason, **more)


def sweep_leases(at: datetime) -> int:
    """Letters that were leaving when their worker died: nobody knows whether they arrived. Never sent by themselves."""
    lost = [Letter.state == LetterState.SENDING, Letter.lease_until < at]
    return len(move_where(lost, LetterState.UNCERTAIN, at, reason="worker_lost"))


def send_again(letter_id: int, at: datetime) -> None:
    """Staff decide that an uncertain letter has not arrived. Raises MoveRefused when it is not uncertain any more."""
    move_letter(letter_id, LetterState.QUEUED, at, due_at=at, ended_at=None, reason=None, attempts=0)
    wake_after_commit(SEND_DUE)


def take_as_sent(letter_id: int, at: datetime) -> None:
    """Staff decide that an uncertain letter has arrived. Raises MoveRefused when it is not uncertain any more."""
    letter = session().get_one(Letter, letter_id, populate_existing=True)
    if letter.state is not LetterState.UNCERTAIN or not record_sent([taken_from(letter)], at):
        raise MoveRefused(_("This letter is not uncertain any more: reload the page to see where it is."))
