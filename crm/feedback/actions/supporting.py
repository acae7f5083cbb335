"""Who needs a request too, and the heat that comes of it.

Every verb locks its requests first, in the order of their numbers: the counter and the heat are read and written under
that lock, so that two supporters at once are both counted, and the same one twice only once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, bindparam, delete, select, text, update

from crm.core.bulk import chunks, load
from crm.core.db import is_postgres, session
from crm.core.errors import MoveRefused, NotThere
from crm.feedback.models import Request, Support
from crm.feedback.queries import request_or_404
from crm.feedback.rules import RequestState, heat_of, takes_support, warmed

REQUEST = cast(Table, Request.__table__)
SUPPORT = cast(Table, Support.__table__)
CHUNK = 10_000
BY_PAIR = {
    True: "SELECT request_id, person_id FROM json_array_elements(CAST(:wanted AS json)) AS pair"
    " JOIN support ON request_id = CAST(pair ->> 0 AS bigint) AND person_id = CAST(pair ->> 1 AS bigint)",
    False: "SELECT request_id, person_id FROM json_each(:wanted) AS pair CROSS JOIN support"
    " ON request_id = json_extract(pair.value, '$[0]') AND person_id = json_extract(pair.value, '$[1]')",
}
Pair = tuple[int, int]
Locked = dict[int, tuple[RequestState, int, float]]


def _lock(request_ids: Collection[int]) -> Locked:
    """State, supporters and heat of each, held until the end of the transaction."""
    rows = session().execute(
        select(Request.id, Request.state, Request.supporters, Request.heat)
        .where(Request.id.in_(request_ids))
        .order_by(Request.id)
        .with_for_update()
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def _put(figures: Iterable[tuple[int, int, float]]) -> None:
    """(request, supporters, heat) back into the rows."""
    rows = list(figures)
    values = [{"one": one, "count": count, "warmth": warmth} for one, count, warmth in rows]
    if values:
        session().connection().execute(
            update(REQUEST)
            .where(REQUEST.c.id == bindparam("one"))
            .values(supporters=bindparam("count"), heat=bindparam("warmth")),
            values,
        )
        for one, _count, _warmth in rows:
            _stale(one)


def _stale(request_id: int) -> None:
    """A request that this session has read before reads its figures again."""
    known = session().identity_map.get(session().identity_key(Request, request_id))
    if known is not None:
        session().expire(known, ["supporters", "heat"])


def support(request_id: int, person_id: int, at: datetime) -> bool:
    """Whether it was new; the second time is a no-op. Raises NotThere, MoveRefused for a withdrawn request."""
    if not takes_support(request_or_404(request_id).state):
        raise MoveRefused(_("This request was withdrawn by who wrote it. Write your own if you need it."))
    return support_many([(request_id, person_id, at)]) == 1


def support_many(pairs: Iterable[tuple[int, int, datetime]]) -> int:
    """(request, person, moment) each; who supports a request already is passed over, of a double pair the earlier
    moment counts, withdrawn requests take none. Returns how many were new. Raises NotThere for an unknown request.
    """
    session().flush()
    return sum(_support_some(some) for some in chunks(pairs, CHUNK))


def _support_some(pairs: Sequence[tuple[int, int, datetime]]) -> int:
    wanted: dict[Pair, datetime] = {}
    for request_id, person_id, at in pairs:
        pair = (request_id, person_id)
        wanted[pair] = min(at, wanted.get(pair, at))
    locked = _lock({request_id for request_id, _person in wanted})
    if missing := {request_id for request_id, _person in wanted} - set(locked):
        raise NotThere(_("There is no request %(number)s.", number=min(missing)))
    known = _known(wanted)
    new = [
        (request_id, person_id, at)
        for (request_id, person_id), at in wanted.items()
        if (request_id, person_id) not in known and takes_support(locked[request_id][0])
    ]
    load(SUPPORT, ("request_id", "person_id", "at"), new)
    _warm(locked, new)
    return len(new)


def _known(pairs: Collection[Pair]) -> set[Pair]:
    """Looks each pair up by its key; two lists of numbers would make SQLite try each of one with each of the other."""
    wanted = json.dumps(sorted(pairs))
    rows = session().connection().execute(text(BY_PAIR[is_postgres()]), {"wanted": wanted})
    return {(row[0], row[1]) for row in rows}


def _warm(locked: Locked, new: Sequence[tuple[int, int, datetime]]) -> None:
    moments: dict[int, list[datetime]] = defaultdict(list)
    for request_id, _person, at in new:
        moments[request_id].append(at)
    figures = []
    for request_id, added in moments.items():
        _state, count, warmth = locked[request_id]
        for at in added:
            warmth = warmed(warmth, at)
        figures.append((request_id, count + len(added), warmth))
    _put(figures)


def withdraw_support(request_id: int, person_id: int) -> bool:
    """Whether there was any to withdraw. The heat is computed anew from those who stay."""
    session().flush()
    if request_id not in _lock([request_id]):
        raise NotThere(_("There is no such request."))
    gone = session().execute(
        delete(Support)
        .where(Support.request_id == request_id, Support.person_id == person_id)
        .returning(Support.request_id)
    )
    if gone.first() is None:
        return False
    recompute([request_id])
    return True


def recompute(request_ids: Collection[int]) -> None:
    """Supporters and heat from the rows: the truth after a withdrawal, a merge or an erasure."""
    for some in chunks(sorted(set(request_ids)), CHUNK):
        _lock(some)
        moments: dict[int, list[Any]] = {request_id: [] for request_id in some}
        for request_id, at in session().execute(
            select(Support.request_id, Support.at).where(Support.request_id.in_(some))
        ):
            moments[request_id].append(at)
        _put((request_id, len(found), heat_of(found)) for request_id, found in moments.items())
