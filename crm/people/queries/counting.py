"""How many people a filter finds: exact at this moment, and quick over a million of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise, product
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true, union_all
from sqlalchemy.orm import InstrumentedAttribute

from crm.core.db import is_postgres, session
from crm.core.offers import Rows
from crm.people.models import Person
from crm.people.queries import asked, listed

Column = InstrumentedAttribute[int]
Range = tuple[int, int]
PARTS = 4  # of the people's numbers: each is small enough to be joined in order, and PostgreSQL counts some at once
MANY = 50_000  # below, one part is quick, and PostgreSQL chooses well by itself
LAST = 2**62
VERY_MANY = 200_000
"""Above, a page is shown before people are counted for it."""
PLANNED_FOR = {
    "random_page_cost": "1.1",  # what is counted is an index in memory
    "plan_cache_mode": "force_custom_plan",  # a plan for any part at all takes each for a few people
    "parallel_setup_cost": "4000",  # the parts side by side, not each of them by several
}
"""Settings of PostgreSQL for the transaction that counts."""


def count_matching(filters: Mapping[str, str], at: datetime) -> int:
    """How many listed people there are for whom every condition holds. Raises NotUnderstood."""
    found = asked(filters, at)
    counts = [count for part in _parts() for count in _counts(found, part)]
    if len(counts) == 1:
        return session().scalar(counts[0]) or 0
    each = union_all(*counts).subquery()
    return int(session().scalar(select(func.sum(each.c[0]))) or 0)


def takes_a_while() -> bool:
    """Whether there are so many people that a page had better ask for their count when it has been shown."""
    return (session().scalar(select(func.max(Person.id))) or 0) > VERY_MANY


def _parts() -> list[Range | None]:
    if not is_postgres():
        return [None]
    settings = [func.set_config(name, value, True) for name, value in PLANNED_FOR.items()]
    last = session().execute(select(func.max(Person.id), *settings)).one()[0] or 0
    if last < MANY:
        return [None]
    return list(pairwise([*(last * part // PARTS for part in range(PARTS)), LAST]))


def _counts(found: Sequence[ColumnElement[bool] | Rows], part: Range | None) -> Iterator[Select[Any]]:
    """Their sum is the count: nobody is in two of them."""
    rows = [one for one in found if isinstance(one, Rows)]
    plain = [one for one in found if not isinstance(one, Rows)]
    also = [one.also for one in rows if one.also is not None]
    everybody = select(func.count()).select_from(Person).where(listed(), *_within(Person.id, part), *plain, *also)
    for joined in product(*_joined(rows, part)):
        yield everybody.where(*joined)


def _within(column: Column, part: Range | None) -> list[ColumnElement[bool]]:
    """Said of every table: PostgreSQL does not conclude from one column's range to that of its equal."""
    return [] if part is None else [column > part[0], column <= part[1]]


def _joined(rows: Sequence[Rows], part: Range | None) -> Iterator[list[ColumnElement[bool]]]:
    """For each table that is asked, once however many conditions ask it: the ways in which they may hold."""
    by_table: dict[tuple[Column, bool], list[ColumnElement[bool]]] = {}
    for one in rows:
        by_table.setdefault((one.person, one.none), []).append(one.holds)
    for (person, none), holds in by_table.items():
        within = _within(person, part)
        if none:
            yield [~exists().where(person == Person.id, or_(*holds), *within)]
        else:
            yield _ways(person, holds, within)


def _ways(
    person: Column, holds: Sequence[ColumnElement[bool]], within: Sequence[ColumnElement[bool]]
) -> list[ColumnElement[bool]]:
    """One row is all of them, as mostly; or no row is, and each is another."""
    together = Person.id.in_(select(person).where(*holds, *within))
    first, *others = holds
    table = person.class_.__table__
    if not others or [*table.primary_key] == [table.c[person.key]]:
        return [together]
    apart = select(person).where(first, and_(*others).is_not(true()), *within)
    for other in others:
        apart = apart.where(person.in_(select(person).where(other, *within).correlate(None)))
    return [together, and_(Person.id.in_(apart), ~exists().where(person == Person.id, *holds, *within))]
