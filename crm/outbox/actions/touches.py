"""Touches: each contact between us and a person, recorded for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Insert, Table, bindparam, insert, literal, select

from crm.core.bulk import among_those, chunks, load, these
from crm.core.db import UtcDateTime, engine_name, session
from crm.core.restand import restand
from crm.outbox.actions.contacts import fold, fold_left
from crm.outbox.actions.moves import cancel_letters_to
from crm.outbox.models import Letter, Touch
from crm.outbox.rules import Direction, Outcome
from crm.people.actions import suppress
from crm.people.queries import all_that_are
from crm.people.rules import SuppressionReason

TABLE: Table = Touch.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
LETTER = Letter.__table__.c
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

    A refusal is final: all identities of the person are suppressed, and letters that wait for them are cancelled, also
    where two people have become one since.
    """
    for chunk in chunks(touches, CHUNK):
        load(TABLE, COLUMNS, ((*(getattr(touch, name) for name in COLUMNS),) for touch in chunk))
        began = fold(chunk)
        refused = {touch.person_id for touch in chunk if touch.outcome is Outcome.REFUSED}
        if refused:
            refused = all_that_are(refused)
            suppress(refused, SuppressionReason.DECLINED, recorded_at)
            cancel_letters_to(sorted(refused), recorded_at, "refused")
        if moved := {*began, *refused}:
            restand(moved, min(touch.at for touch in chunk if touch.person_id in moved))
    return len(touches)


@cache
def _leaving(_engine: str) -> Insert:
    moment = bindparam("now", type_=UtcDateTime())
    out, sent = literal(Direction.OUT, TABLE.c.direction.type), literal(Outcome.SENT, TABLE.c.outcome.type)
    told = select(LETTER.person_id, moment, out, LETTER.identity_kind, sent, LETTER.id, LETTER.origin_id)
    names = ("person_id", "at", "direction", "channel", "outcome", "letter_id", "origin_id")
    return insert(TABLE).from_select(names, told.where(among_those(LETTER.id, "those")).order_by(LETTER.id))


def record_left(letters: Sequence[tuple[int, int]], at: datetime) -> None:
    """The same for letters, (number, person) each, that have left by themselves at this moment: nothing is known of
    them here that their rows do not say, so the database writes their touches by itself.
    """
    leaving = _leaving(engine_name())
    for chunk in chunks(letters, CHUNK):
        session().execute(leaving, {"those": these([number for number, _person in chunk]), "now": at})
        if began := fold_left(chunk, at):
            restand(began, at)
