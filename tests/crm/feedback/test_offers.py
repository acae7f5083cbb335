"""What merging, parting and forgetting do to requests; the filter, the timeline, the panels."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from crm.core.db import session
from crm.feedback.actions import answer, support, write_request
from crm.feedback.models import Request, Support
from crm.feedback.offers import home_panel, timeline
from crm.feedback.queries import touched
from crm.feedback.rules import RequestKind, RequestState, heat_of
from crm.people.actions import merge, unmerge
from crm.people.actions.forgetting import forget
from crm.people.models import Person
from crm.people.queries import matching
from tests.make import T0

LATER = T0 + timedelta(days=10)


def idea(author: Person, title: str = "A quieter alarm") -> Request:
    return write_request(author.id, RequestKind.IDEA, title, "It wakes the cat", at=T0)


def moments(request: Request) -> dict[int, datetime]:
    rows = session().execute(select(Support.person_id, Support.at).where(Support.request_id == request.id))
    return {row[0]: row[1] for row in rows}


def test_two_who_are_one_count_once_since_the_earlier_moment_and_twice_again_when_parted(
    ada: Person, bo: Person, mallory: Person
) -> None:
    request = idea(ada)
    support(request.id, bo.id, LATER)
    support(request.id, mallory.id, T0)
    before = moments(request)
    made = merge(bo.id, mallory.id, at=LATER)
    assert moments(request) == {ada.id: T0, bo.id: T0}
    assert request.supporters == 2
    assert request.heat == pytest.approx(heat_of([T0, T0]))
    unmerge(made.id, at=LATER)
    assert moments(request) == before
    assert request.supporters == 3
    assert request.heat == pytest.approx(heat_of([T0, T0, LATER]))


def test_a_request_that_others_need_survives_its_forgotten_writer(ada: Person, bo: Person) -> None:
    request = idea(ada)
    support(request.id, bo.id, T0)
    forget(ada.id, at=LATER)
    assert (request.title, request.author_id, request.supporters) == ("A quieter alarm", None, 1)
    assert request.state is RequestState.OPEN


def test_a_request_that_nobody_else_needs_loses_its_text_with_its_writer(ada: Person) -> None:
    request = idea(ada)
    forget(ada.id, at=LATER)
    assert (request.title, request.body, request.author_id) == ("", "", None)
    assert request.state is RequestState.WITHDRAWN


def test_people_are_found_by_what_they_wrote_and_need(ada: Person, bo: Person, mallory: Person) -> None:
    request = idea(ada)
    support(request.id, bo.id, T0)
    assert set(session().scalars(matching({"wrote_request": "yes"}, T0))) == {ada.id}
    assert set(session().scalars(matching({"supports_request": str(request.id)}, T0))) == {ada.id, bo.id}
    assert touched([ada.id, bo.id, mallory.id]) == {ada.id, bo.id}


def test_the_timeline_tells_of_requests_newest_first_and_pages_back(ada: Person, bo: Person, database: Flask) -> None:
    request, other = idea(bo), idea(ada, "Bigger keys")
    support(request.id, ada.id, LATER)
    with database.test_request_context():
        events = timeline(ada.id, None, 10)
        assert [event.kind for event in events] == ["support", "request"]
        assert [event.at for event in timeline(ada.id, LATER, 10)] == [T0]
        assert events[1].url == f"/requests/{other.id}"


def test_home_shows_the_hottest_open_requests_that_nobody_has_answered(ada: Person, bo: Person, lin: Person) -> None:
    cold, hot, answered = idea(ada, "cold"), idea(ada, "hot"), idea(ada, "answered")
    support(hot.id, bo.id, T0)
    answer(answered.id, "Yes.", staff_id=lin.id, at=T0)
    shown = home_panel(lin.id, T0)
    assert shown is not None
    assert shown["requests"] == [hot, cold]
    assert shown["count"] == 2
