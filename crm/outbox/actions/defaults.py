"""What becomes of uncertain letters by itself, where their campaign says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table, select

from crm.core import journal
from crm.core.bulk import among, insert_or_pass
from crm.core.db import session
from crm.outbox.actions.claiming import FIELDS, TABLE, Taken, taken_of
from crm.outbox.actions.moves import move_where
from crm.outbox.models import Letter, Repeat, UncertainDefault
from crm.outbox.queries.letters import stopped_origins
from crm.outbox.rules import LetterState, WhenUncertain, pause_after
from crm.people.models import Origin


def set_when_uncertain(origin_id: int, what: WhenUncertain) -> None:
    """For what becomes uncertain from now on."""
    session().merge(UncertainDefault(origin_id=origin_id, what=what))
    session().flush()


def _send_again(letters: Sequence[Taken], at: datetime) -> list[Taken]:
    """Each once, after a pause: whatever broke off may break off again. Its attempts are kept, so that a worker who
    took it before, and is only slow, does not answer for whoever takes it next."""
    ids = [letter.id for letter in letters]
    known = set(session().scalars(select(Repeat.letter_id).where(among(Repeat.letter_id, ids))))
    fresh = [letter for letter in letters if letter.id not in known]
    rows = [{"letter_id": letter.id, "at": at} for letter in fresh]
    insert_or_pass(cast(Table, Repeat.__table__), rows)
    still = [among(Letter.id, [letter.id for letter in fresh]), Letter.state == LetterState.UNCERTAIN]
    move_where(still, LetterState.QUEUED, at, due_at=at + pause_after(1), ended_at=None, reason=None)
    return fresh


def _tell(what: WhenUncertain, letters: Sequence[Taken], at: datetime) -> None:
    origins = {letter.origin_id for letter in letters}
    for number, title in session().execute(select(Origin.id, Origin.title).where(Origin.id.in_(origins))):
        count = sum(letter.origin_id == number for letter in letters)
        before, after = {"state": "uncertain"}, {"count": count, "name": title}
        journal.record(f"letter.{what.value}_by_default", "letter:uncertain", at=at, before=before, after=after)


def settle_by_default(ids: Sequence[int], at: datetime) -> list[Taken]:
    """Of letters that this transaction has made uncertain: sends again what is to be, and returns what counts as sent.

    A campaign's default is read under lock: one that is stopped meanwhile either finds what was queued, or is asked. Of
    one that was stopped nothing is sent again.
    """
    if not ids:
        return []
    rows = session().execute(
        select(*FIELDS, UncertainDefault.what)
        .join_from(TABLE, UncertainDefault, UncertainDefault.origin_id == TABLE.c.origin_id)
        .where(among(TABLE.c.id, ids), TABLE.c.state == LetterState.UNCERTAIN)
        .order_by(TABLE.c.id)
        .with_for_update(read=True, of=UncertainDefault)
    )
    found = [(taken_of(row), row[-1]) for row in rows]
    stopped = set(stopped_origins()) if found else set()
    again = [letter for letter, what in found if what is WhenUncertain.AGAIN and letter.origin_id not in stopped]
    arrived = [letter for letter, what in found if what is WhenUncertain.SENT]
    _tell(WhenUncertain.AGAIN, _send_again(again, at) if again else [], at)
    _tell(WhenUncertain.SENT, arrived, at)
    return arrived
