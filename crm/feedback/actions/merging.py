"""Two people who are one need a request once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, delete, select, update

from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.feedback.actions.supporting import recompute
from crm.feedback.models import Support

SUPPORT = cast(Table, Support.__table__)


def _moments(person_id: int) -> dict[int, datetime]:
    """Since when a person needs which request."""
    rows = session().execute(select(Support.request_id, Support.at).where(Support.person_id == person_id))
    return {row[0]: row[1] for row in rows}


def join_supporters(keep_id: int, lose_id: int, _at: datetime) -> list[dict[str, Any]]:
    """Comes after the rows have moved: what is left with the loser are requests that both support.

    The earlier of the two moments stays. Returns both as they were, for `part_supporters`.
    """
    left = _moments(lose_id)
    kept = {request_id: at for request_id, at in _moments(keep_id).items() if request_id in left}
    session().execute(delete(SUPPORT).where(SUPPORT.c.person_id == lose_id))
    for request_id, at in kept.items():
        _set_moment(request_id, keep_id, min(at, left[request_id]))
    recompute(list(left))
    return [
        {"request_id": request_id, "lose_at": at.isoformat(), "keep_at": kept[request_id].isoformat()}
        for request_id, at in left.items()
    ]


def _set_moment(request_id: int, person_id: int, at: datetime) -> None:
    session().execute(
        update(SUPPORT).where(SUPPORT.c.request_id == request_id, SUPPORT.c.person_id == person_id).values(at=at)
    )


def part_supporters(keep_id: int, lose_id: int, doubles: Any, _at: datetime) -> None:
    """The reverse of `join_supporters`, but for what the kept person has withdrawn since."""
    requests = [double["request_id"] for double in doubles or ()]
    supported = _moments(keep_id)
    for double in doubles or ():
        request_id = double["request_id"]
        if request_id in supported:
            _set_moment(request_id, keep_id, datetime.fromisoformat(double["keep_at"]))
            row = {"request_id": request_id, "person_id": lose_id, "at": datetime.fromisoformat(double["lose_at"])}
            insert_or_pass(SUPPORT, [row])
    recompute(requests)
