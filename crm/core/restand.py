"""People whose standing may have changed. Any room marks them in its own transaction; the funnel settles them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, String, Table, and_, bindparam, func, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Key, Model, UtcDateTime, session
from crm.core.wake import wake_after_commit

SETTLE = "crm.funnel.tasks.settle"
CHUNK = 5000


class Restand(Model):
    """`since` is the earliest new fact; None means that everything about the person is to be looked at again.

    A mark whose facts all lie after the moment waits for them: while time is held, until it goes on.
    """

    __tablename__ = "restand"

    person_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    since: Mapped[datetime | None]


MARK = cast(Table, Restand.__table__)


def due(at: datetime) -> ColumnElement[bool]:
    """Marks that can be looked at as of `at`."""
    return or_(Restand.since.is_(None), Restand.since <= at)


@cache
def _marking(engine: str) -> Any:
    """Marks `ids` from `since` on, where they are not marked from that moment or an earlier one already.

    Made once: building it costs more than running it for one person.
    """
    on_postgres = engine == "postgresql"
    ids: Any = bindparam("ids", type_=postgresql.ARRAY(Key) if on_postgres else String())
    each = func.unnest(ids) if on_postgres else func.json_each(ids).table_valued("value").c.value
    marks = select(each, bindparam("since", type_=UtcDateTime())).where(true())
    insert = (postgresql.insert if on_postgres else sqlite.insert)(MARK).from_select(["person_id", "since"], marks)
    new, old = insert.excluded.since, MARK.c.since
    return insert.on_conflict_do_update(
        index_elements=["person_id"],
        set_={"since": new},
        where=or_(new < old, and_(new.is_(None), old.is_not(None))),
    ).execution_options(preserve_rowcount=True)


def restand(person_ids: Iterable[int], since: datetime | None) -> None:
    """Marks people to be settled, all in this transaction; the funnel is woken after the commit.

    Rows are written in key order, so that two writers cannot wait for each other in a circle. Where every mark stood
    there already, whoever set it has woken the funnel or is about to.
    """
    ids = sorted(set(person_ids))
    connection, marked = session().connection(), 0
    marking = _marking(connection.dialect.name)
    for start in range(0, len(ids), CHUNK):
        chunk: list[int] | str = ids[start : start + CHUNK]
        chunk = chunk if connection.dialect.name == "postgresql" else json.dumps(chunk)
        marked += connection.execute(marking, {"ids": chunk, "since": since}).rowcount
    if marked:
        wake_after_commit(SETTLE)
