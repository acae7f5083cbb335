"""A letter moves by compare-and-set along LETTER_MOVES: whoever is later finds it moved already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, update

from crm.core.bulk import among, chunks
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.outbox.models import Letter, UncertainDefault
from crm.outbox.rules import END_STATES, LEAVES_FROM, Lane, LetterState, WhenUncertain

CHUNK = 5000


def _values(to: LetterState, at: datetime | None, more: dict[str, Any]) -> dict[str, Any]:
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


def move_letters(ids: Sequence[int], to: LetterState, at: datetime, **values: Any) -> list[int]:
    """The same for these letters, whatever others have done to them in the meantime."""
    moved: list[int] = []
    for chunk in chunks(ids, CHUNK):
        moved += move_where([among(Letter.id, chunk)], to, at, **values)
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
