"""What a bounce, a complaint or an answer changes: its letter, the suppression list, the person's touches."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, select

from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.inbound.models import Incoming
from crm.inbound.queries import limits, soft_bounces
from crm.outbox.actions import NewTouch, record_touches, take_as_sent
from crm.outbox.actions.moves import move_letters
from crm.outbox.actions.refusals import bar
from crm.outbox.models import Letter, Touch
from crm.outbox.rules import Direction, LetterState, Outcome
from crm.people.actions.suppressing import suppress_pairs
from crm.people.rules import SuppressionReason

LONGEST_REASON = 500


def _touch(letter: Letter, person_id: int, outcome: Outcome, direction: Direction, at: datetime, body: str) -> None:
    """Once for each outcome of a letter."""
    known = exists().where(Touch.letter_id == letter.id, Touch.outcome == outcome)
    if session().scalar(select(known)):
        return
    touch = NewTouch(
        person_id=person_id,
        at=at,
        direction=direction,
        channel=letter.identity_kind,
        outcome=outcome,
        body=body or None,
        letter_id=letter.id,
        origin_id=letter.origin_id,
    )
    record_touches([touch], at)


def delivered(letter: Letter, at: datetime) -> None:
    """A letter of which nobody knew whether it had left has left."""
    if letter.state is LetterState.UNCERTAIN:
        try:
            take_as_sent(letter.id, at)
        except MoveRefused:
            return  # somebody else was faster


def bounce(letter: Letter, person_id: int, said: str, at: datetime) -> None:
    """The address takes no mail: the letter came back, and nothing is written to the address again."""
    delivered(letter, at)
    move_letters([letter.id], LetterState.BOUNCED, at, reason=said[:LONGEST_REASON] or None)
    suppress_pairs([(letter.identity_kind, letter.identity_value)], SuppressionReason.BOUNCED, at)
    _touch(letter, person_id, Outcome.NOT_FOUND, Direction.OUT, at, said)


def count_soft_bounce(letter: Letter, person_id: int, said: str, at: datetime) -> None:
    """One is a full mailbox; as many as the limit within its days are an address that takes no mail."""
    limit = limits()
    if soft_bounces(person_id, at - timedelta(days=limit.soft_days)) >= limit.soft_bounces:
        bounce(letter, person_id, said, at)


def complain(letter: Letter, person_id: int, at: datetime) -> None:
    """Marked as unwanted at their mail provider: a refusal, final over all identities and channels."""
    bar(letter, person_id, SuppressionReason.COMPLAINT, at)
    _touch(letter, person_id, Outcome.REFUSED, Direction.IN, at, "")


def unsubscribe(letter: Letter, person_id: int, at: datetime) -> None:
    bar(letter, person_id, SuppressionReason.UNSUBSCRIBED, at)
    _touch(letter, person_id, Outcome.REFUSED, Direction.IN, at, "")


def hear(made: Incoming, person_id: int, letter: Letter | None) -> None:
    """They wrote to us and wait. The first answer to a letter is its touch; each later one stands by itself."""
    known = letter is not None and bool(
        session().scalar(select(exists().where(Touch.letter_id == letter.id, Touch.outcome == Outcome.REPLIED)))
    )
    touch = NewTouch(
        person_id=person_id,
        at=made.at,
        direction=Direction.IN,
        channel="email",
        outcome=Outcome.REPLIED,
        body=made.text or made.subject or None,
        letter_id=letter.id if letter is not None and not known else None,
        origin_id=letter.origin_id if letter is not None else None,
    )
    record_touches([touch], made.read_at)
