"""Who needs it too: once each, counted, and warm from the rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere
from crm.feedback.actions import recompute, support, support_many, withdraw_request, withdraw_support, write_request
from crm.feedback.models import Request, Support
from crm.feedback.rules import COLD, RequestKind, heat_of
from crm.people.models import Person
from tests import make
from tests.make import T0


def idea(author: Person, title: str = "A quieter alarm") -> Request:
    return write_request(author.id, RequestKind.IDEA, title, "", at=T0)


def rows(request_id: int) -> list[Support]:
    return list(session().scalars(select(Support).where(Support.request_id == request_id)))


def is_true(request: Request) -> bool:
    """Counter and heat are what the rows say."""
    found = rows(request.id)
    return request.supporters == len(found) and request.heat == pytest.approx(heat_of(row.at for row in found))


def test_the_writer_is_the_first_supporter(ada: Person) -> None:
    request = idea(ada)
    assert [row.person_id for row in rows(request.id)] == [ada.id]
    assert is_true(request)


def test_a_second_press_changes_nothing(ada: Person, bo: Person) -> None:
    request = idea(ada)
    assert support(request.id, bo.id, T0 + timedelta(days=1)) is True
    heat = request.heat
    assert support(request.id, bo.id, T0 + timedelta(days=9)) is False
    assert (request.supporters, request.heat) == (2, heat)
    assert is_true(request)


def test_withdrawn_support_is_as_if_it_had_never_been(ada: Person, bo: Person) -> None:
    request = idea(ada)
    before = request.heat
    support(request.id, bo.id, T0 + timedelta(days=3))
    assert withdraw_support(request.id, bo.id) is True
    assert request.heat == pytest.approx(before)
    assert withdraw_support(request.id, bo.id) is False
    withdraw_support(request.id, ada.id)
    assert (request.supporters, request.heat) == (0, COLD)


def test_many_supporters_at_once_are_counted_like_one_after_the_other(ada: Person) -> None:
    requests = [idea(ada, f"Wish {number}") for number in range(5)]
    people = [make.person() for _number in range(40)]
    pairs = [
        (request.id, person.id, T0 + timedelta(hours=place * 7 + other))
        for place, request in enumerate(requests)
        for other, person in enumerate(people)
        if (place + other) % 3
    ]
    assert support_many(pairs) == len(pairs)
    assert support_many([*pairs, *pairs]) == 0
    assert all(is_true(request) for request in requests)


def test_of_a_double_pair_in_one_call_the_earlier_moment_counts(ada: Person, bo: Person) -> None:
    request = idea(ada)
    late, early = T0 + timedelta(days=2), T0 + timedelta(days=1)
    assert support_many([(request.id, bo.id, late), (request.id, bo.id, early)]) == 1
    assert [row.at for row in rows(request.id) if row.person_id == bo.id] == [early]


def test_an_unknown_request_is_named(ada: Person) -> None:
    with pytest.raises(NotThere, match="4711"):
        support_many([(4711, ada.id, T0)])


def test_a_request_that_its_writer_withdrew_takes_no_support(ada: Person, bo: Person) -> None:
    request = idea(ada)
    withdraw_request(request.id, ada.id, at=T0)
    with pytest.raises(MoveRefused):
        support(request.id, bo.id, T0)
    assert support_many([(request.id, bo.id, T0)]) == 0


def test_the_cached_figures_can_be_rebuilt_from_the_rows(ada: Person, bo: Person) -> None:
    request = idea(ada)
    support(request.id, bo.id, T0 + timedelta(days=5))
    right = (request.supporters, request.heat)
    request.supporters, request.heat = 99, 1.0
    session().flush()
    recompute([request.id])
    assert request.supporters == right[0]
    assert request.heat == pytest.approx(right[1])
