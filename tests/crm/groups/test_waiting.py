"""Groups fill in order; who comes too late waits, and gets the next free place in turn."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import select

from crm.app import create_app
from crm.core.db import disconnect, session, start_writing
from crm.core.programme import Programme
from crm.groups import tasks
from crm.groups.actions import (
    ask_place,
    close_group,
    create_group,
    give_places,
    move_group,
    record_joins,
    record_leaves,
    take_back_join,
)
from crm.groups.models import Group, Place
from crm.groups.queries import fillings, place_of
from crm.groups.rules import PLACE_HELD, PlaceState
from crm.invites.actions import make_invites
from crm.invites.models import Invite
from crm.outbox.models import Letter
from crm.people.actions import make_origin
from crm.people.models import Person
from crm.people.rules import OriginKind
from crm.settings import read
from tests import make
from tests.conftest import settings_of
from tests.make import T0

HOUR = timedelta(hours=1)


def people(count: int) -> list[Person]:
    return [make.person() for _ in range(count)]


def of(person: Person) -> tuple[PlaceState, int | None]:
    session().expire_all()
    place = session().scalars(select(Place).where(Place.person_id == person.id).order_by(Place.id.desc())).first()
    assert place is not None
    return place.state, place.group_id


def test_groups_fill_in_their_order_and_the_rest_waits(programme: Programme) -> None:
    second, first = make.group(capacity=1, position=2), make.group(capacity=2, position=1)
    for number, person in enumerate(found := people(5)):
        ask_place(person.id, at=T0 + number * HOUR)
    assert [of(person) for person in found] == [
        (PlaceState.HELD, first.id),
        (PlaceState.HELD, first.id),
        (PlaceState.HELD, second.id),
        (PlaceState.WAITING, None),
        (PlaceState.WAITING, None),
    ]


def test_asking_again_changes_nothing(programme: Programme, bo: Person) -> None:
    make.group(capacity=5)
    first = ask_place(bo.id, at=T0)
    assert ask_place(bo.id, at=T0 + HOUR).id == first.id
    assert fillings()[0].held == 1


def test_a_closed_group_and_one_full_of_members_are_passed_over(programme: Programme, bo: Person) -> None:
    closed, full, third = (make.group(capacity=1, position=number) for number in (1, 2, 3))
    close_group(closed.id, T0)
    record_joins(full.id, [(make.person().id, T0)])
    assert ask_place(bo.id, at=T0).group_id == third.id


def test_nobody_overtakes_who_waits(programme: Programme) -> None:
    early, late = people(2)
    ask_place(early.id, at=T0)
    group = make.group(capacity=1)
    ask_place(late.id, at=T0 + HOUR)
    assert of(late)[0] is PlaceState.WAITING
    assert give_places(T0 + HOUR) == 1
    assert of(early) == (PlaceState.HELD, group.id)
    assert of(late)[0] is PlaceState.WAITING


def test_joining_takes_the_place_whichever_group_it_is(programme: Programme, bo: Person) -> None:
    held, other = make.group(capacity=1, position=1), make.group(capacity=1, position=2)
    ask_place(bo.id, at=T0)
    record_joins(other.id, [(bo.id, T0 + HOUR)])
    assert of(bo) == (PlaceState.TAKEN, held.id)
    assert fillings(held.id)[0].free == 1


def test_a_place_that_nobody_takes_goes_to_the_next_with_a_letter(programme: Programme, bo: Person) -> None:
    slow = make.person()
    group = make.group(capacity=1)
    ask_place(slow.id, at=T0)
    origin = make_origin(OriginKind.CAMPAIGN, "campaign:1", "Spring")
    code = make_invites(origin, [(bo.id, "", None)], T0)[bo.id]
    ask_place(bo.id, at=T0, invite_id=session().scalars(select(Invite.id)).one())
    assert give_places(T0 + PLACE_HELD - HOUR) == 0
    assert give_places(T0 + PLACE_HELD) == 1
    assert give_places(T0 + PLACE_HELD) == 0, "run twice, nothing more"
    assert (of(slow)[0], of(bo)) == (PlaceState.LAPSED, (PlaceState.HELD, group.id))
    letter = session().scalars(select(Letter)).one()
    assert letter.values is not None
    assert letter.values["link"].endswith(f"/i/{code}")
    assert letter.expires_at == T0 + 2 * PLACE_HELD
    assert ask_place(slow.id, at=T0 + PLACE_HELD).state is PlaceState.WAITING


def test_the_task_run_late_and_twice_gives_each_place_once(programme: Programme, bo: Person) -> None:
    ask_place(bo.id, at=T0)
    make.group(capacity=3)
    session().commit()
    assert tasks.give_places.run() == 1
    assert tasks.give_places.run() == 0
    assert of(bo)[0] is PlaceState.HELD


def test_who_leaves_makes_room_for_who_waits(programme: Programme, bo: Person, mallory: Person) -> None:
    group = make.group(capacity=1)
    record_joins(group.id, [(mallory.id, T0)])
    ask_place(bo.id, at=T0)
    assert give_places(T0) == 0
    record_leaves(group.id, [(mallory.id, T0 + HOUR)])
    assert give_places(T0 + HOUR) == 1


def test_groups_change_their_order(programme: Programme) -> None:
    one, two = make.group(position=1), make.group(position=2)
    move_group(one.id, later=True, at=T0)
    assert [filling.group.id for filling in fillings()] == [two.id, one.id]
    move_group(one.id, later=True, at=T0)
    assert [filling.group.id for filling in fillings()] == [two.id, one.id]


def test_home_warns_at_ninety_percent_and_says_who_must_be_told(lins_browser: FlaskClient) -> None:
    group = make.group(name="Orange one", capacity=10)
    record_joins(group.id, [(person.id, T0) for person in people(8)])
    session().commit()
    assert "Orange one is nearly full" not in lins_browser.get("/").text
    record_joins(group.id, [(make.person().id, T0)])
    session().commit()
    assert "Orange one is nearly full" in lins_browser.get("/").text
    ask_place(make.person("Nomail").id, at=T0)
    ask_place(make.person("Later").id, at=T0)
    session().commit()
    page = lins_browser.get("/").text
    assert "Orange one is full" in page
    assert "Groups that are full" not in page
    assert "No group has a place left" in page
    assert "Later" in lins_browser.get("/groups/waiting").text
    make.group(name="Orange two")
    give_places(T0)
    session().commit()
    page = lins_browser.get("/").text
    assert "no mail address to tell them" in page
    assert "we have no mail address to tell them" in lins_browser.get("/groups/waiting").text
    assert "led to Orange two" in page


def test_staff_order_groups_on_their_page(lins_browser: FlaskClient) -> None:
    one, _two = make.group(name="One", position=1), make.group(name="Two", position=2)
    session().commit()
    lins_browser.post(f"/groups/{one.id}/later")
    page = lins_browser.get("/groups").text
    assert page.index(">Two<") < page.index(">One<")


@pytest.fixture
def two_ask_for_the_last(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], list[PlaceState]]:
    """Makes an installation with one group of one place, and lets eight people ask at the same moment."""

    def run(address: str) -> list[PlaceState]:
        app = create_app(read(settings_of(tmp_path, address)), TESTING=True)
        barrier = Barrier(8)

        def ask(person_id: int) -> None:
            with app.app_context():
                start_writing()
                barrier.wait()
                ask_place(person_id, at=T0)
                session().commit()

        with app.app_context():
            upgrade()
            make.programme()
            make.group(capacity=1)
            ids = [person.id for person in people(8)]
            session().commit()
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(ask, ids))
            states = [place.state for place in map(place_of, ids) if place is not None]
            disconnect()
        return states

    return run


def test_of_eight_who_ask_at_once_one_gets_the_last_place_on_postgresql(
    two_ask_for_the_last: Callable[[str], list[PlaceState]], fresh_postgres_database: Callable[[], str]
) -> None:
    assert sorted(two_ask_for_the_last(fresh_postgres_database())) == [PlaceState.HELD] + [PlaceState.WAITING] * 7


def test_of_eight_who_ask_at_once_one_gets_the_last_place_on_sqlite(
    two_ask_for_the_last: Callable[[str], list[PlaceState]], tmp_path: Path
) -> None:
    states = two_ask_for_the_last(f"sqlite:///{tmp_path}/last.db")
    assert sorted(states) == [PlaceState.HELD] + [PlaceState.WAITING] * 7


def test_new_groups_stand_last(programme: Programme) -> None:
    first = make.group(position=7)
    assert create_group("qq", "Next", 5, at=T0).position == session().get_one(Group, first.id).position + 1


@pytest.mark.parametrize(("capacity", "before"), [(5, PlaceState.HELD), (0, PlaceState.WAITING)])
def test_a_join_that_is_taken_back_gives_back_the_place_that_it_took(
    programme: Programme, bo: Person, capacity: int, before: PlaceState
) -> None:
    group = make.group(name="One", capacity=capacity or 1)
    if not capacity:
        record_joins(group.id, [(make.person("Full").id, T0)])
    place = ask_place(bo.id, at=T0)
    assert place.state is before
    other = make.group(name="Two")
    record_joins(other.id, [(bo.id, T0 + HOUR)])
    session().expire_all()
    assert place.state is PlaceState.TAKEN
    take_back_join(other.id, bo.id, T0 + HOUR)
    session().expire_all()
    assert (place.state, place.ended_at) == (before, None)


def test_a_place_asked_for_anew_stays_the_only_one(programme: Programme, bo: Person) -> None:
    group = make.group(name="One", capacity=5)
    ask_place(bo.id, at=T0)
    record_joins(group.id, [(bo.id, T0 + HOUR)])
    again = ask_place(bo.id, at=T0 + 2 * HOUR)
    take_back_join(group.id, bo.id, T0 + HOUR)
    session().expire_all()
    running = session().scalars(select(Place).where(Place.ended_at.is_(None))).all()
    assert [place.id for place in running] == [again.id]
