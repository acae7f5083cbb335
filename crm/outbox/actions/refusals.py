"""The way to refuse that stands in each letter."""

from __future__ import annotations

from datetime import datetime

from crm.core.db import session
from crm.outbox.actions.touches import NewTouch, record_touches
from crm.outbox.models import Letter
from crm.outbox.queries.letters import refused_by_letter
from crm.outbox.rules import Direction, Outcome
from crm.people.actions import suppress
from crm.people.rules import SuppressionReason


def refuse_by_letter(letter_id: int, at: datetime) -> None:
    """The reader of this letter asks to be left alone: final, over all identities and channels. Again is a no-op."""
    letter = session().get(Letter, letter_id)
    if letter is None or refused_by_letter(letter_id):
        return
    suppress([letter.person_id], SuppressionReason.UNSUBSCRIBED, at)
    refused = NewTouch(
        person_id=letter.person_id,
        at=at,
        direction=Direction.IN,
        channel=letter.identity_kind,
        outcome=Outcome.REFUSED,
        letter_id=letter_id,
        origin_id=letter.origin_id,
    )
    record_touches([refused], at)
