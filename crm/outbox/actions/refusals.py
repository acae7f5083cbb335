"""The way to refuse that stands in each letter."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import Table

from crm.core.bulk import load
from crm.core.db import session
from crm.outbox.actions.moves import move_where
from crm.outbox.actions.touches import NewTouch, record_touches
from crm.outbox.models import CampaignRefusal, Letter
from crm.outbox.queries.letters import refused_by_letter
from crm.outbox.rules import Direction, Lane, LeaveAlone, LetterState, Outcome
from crm.people.actions import suppress
from crm.people.actions.suppressing import suppress_pairs
from crm.people.queries import all_that_are, standing_for
from crm.people.rules import SuppressionReason

MOST_WORDS = 2000
COLUMNS = ("person_id", "at", "why")


def refuse_by_letter(letter_id: int, at: datetime, what: LeaveAlone = LeaveAlone.ALL, why: str = "") -> None:
    """The reader of this letter asks to be left alone; again is a no-op.

    ALL is final, over all identities and channels. CAMPAIGNS ends campaigns only, and what ALL has ended it leaves.
    """
    letter = session().get(Letter, letter_id)
    if letter is None or refused_by_letter(letter_id):
        return
    person_id = standing_for(letter.person_id) or letter.person_id
    if what is LeaveAlone.CAMPAIGNS:
        _no_more_campaigns(person_id, at, why[:MOST_WORDS])
        return
    bar(letter, person_id, SuppressionReason.UNSUBSCRIBED, at)
    refused = NewTouch(
        person_id=person_id,
        at=at,
        direction=Direction.IN,
        channel=letter.identity_kind,
        outcome=Outcome.REFUSED,
        body=why[:MOST_WORDS] or None,
        letter_id=letter_id,
        origin_id=letter.origin_id,
    )
    record_touches([refused], at)


def bar(letter: Letter, person_id: int, reason: SuppressionReason, at: datetime) -> None:
    """Nobody writes again to where the letter went, nor to the person who stands for its reader now."""
    if letter.identity_value:
        suppress_pairs([(letter.identity_kind, letter.identity_value)], reason, at)
    suppress([person_id], reason, at)


def _no_more_campaigns(person_id: int, at: datetime, why: str) -> None:
    """What is queued for them ends too, before its worker can begin with it."""
    load(cast(Table, CampaignRefusal.__table__), COLUMNS, [(person_id, at, why)], ignore_known=True)
    theirs = [
        Letter.person_id.in_(all_that_are([person_id])),
        Letter.lane == Lane.CAMPAIGN,
        Letter.state == LetterState.QUEUED,
    ]
    move_where(theirs, LetterState.SUPPRESSED, at, reason="no_campaigns")
