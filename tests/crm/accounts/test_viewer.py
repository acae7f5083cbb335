"""Who is looking is found from the cookie or the token, in one question, and from nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask, g
from sqlalchemy import event, update

from crm.accounts.actions import close_sessions, open_session
from crm.accounts.models import SignInSession
from crm.accounts.queries import Viewer, viewer_of_session
from crm.accounts.rules import COOKIE, SEEN_EVERY, SESSION_LIVES, Role
from crm.accounts.views.viewer import load_viewer
from crm.core import clock
from crm.core.db import db, session
from crm.core.guards import May
from crm.people.models import Person
from tests import make
from tests.make import T0


def looking(who: Person, *, as_staff: bool = False) -> Viewer | None:
    return viewer_of_session(open_session(who.id, as_staff=as_staff, at=T0), T0)


def test_an_admin_may_everything(lin: Person) -> None:
    viewer = looking(lin, as_staff=True)
    assert viewer is not None
    assert viewer.is_staff
    assert all(viewer.may(permission) for permission in May)


def test_a_tester_is_one_and_may_nothing_of_staff(ada: Person) -> None:
    viewer = looking(ada)
    assert viewer is not None
    assert (viewer.is_tester, viewer.is_staff, viewer.may(May.SEE)) == (True, False, False)


def test_a_session_that_is_not_staffs_has_no_roles_even_of_staff(lin: Person) -> None:
    viewer = looking(lin)
    assert viewer is not None
    assert not viewer.is_staff


def test_two_roles_are_added_up(lin: Person) -> None:
    both = make.staff("Rei", Role.COMMUNITY)
    from crm.accounts.models import StaffRole  # noqa: PLC0415 -- only this test makes a second role

    session().add(StaffRole(person_id=both.id, role=Role.RELEASE))
    viewer = looking(both, as_staff=True)
    assert viewer is not None
    assert viewer.may(May.OUTREACH)
    assert viewer.may(May.BUILDS)
    assert not viewer.may(May.SETTINGS)


@pytest.mark.parametrize("later", [SESSION_LIVES, SESSION_LIVES + timedelta(days=1)])
def test_a_session_ends_by_itself(ada: Person, later: timedelta) -> None:
    secret = open_session(ada.id, as_staff=False, at=T0)
    assert viewer_of_session(secret, T0 + later - timedelta(days=2)) is not None
    assert viewer_of_session(secret, T0 + later) is None


def test_a_closed_session_is_nobody(ada: Person) -> None:
    secret = open_session(ada.id, as_staff=False, at=T0)
    close_sessions(ada.id, at=T0)
    assert viewer_of_session(secret, T0) is None


def test_a_forgotten_person_is_nobody(ada: Person) -> None:
    secret = open_session(ada.id, as_staff=False, at=T0)
    ada.forgotten_at = T0
    session().flush()
    assert viewer_of_session(secret, T0) is None


def test_the_viewer_costs_one_question_and_a_fresh_one_writes_nothing(database: Flask, lin: Person) -> None:
    secret = open_session(lin.id, as_staff=True, at=clock.now())
    session().commit()
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    with database.test_request_context("/", headers={"Cookie": f"{COOKIE}={secret}"}):
        event.listen(db.engine, "before_cursor_execute", note)
        load_viewer()
        event.remove(db.engine, "before_cursor_execute", note)
        assert g.viewer.person_id == lin.id
    assert len([q for q in asked if q.startswith(("SELECT", "UPDATE"))]) == 1


def test_seen_is_noted_at_most_every_ten_minutes(database: Flask, lin: Person) -> None:
    secret = open_session(lin.id, as_staff=True, at=clock.now())
    long_ago = clock.now() - SEEN_EVERY - timedelta(seconds=1)
    session().execute(update(SignInSession).values(seen_at=long_ago))
    session().commit()
    with database.test_request_context("/", headers={"Cookie": f"{COOKIE}={secret}"}):
        load_viewer()
    seen = session().query(SignInSession).one().seen_at
    assert seen > long_ago


def test_a_cookie_counts_for_nothing_when_it_would_write_through_the_api(database: Flask, lin: Person) -> None:
    secret = open_session(lin.id, as_staff=True, at=clock.now())
    session().commit()
    with database.test_request_context("/api/v1/check-ins", method="POST", headers={"Cookie": f"{COOKIE}={secret}"}):
        load_viewer()
        assert g.viewer is None
