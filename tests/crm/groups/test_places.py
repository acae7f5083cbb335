"""A group has so many places: who joins, who leaves, and who finds it full."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal
from crm.core.programme import Programme
from crm.core.restand import Restand
from crm.groups.actions import (
    GroupClosed,
    GroupFull,
    GroupKnown,
    change_group,
    close_group,
    create_group,
    record_joins,
    record_leaves,
)
from crm.groups.models import Membership
from crm.groups.queries import running_count
from crm.people.models import Person
from tests import make
from tests.make import T0


def test_a_group_needs_a_kind_a_name_and_places(database: Flask) -> None:
    with pytest.raises(NotUnderstood):
        create_group("icq", "One", 10, at=T0)
    with pytest.raises(NotUnderstood):
        create_group("qq", "  ", 10, at=T0)
    with pytest.raises(NotUnderstood):
        create_group("qq", "One", 0, at=T0)


def test_a_name_is_taken_once_in_its_kind(database: Flask) -> None:
    create_group("qq", "One", 10, at=T0)
    with pytest.raises(GroupKnown):
        create_group("qq", "One", 20, at=T0)
    assert create_group("wechat", "One", 20, at=T0).capacity == 20


def test_a_join_puts_a_person_in_and_restands_them_from_that_moment(programme: Programme, bo: Person) -> None:
    group = make.group()
    assert record_joins(group.id, [(bo.id, T0)]) == 1
    assert running_count(group.id) == 1
    assert session().get_one(Restand, bo.id).since == T0


def test_joining_again_changes_nothing(programme: Programme, bo: Person) -> None:
    group = make.group()
    assert record_joins(group.id, [(bo.id, T0), (bo.id, T0 - timedelta(days=1))]) == 1
    assert record_joins(group.id, [(bo.id, T0)]) == 0
    assert session().scalars(select(Membership.joined_at)).all() == [T0 - timedelta(days=1)]


def test_a_full_group_refuses_and_adds_nobody(programme: Programme) -> None:
    group = make.group(capacity=2)
    people = [make.person().id for _ in range(3)]
    with pytest.raises(GroupFull, match="takes 2 more, and 3 would join"):
        record_joins(group.id, [(person_id, T0) for person_id in people])
    assert running_count(group.id) == 0
    assert record_joins(group.id, [(person_id, T0) for person_id in people[:2]]) == 2
    with pytest.raises(GroupFull):
        record_joins(group.id, [(people[2], T0)])


def test_who_leaves_makes_room_and_may_come_back(programme: Programme, bo: Person, mallory: Person) -> None:
    group = make.group(capacity=1)
    record_joins(group.id, [(bo.id, T0)])
    assert record_leaves(group.id, [(bo.id, T0 + timedelta(days=1))]) == 1
    assert record_joins(group.id, [(mallory.id, T0 + timedelta(days=2))]) == 1
    record_leaves(group.id, [(mallory.id, T0 + timedelta(days=3))])
    assert record_joins(group.id, [(bo.id, T0 + timedelta(days=4))]) == 1
    assert running_count(group.id) == 1


def test_leaving_twice_or_before_joining_is_passed_over(programme: Programme, bo: Person) -> None:
    group = make.group()
    record_joins(group.id, [(bo.id, T0)])
    assert record_leaves(group.id, [(bo.id, T0 - timedelta(days=1))]) == 0
    assert record_leaves(group.id, [(bo.id, T0 + timedelta(days=1))]) == 1
    assert record_leaves(group.id, [(bo.id, T0 + timedelta(days=2))]) == 0


def test_a_closed_group_takes_nobody(programme: Programme, bo: Person) -> None:
    group = make.group()
    close_group(group.id, T0)
    with pytest.raises(GroupClosed):
        record_joins(group.id, [(bo.id, T0)])


def test_a_group_cannot_have_fewer_places_than_people(programme: Programme, bo: Person, mallory: Person) -> None:
    group = make.group(capacity=5)
    record_joins(group.id, [(bo.id, T0), (mallory.id, T0)])
    with pytest.raises(Refusal):
        change_group(group.id, capacity=1, address="", at=T0)
    assert change_group(group.id, capacity=2, address="10001", at=T0).capacity == 2


def test_staff_see_the_places_left(lins_browser: FlaskClient, bo: Person) -> None:
    group = make.group(name="Orange one", capacity=3)
    record_joins(group.id, [(bo.id, T0)])
    session().commit()
    page = lins_browser.get("/groups").text
    assert "Orange one" in page
    assert "Bo" in lins_browser.get(f"/groups/{group.id}").text


def test_staff_make_a_group_and_record_a_join_and_a_leave(lins_browser: FlaskClient, bo: Person) -> None:
    answer = lins_browser.post("/groups/new", data={"kind": "qq", "name": "One", "capacity": "1"})
    page = answer.location
    assert lins_browser.post(f"{page}/joins", data={"identity": "10001"}).status_code == 302
    assert "Bo" in lins_browser.get(page).text
    full = lins_browser.post(f"{page}/joins", data={"identity": "10002"})
    assert "takes 0 more" in full.text
    assert lins_browser.post(f"{page}/leaves/{bo.id}").status_code == 302
    assert lins_browser.post(f"{page}/leaves/{bo.id}").status_code == 409


def test_a_tester_sees_no_groups(adas_browser: FlaskClient) -> None:
    assert adas_browser.get("/groups").status_code == 403
