"""The way to refuse that stands in each letter."""

from __future__ import annotations

from collections.abc import Sequence
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
    if what is LeaveAlone.CAMPAIGNS:
        _no_more_campaigns([letter.person_id], at, why[:MOST_WORDS])
        return
    suppress([letter.person_id], SuppressionReason.UNSUBSCRIBED, at)
    refused = NewTouch(
        person_id=letter.person_id,
        at=at,
        direction=Direction.IN,
        channel=letter.identity_kind,
        outcome=Outcome.REFUSED,
        body=why[:MOST_WORDS] or None,
        letter_id=letter_id,
        origin_id=letter.origin_id,
    )
    record_touches([refused], at)


def _no_more_campaigns(person_ids: Sequence[int], at: datetime, why: str) -> None:
    """What is queued for them ends too, before its worker can begin with it."""
    table = cast(Table, CampaignRefusal.__table__)
    load(table, COLUMNS, [(person_id, at, why) for person_id in person_ids], ignore_known=True)
    theirs = [Letter.person_id.in_(person_ids), Letter.lane == Lane.CAMPAIGN, Letter.state == LetterState.QUEUED]
    move_where(theirs, LetterState.SUPPRESSED, at, reason="no_campaigns")
