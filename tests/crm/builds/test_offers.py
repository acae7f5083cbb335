"""What builds show other rooms: conditions, a timeline that is legible, panels."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask, render_template

from crm.builds import offers
from crm.builds.actions import grant_access
from crm.builds.rules import CheckInKind
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.programme import Programme
from crm.people.models import Person
from crm.people.queries import matching
from tests import make
from tests.make import T0


def found(**filters: str) -> set[int]:
    return set(session().scalars(matching(filters, T0)))


def test_people_are_found_by_their_builds(programme: Programme, ada: Person, bo: Person) -> None:
    build = make.build(platform="android")
    grant_access(build.id, [ada.id, bo.id], at=T0, granted_by="test")
    make.check_in(ada, T0 - timedelta(days=3), build_id=build.id)
    make.check_in(bo, T0 - timedelta(days=30), build_id=build.id, kind=CheckInKind.REPORT)
    assert found(has_build=str(build.id)) == {ada.id, bo.id}
    assert found(ran_build=str(build.id)) == {ada.id}
    assert found(checked_in_days="7") == {ada.id}
    assert found(checked_in_days="31") == {ada.id, bo.id}
    assert found(platform="android") == {ada.id}
    assert found(platform="ios") == set()


@pytest.mark.parametrize("key", ["has_build", "ran_build", "checked_in_days", "platform"])
def test_a_condition_says_what_it_cannot_read(programme: Programme, key: str) -> None:
    with pytest.raises(NotUnderstood):
        found(**{key: "x"})


def test_a_timeline_has_one_line_for_a_week_and_version(programme: Programme, ada: Person) -> None:
    for day in range(20):
        make.check_in(ada, T0 - timedelta(days=day), version="1.0" if day > 9 else "2.0")
    lines = offers.timeline(ada.id, None, 10)
    assert 3 <= len(lines) <= 5
    assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)
    rest = offers.timeline(ada.id, lines[1].at, 10)
    assert [line.at for line in rest] == [line.at for line in lines[2:]]


def test_panels_show_what_a_person_has_and_ran(database: Flask, programme: Programme, ada: Person, bo: Person) -> None:
    build = make.build(platform="android", version="7.7")
    grant_access(build.id, [ada.id], at=T0, granted_by="test")
    make.check_in(ada, T0, build_id=build.id, version="7.7")
    assert offers.person_panel(bo.id, T0) is None
    with database.test_request_context(headers={"Accept-Language": "en"}):
        shown = render_template("builds/_person.html", **(offers.person_panel(ada.id, T0) or {}))
        mine = render_template("builds/_mine.html", **offers.tester_panel(ada.id, T0))
        none = render_template("builds/_mine.html", **offers.tester_panel(bo.id, T0))
    assert "7.7" in shown
    assert "you have run it" in mine
    assert "No build for you yet" in none
