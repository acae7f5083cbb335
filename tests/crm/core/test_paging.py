from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from crm.core.errors import NotUnderstood
from crm.core.paging import Page, SortKey, page
from crm.people.models import Person
from tests import make

QUERY = select(Person.id, Person.name)
BY_NAME = (SortKey(Person.name), SortKey(Person.id, descending=True))


def read(after: str | None = None, before: str | None = None) -> Page:
    return page(QUERY, BY_NAME, after=after, before=before, size=3)


def test_pages_hold_everybody_once_there_and_back(database: Flask) -> None:
    for number in range(8):
        make.person(f"n{number // 3}")
    there = [read()]
    while there[-1].after:
        there.append(read(after=there[-1].after))
    everybody = [row.id for one in there for row in one.rows]
    assert len(everybody) == len(set(everybody)) == 8
    assert [len(one.rows) for one in there] == [3, 3, 2]
    back = [there[-1]]
    while back[-1].before:
        back.append(read(before=back[-1].before))
    assert [row.id for one in reversed(back) for row in one.rows] == everybody
    assert back[-1].before is None


def test_an_empty_list_has_one_empty_page(database: Flask) -> None:
    assert read() == Page([], None, None)


@pytest.mark.parametrize("key", ["nonsense", "W10", "bm9wZQ"])
def test_a_damaged_address_is_refused(database: Flask, key: str) -> None:
    with pytest.raises(NotUnderstood):
        read(after=key)
