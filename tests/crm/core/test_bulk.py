from __future__ import annotations

from typing import cast

import pytest
from flask import Flask
from sqlalchemy import Table, func, select

from crm.builds.models import CheckIn
from crm.builds.rules import CheckInKind
from crm.core import bulk
from crm.core.db import session
from crm.people.models import Identity, Person, Tag
from tests import make

PERSON, IDENTITY, TAG, CHECK_IN = (cast(Table, model.__table__) for model in (Person, Identity, Tag, CheckIn))


def test_reserved_numbers_are_never_given_twice(database: Flask) -> None:
    first = bulk.reserve_ids(PERSON, 3)
    second = bulk.reserve_ids(PERSON, 2)
    assert len({*first, *second}) == 5
    bulk.load(PERSON, ("id", "name", "is_staff", "collected_at"), [(i, "x", False, make.T0) for i in first])
    assert make.person().id not in {*first, *second}


def test_loaded_rows_read_back_as_they_were(database: Flask) -> None:
    person_id = bulk.reserve_ids(PERSON, 1)[0]
    bulk.load(PERSON, ("id", "name", "is_staff", "collected_at"), [(person_id, "王伟 \t\\N", True, make.T0)])
    found = session().get_one(Person, person_id)
    assert (found.name, found.is_staff, found.collected_at) == ("王伟 \t\\N", True, make.T0)


def test_rows_that_are_known_are_passed_over(database: Flask) -> None:
    who = make.person(identities={"qq": "1"})
    rows = [("qq", "1", who.id), ("qq", "2", who.id), ("qq", "2", who.id)]
    bulk.load(IDENTITY, ("kind", "value", "person_id"), rows, ignore_known=True)
    assert session().scalar(select(func.count()).select_from(IDENTITY)) == 2


@pytest.mark.parametrize("count", [0, 1, bulk.FEW, bulk.FEW + 1])
def test_few_and_many_rows_arrive_whole_and_once(database: Flask, count: int) -> None:
    who = make.person()
    columns = ("person_id", "build_id", "version", "kind", "at", "received_at", "client_key")
    rows = [(who.id, None, "1.0 \t\\N{王}'", CheckInKind.HEARTBEAT, make.T0, make.T0, f"{n},") for n in range(count)]
    assert bulk.load(CHECK_IN, columns, iter(rows), ignore_known=True) == count
    assert bulk.load(CHECK_IN, columns, iter(rows), ignore_known=True) == 0
    found = session().execute(select(CHECK_IN).order_by(CHECK_IN.c.id)).all()
    assert [(row.person_id, row.build_id, row.version, row.kind, row.at, row.client_key) for row in found] == [
        (row[0], *row[1:5], row[6]) for row in rows
    ]


def test_inserting_again_is_a_no_op_and_is_counted_so(database: Flask) -> None:
    rows = [{"name": name} for name in ("a", "b")]
    assert bulk.insert_or_pass(TAG, rows) == 2
    assert bulk.insert_or_pass(TAG, [*rows, {"name": "c"}]) == 1
    assert bulk.insert_or_pass(TAG, []) == 0
