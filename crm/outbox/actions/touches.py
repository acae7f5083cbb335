"""Touches: each contact between us and a person, recorded for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table

from crm.core.bulk import chunks, load
from crm.core.restand import restand
from crm.outbox.actions.contacts import fold
from crm.outbox.actions.moves import cancel_letters_to
from crm.outbox.models import Touch
from crm.outbox.rules import Direction, Outcome
from crm.people.actions import suppress
from crm.people.rules import SuppressionReason

TABLE: Table = Touch.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
COLUMNS = ("person_id", "at", "direction", "channel", "outcome", "body", "letter_id", "origin_id", "staff_id")
CHUNK = 5000


@dataclass(frozen=True, slots=True)
class NewTouch:
    """`channel` is the kind of identity it went over: `email`, `qq`, `forum:gfan.com` ..."""

    person_id: int
    at: datetime
    direction: Direction
    channel: str
    outcome: Outcome
    body: str | None = None
    letter_id: int | None = None
    origin_id: int | None = None
    staff_id: int | None = None


def record_touches(touches: Sequence[NewTouch], recorded_at: datetime) -> int:
    """Writes them, keeps the contact rows, and lets the funnel look again at whom they may move.

    A refusal is final: all identities of the person are suppressed, and letters that wait for them are cancelled.
    """
    for chunk in chunks(touches, CHUNK):
        load(TABLE, COLUMNS, ((*(getattr(touch, name) for name in COLUMNS),) for touch in chunk))
        began = fold(chunk)
        refused = [touch.person_id for touch in chunk if touch.outcome is Outcome.REFUSED]
        if refused:
            suppress(refused, SuppressionReason.DECLINED, recorded_at)
            cancel_letters_to(refused, recorded_at, "refused")
        if moved := {*began, *refused}:
            restand(moved, min(touch.at for touch in chunk if touch.person_id in moved))
    return len(touches)
