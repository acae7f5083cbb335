"""Codes of people who are merged or forgotten; the filter and the timeline."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from crm.core.db import session
from crm.fcodes.actions import issue, redeem
from crm.fcodes.models import FCode
from crm.fcodes.offers import timeline
from crm.fcodes.queries import find, touched
from crm.people.actions import merge
from crm.people.actions.forgetting import forget
from crm.people.models import Person
from crm.people.queries import matching
from tests.make import T0

LATER = T0 + timedelta(days=30)


def test_a_forgotten_giver_gives_no_more(ada: Person, bo: Person) -> None:
    spent, ready = issue(ada.id, 2, at=T0, expires_at=LATER)
    redeem(spent, bo.id, at=T0)
    forget(ada.id, at=T0)
    assert find(ready).revoked_at == T0
    assert (find(spent).revoked_at, find(spent).redeemed_by_id) == (None, bo.id)


def test_codes_move_to_who_stands_for_both(ada: Person, bo: Person, mallory: Person) -> None:
    code = issue(mallory.id, 1, at=T0, expires_at=LATER)[0]
    redeem(code, bo.id, at=T0)
    merge(ada.id, mallory.id, at=T0)
    assert find(code).giver_id == ada.id


def test_a_merge_of_giver_and_friend_leaves_the_code_as_it_was(bo: Person, mallory: Person) -> None:
    code = issue(mallory.id, 1, at=T0, expires_at=LATER)[0]
    redeem(code, bo.id, at=T0)
    merge(bo.id, mallory.id, at=T0)
    row = session().scalars(select(FCode).where(FCode.code == code)).one()
    assert (row.giver_id, row.redeemed_by_id) == (mallory.id, bo.id)


def test_people_are_found_by_their_codes(ada: Person, bo: Person, mallory: Person) -> None:
    codes = issue(ada.id, 2, at=T0, expires_at=LATER)
    redeem(codes[0], bo.id, at=T0)
    found = {
        key: set(session().scalars(matching({key: "yes"}, T0)))
        for key in ("came_by_fcode", "brought_by_fcode", "has_fcodes")
    }
    assert found == {"came_by_fcode": {bo.id}, "brought_by_fcode": {ada.id}, "has_fcodes": {ada.id}}
    assert touched([ada.id, bo.id, mallory.id]) == {ada.id, bo.id}


def test_the_timeline_tells_of_codes_once_per_giving(ada: Person, bo: Person) -> None:
    codes = issue(ada.id, 5, at=T0, expires_at=LATER)
    redeem(codes[0], bo.id, at=T0 + timedelta(days=1))
    assert [event.at for event in timeline(ada.id, None, 10)] == [T0 + timedelta(days=1), T0]
    assert len(timeline(ada.id, T0 + timedelta(days=1), 10)) == 1
    assert len(timeline(bo.id, None, 10)) == 1
