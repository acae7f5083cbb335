"""People whose standing may have changed. Any room marks them in its own transaction; the funnel settles them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, case, func, literal, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Key, Model, UtcDateTime, is_postgres, session
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


def due(at: datetime) -> ColumnElement[bool]:
    """Marks that can be looked at as of `at`."""
    return or_(Restand.since.is_(None), Restand.since <= at)


def _each(ids: list[int]) -> ColumnElement[int]:
    """These numbers as rows, in their order."""
    if is_postgres():
        return func.unnest(bindparam(None, ids, postgresql.ARRAY(Key)))
    return func.json_each(json.dumps(ids)).table_valued("value").c.value


def restand(person_ids: Iterable[int], since: datetime | None) -> None:
    """Marks people to be settled, all in this transaction; the funnel is woken after the commit.

    Rows are written in key order, so that two writers cannot wait for each other in a circle.
    """
    ids = sorted(set(person_ids))
    insert = postgresql.insert if is_postgres() else sqlite.insert
    for start in range(0, len(ids), CHUNK):
        marks = select(_each(ids[start : start + CHUNK]), literal(since, UtcDateTime())).where(true())
        statement = insert(Restand).from_select(["person_id", "since"], marks)
        new = statement.excluded.since
        session().execute(
            statement.on_conflict_do_update(
                index_elements=["person_id"],
                set_={
                    "since": case(
                        (or_(Restand.since.is_(None), new.is_(None)), None),
                        (new < Restand.since, new),
                        else_=Restand.since,
                    )
                },
            )
        )
    if ids:
        wake_after_commit(SETTLE)
