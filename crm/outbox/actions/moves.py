"""A letter moves by compare-and-set along LETTER_MOVES: whoever is later finds it moved already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Table, bindparam, update
from sqlalchemy.sql.dml import ReturningUpdate

from crm.core.bulk import among, among_those, chunks, these
from crm.core.db import UtcDateTime, engine_name, session
from crm.core.errors import MoveRefused
from crm.outbox.models import Letter, UncertainDefault
from crm.outbox.rules import END_STATES, LEAVES_FROM, Lane, LetterState, WhenUncertain

TABLE: Table = Letter.__table__  # type: ignore[assignment]  # a declarative class's table is a Table
CHUNK = 5000


def _values(to: LetterState, at: Any, more: dict[str, Any]) -> dict[str, Any]:
    ends = {"ended_at": at, "held_by_id": None} if to in END_STATES else {}
    sent = {"sent_at": at} if to is LetterState.SENT else {}
    lease = {} if to is LetterState.SENDING else {"lease_until": None}
    return {"state": to, **ends, **sent, **lease, **more}


def move_where(where: Sequence[ColumnElement[bool]], to: LetterState, at: datetime | None, **values: Any) -> list[int]:
    """Moves the letters for which `where` holds and whose state allows it; returns their numbers."""
    moved = session().scalars(
        update(Letter)
        .where(Letter.state.in_(LEAVES_FROM[to]), *where)
        .values(_values(to, at, values))
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    )
    return list(moved.all())


@cache
def _moving(_engine: str, to: LetterState, names: tuple[str, ...]) -> ReturningUpdate[int]:
    values = _values(to, bindparam("now", type_=UtcDateTime()), {name: bindparam(f"its_{name}") for name in names})
    moves = update(TABLE).where(TABLE.c.state.in_(LEAVES_FROM[to]), among_those(TABLE.c.id, "those"))
    return moves.values(values).returning(TABLE.c.id)


def move_letters(ids: Sequence[int], to: LetterState, at: datetime, **values: Any) -> list[int]:
    """The same for these letters, whatever others have done to them in the meantime."""
    moved: list[int] = []
    session().flush()
    moving = _moving(engine_name(), to, tuple(values))
    own = {f"its_{name}": value for name, value in values.items()}
    for chunk in chunks(ids, CHUNK):
        moved += session().scalars(moving, {"those": these(chunk), "now": at, **own})
    return moved


def move_letter(letter_id: int, to: LetterState, at: datetime, **values: Any) -> None:
    """Raises MoveRefused when the letter is in no state from which it can."""
    if not move_letters([letter_id], to, at, **values):
        raise MoveRefused(_("This letter has moved on in the meantime: reload the page to see where it is."))


def cancel_letters(origin_id: int, at: datetime, reason: str) -> int:
    """Cancels what has not left yet of one campaign; returns how many. Nothing of it is sent again by itself."""
    its = [UncertainDefault.origin_id == origin_id, UncertainDefault.what == WhenUncertain.AGAIN]
    session().execute(update(UncertainDefault).where(*its).values(what=WhenUncertain.ASK))
    of_origin = [Letter.origin_id == origin_id, Letter.state == LetterState.QUEUED]
    return len(move_where(of_origin, LetterState.CANCELLED, at, reason=reason))


def cancel_letters_to(person_ids: Sequence[int], at: datetime, reason: str, *, also_asked: bool = False) -> int:
    """Cancels what waits for these people, but for what they have just asked for, unless that too."""
    lanes = list(Lane) if also_asked else [Lane.NOTICE, Lane.CAMPAIGN]
    count = 0
    for chunk in chunks(person_ids, CHUNK):
        theirs = [
            among(Letter.person_id, chunk),
            Letter.state == LetterState.QUEUED,
            Letter.lane.in_(lanes),
        ]
        count += len(move_where(theirs, LetterState.CANCELLED, at, reason=reason))
    return count
