"""Letters leave, many at once: into the mailbox, or to a mail server, with every end accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from crm.core import programme
from crm.core.db import is_postgres, session
from crm.core.smtp import Answer, Fate
from crm.outbox.actions.claiming import ANY, Taken, fences, hand_back, still_welcome, take_due, uncount
from crm.outbox.actions.contacts import lock_people
from crm.outbox.actions.defaults import settle_by_default
from crm.outbox.actions.moves import move_letters, move_where
from crm.outbox.actions.touches import NewTouch, record_left, record_touches
from crm.outbox.models import Letter, Sender, SenderDay
from crm.outbox.rules import (
    MOST_ATTEMPTS,
    Direction,
    LetterState,
    Outcome,
    pause_after,
    says_no_mailbox,
)
from crm.people.actions.suppressing import suppress_pairs
from crm.people.queries import standing_in
from crm.people.rules import SuppressionReason

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
    record_left([(letter.id, letter.person_id) for letter in gone], at)
    count_for_senders(gone, at)
    return [letter.id for letter in gone]


def deliver_due(at: datetime, limit: int | None = None, sender: int | None = ANY, *, asked_only: bool = False) -> int:
    """Puts what is due into the mailbox, where a page shows it; nothing leaves the machine. Returns how many."""
    sent = 0
    while (rest := BATCH if limit is None else min(BATCH, limit - sent)) > 0:
        taken = take_due(at, rest, sender, asked_only=asked_only)
        if not taken:
            break
        sent += len(record_sent(still_welcome(taken, at), at))
    return sent


def give_up(letters: Sequence[Taken], at: datetime) -> None:
    """Cancels letters that cannot be written, because their text cannot be read with their values."""
    move_letters([letter.id for letter in letters], LetterState.CANCELLED, at, reason="unreadable")
    uncount(letters)


End = tuple[LetterState, str | None, datetime | None]


def _end(letter: Taken, answer: Answer, at: datetime) -> End:
    """Where a letter goes, why, and when it is due again."""
    if answer.fate is Fate.UNKNOWN:
        return LetterState.UNCERTAIN, answer.text, None
    if answer.fate is Fate.PUT_OFF and letter.attempts < MOST_ATTEMPTS:
        return LetterState.QUEUED, answer.text, at + pause_after(letter.attempts)
    return LetterState.REFUSED, answer.text, None


def end(answered: Sequence[tuple[Taken, Answer]], at: datetime) -> int:
    """Records what the mail server said of letters that were leaving; returns how many it took.

    Sent, with the touches they make; put off with a growing pause; refused; not known, unless their campaign says what
    becomes of those; or given back as if they had not been taken. An address of which the server says that there is no
    such mailbox is not written to again.
    """
    sent = [letter for letter, answer in answered if answer.fate is Fate.ACCEPTED]
    kept = [letter for letter, answer in answered if answer.fate is Fate.KEPT]
    others: dict[End, list[Taken]] = {}
    for letter, answer in answered:
        if answer.fate not in (Fate.ACCEPTED, Fate.KEPT):
            others.setdefault(_end(letter, answer, at), []).append(letter)
    hand_back(kept)
    lost: list[int] = []
    refused: set[int] = set()
    for (to, reason, due_at), letters in others.items():
        more = {} if due_at is None else {"due_at": due_at}
        for fence in fences(letters):
            moved = move_where([*fence, Letter.state == LetterState.SENDING], to, at, reason=reason, **more)
            lost += moved if to is LetterState.UNCERTAIN else []
            refused.update(moved if to is LetterState.REFUSED else ())
    # all at once: two who lock their people twice in one transaction may wait for each other
    arrived = [*sent, *settle_by_default(lost, at)]
    if refused:
        lock_people(sorted({letter.person_id for letter in arrived} | {one.person_id for one, _said in answered}))
    if arrived:
        record_sent(arrived, at)
    _no_mailbox([(letter, answer) for letter, answer in answered if letter.id in refused], at)
    return len(sent)


def _no_mailbox(refused: Sequence[tuple[Taken, Answer]], at: datetime) -> None:
    """As when the letter had come back for good: the address takes no mail, and nothing is written to it again."""
    gone = [
        (letter, answer.text)
        for letter, answer in refused
        if answer.fate is Fate.REFUSED and says_no_mailbox(answer.text, answer.to)
    ]
    if not gone:
        return
    pairs = [(letter.identity_kind, letter.identity_value) for letter, _said in gone]
    suppress_pairs(pairs, SuppressionReason.BOUNCED, at)
    standing = standing_in({letter.person_id for letter, _said in gone})
    touches = [
        NewTouch(
            person_id=standing[letter.person_id],
            at=at,
            direction=Direction.OUT,
            channel=letter.identity_kind,
            outcome=Outcome.NOT_FOUND,
            body=said or None,
            letter_id=letter.id,
            origin_id=letter.origin_id,
        )
        for letter, said in gone
    ]
    record_touches(touches, at)


def sweep_leases(at: datetime) -> int:
    """Letters that were leaving when their worker died: nobody knows whether they arrived. Never sent by themselves,
    unless their campaign says so."""
    late = [Letter.state == LetterState.SENDING, Letter.lease_until < at]
    lost = move_where(late, LetterState.UNCERTAIN, at, reason="worker_lost")
    if arrived := settle_by_default(lost, at):
        record_sent(arrived, at)
    return len(lost)
