"""Seats: a cap that holds, an order that holds, and nobody who loses one unwarned."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from crm.accounts.actions import end_agreement
from crm.builds import tasks
from crm.builds.actions import grant_access
from crm.builds.actions.seats import (
    Changed,
    ask_for_seat,
    effect_before_first,
    give_seat,
    give_up_seat,
    release_seat,
    set_rule,
    sweep_seats,
    with_seats,
)
from crm.builds.models import Build, Seat, SeatPolicy
from crm.builds.queries.seats import place_in_line, policy_of, seat_figures, seat_of, seats_of
from crm.builds.rules.seats import SeatEnd, SeatRule, SeatState
from crm.core.db import session, start_writing
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.programme import Programme
from crm.outbox.actions import deliver_due
from crm.outbox.models import Letter
from crm.people.actions import merge
from crm.people.models import Identity, Person
from tests import make
from tests.databases import waits
from tests.make import T0

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
IDLE = SeatRule(2, 4, 14)


def rule(cap: int | None, idle: int | None = None, grace: int = 14, *, at: datetime = T0) -> None:
    """Saved as the page saves it: after its effect was looked at."""
    wanted, policy = SeatRule(cap, idle, grace), policy_of("android")
    seen = effect_before_first("android", wanted, at).mark
    set_rule("android", wanted, version=policy.version if policy else 0, seen=seen, at=at)
    session().commit()


def crowd(count: int) -> list[Person]:
    return [make.tester(f"T{number}") for number in range(count)]


def seat(people: list[Person], at: datetime = T0) -> None:
    """Gives them seats, as far as they go, and a build to whoever has one."""
    grant_access(build().id, with_seats("android", ids(people), at), at=at, granted_by="test")


def ids(people: list[Person]) -> list[int]:
    return [person.id for person in people]


def states(people: list[Person]) -> list[str]:
    found = [seat_of(person.id, "android") for person in people]
    return [seat.state.value if seat else "none" for seat in found]


def occasions(person: Person) -> list[str]:
    letters = session().query(Letter).filter_by(person_id=person.id).order_by(Letter.id)
    return [letter.occasion.split(":")[2] for letter in letters if letter.occasion.startswith("seat:")]


def ran(person: Person, at: datetime) -> None:
    make.check_in(person, at, build_id=build().id)


def build() -> Build:
    return session().query(Build).filter_by(platform="android").first() or make.build()


def test_without_a_rule_everybody_gets_builds_and_nothing_is_kept(programme: Programme) -> None:
    people = crowd(3)
    assert with_seats("android", ids(people), T0) == ids(people)
    assert session().query(Seat).count() == 0


def test_a_cap_seats_the_first_and_lets_the_others_wait_in_order(programme: Programme, lin: Person) -> None:
    rule(2)
    people = crowd(4)
    assert with_seats("android", [*ids(people), lin.id], T0) == [people[0].id, people[1].id, lin.id]
    assert states(people) == ["held", "held", "waiting", "waiting"]
    assert with_seats("android", ids(people), T0 + DAY) == ids(people[:2])
    assert [place_in_line(seat_of(one.id, "android") or Seat()) for one in people[2:]] == [1, 2]


def test_who_had_a_build_when_the_first_rule_came_holds_a_seat_also_above_the_cap(programme: Programme) -> None:
    people = crowd(3)
    grant_access(build().id, ids(people), at=T0, granted_by="test")
    session().commit()
    effect = effect_before_first("android", SeatRule(1), T0)
    assert (effect.above, len(effect.warned), len(effect.seated)) == (2, 0, 0)
    session().rollback()
    rule(1)
    assert states(people) == ["held"] * 3
    late = crowd(1)[0]
    assert with_seats("android", [late.id], T0 + DAY) == []


def test_a_seat_that_is_given_up_goes_to_the_next_and_returners_come_first(programme: Programme) -> None:
    rule(1)
    first, second, third = people = crowd(3)
    with_seats("android", ids(people), T0)
    give_up_seat(first.id, "android", T0 + DAY)
    assert states(people) == ["released", "held", "waiting"]
    assert occasions(second) == ["seated"]
    assert with_seats("android", ids(people), T0 + 2 * DAY) == [second.id]  # who gave it up is not asked again
    assert ask_for_seat(first.id, "android", T0 + 3 * DAY) is SeatState.WAITING
    assert place_in_line(seat_of(first.id, "android") or Seat()) == 1
    assert place_in_line(seat_of(third.id, "android") or Seat()) == 2
    give_up_seat(second.id, "android", T0 + 4 * DAY)
    assert states(people) == ["held", "released", "waiting"]
    with pytest.raises(MoveRefused):
        ask_for_seat(third.id, "android", T0)


def test_whoever_is_seated_as_others_come_is_told(programme: Programme) -> None:
    """A place that had become free goes to the first in line, not to who is looked at just now."""
    rule(1)
    waits, comes = crowd(2)
    session().add(Seat(platform="android", person_id=waits.id, state=SeatState.WAITING, since=T0))
    session().flush()
    assert with_seats("android", [comes.id], T0 + DAY) == []
    assert states([waits, comes]) == ["held", "waiting"]
    assert [occasions(waits), occasions(comes)] == [["seated"], []]


def test_an_idle_holder_is_warned_with_the_day_and_loses_the_seat_after_the_grace_only(programme: Programme) -> None:
    rule(1, idle=4)
    idle, next_one = people = crowd(2)
    seat(people)
    assert sweep_seats("android", T0 + 4 * WEEK - DAY) == 0
    sweep_seats("android", T0 + 4 * WEEK)
    deliver_due(T0 + 4 * WEEK)
    found = seat_of(idle.id, "android")
    assert found is not None
    assert (found.state, found.lose_at) == (SeatState.HELD, T0 + 4 * WEEK + 14 * DAY)
    assert occasions(idle) == ["warned"]
    assert sweep_seats("android", T0 + 4 * WEEK + 14 * DAY - timedelta(seconds=1)) == 0
    assert sweep_seats("android", T0 + 4 * WEEK + 14 * DAY) == 2
    assert states(people) == ["released", "held"]
    assert occasions(idle) == ["warned", "lost"]
    assert occasions(next_one) == ["seated"]
    assert sweep_seats("android", T0 + 4 * WEEK + 14 * DAY) == 0


def test_a_build_that_ran_in_the_grace_takes_the_warning_back(programme: Programme) -> None:
    rule(1, idle=4)
    (one,) = crowd(1)
    seat([one])
    sweep_seats("android", T0 + 4 * WEEK)
    ran(one, T0 + 5 * WEEK)
    sweep_seats("android", T0 + 9 * WEEK - DAY)
    assert states([one]) == ["held"]
    assert (seat_of(one.id, "android") or Seat()).warned_at is None
    sweep_seats("android", T0 + 9 * WEEK)
    assert occasions(one) == ["warned", "warned"]


def test_a_build_of_another_platform_is_no_sign_but_an_unknown_one_is(programme: Programme) -> None:
    rule(2, idle=4)
    other, unknown = people = crowd(2)
    seat(people)
    make.check_in(other, T0 + 3 * WEEK, build_id=make.build(platform="ios").id)
    make.check_in(unknown, T0 + 3 * WEEK)
    sweep_seats("android", T0 + 4 * WEEK)
    assert [occasions(one) for one in people] == [["warned"], []]


def test_a_shorter_grace_does_not_bring_a_promised_day_nearer(programme: Programme) -> None:
    rule(1, idle=4, grace=30)
    (one,) = crowd(1)
    seat([one])
    sweep_seats("android", T0 + 4 * WEEK)
    rule(1, idle=4, grace=7, at=T0 + 4 * WEEK + DAY)
    sweep_seats("android", T0 + 4 * WEEK + 29 * DAY)
    assert states([one]) == ["held"]
    rule(1, idle=None, at=T0 + 4 * WEEK + 29 * DAY)
    sweep_seats("android", T0 + 4 * WEEK + 40 * DAY)
    assert states([one]) == ["held"], "no rule of idleness, no warning"


def test_who_leaves_the_programme_leaves_the_seat(programme: Programme) -> None:
    rule(1)
    people = crowd(2)
    first = people[0]
    with_seats("android", ids(people), T0)
    end_agreement(first.id, at=T0 + DAY, reason="left")
    sweep_seats("android", T0 + DAY)
    assert states(people) == ["released", "held"]
    assert (seat_of(first.id, "android") or Seat()).ended is SeatEnd.LEFT
    assert occasions(first) == []


def test_staff_take_and_give_seats_and_the_person_is_told_why(programme: Programme) -> None:
    rule(1)
    first, second = people = crowd(2)
    with_seats("android", ids(people), T0)
    give_seat(second.id, "android", T0)
    assert states(people) == ["held", "held"]
    with pytest.raises(NotUnderstood):
        release_seat(first.id, "android", " ", T0)
    release_seat(first.id, "android", "Sold the phone", T0 + DAY)
    assert states(people) == ["released", "held"]
    assert occasions(first) == ["lost"]
    with pytest.raises(MoveRefused):
        give_seat(second.id, "android", T0)
    with pytest.raises(MoveRefused):
        release_seat(first.id, "android", "again", T0)


def test_a_rule_is_saved_only_with_the_effect_that_was_looked_at(programme: Programme) -> None:
    rule(1, idle=None)
    people = crowd(3)
    with_seats("android", ids(people), T0)
    seen = effect_before_first("android", SeatRule(2), T0)
    assert [seen.names[number] for number in seen.seated] == ["T1"]
    give_up_seat(people[0].id, "android", T0)  # the effect is another now
    with pytest.raises(Changed):
        set_rule("android", SeatRule(3), version=1, seen=seen.mark, at=T0)
    with pytest.raises(Changed):
        set_rule("android", SeatRule(2), version=0, seen=seen.mark, at=T0)


@pytest.mark.parametrize(
    "bad", [SeatRule(-1), SeatRule(1, 0), SeatRule(1, 4, 6), SeatRule(1, 4, 1000), SeatRule(10**9)]
)
def test_what_cannot_be_a_rule(programme: Programme, bad: SeatRule) -> None:
    with pytest.raises(NotUnderstood):
        set_rule("android", bad, version=0, seen="none", at=T0)


def test_the_task_runs_twice_and_late_and_stands_still_while_the_programme_does(programme: Programme) -> None:
    rule(1, idle=4)
    (one,) = crowd(1)
    seat([one])
    programme.held_at = T0 + 30 * WEEK
    session().commit()
    assert tasks.sweep_all_seats.run() == 1
    assert tasks.sweep_all_seats.run() == 0
    assert occasions(one) == ["warned"], "late as it is, the grace begins with the warning"


def test_a_rule_is_not_saved_with_another_grace_than_was_looked_at(programme: Programme) -> None:
    rule(5)
    seat(crowd(2))
    seen = effect_before_first("android", SeatRule(5, 4, 60), T0 + 10 * WEEK)
    assert len(seen.warned) == 2
    with pytest.raises(Changed):
        set_rule("android", SeatRule(5, 4, 7), version=1, seen=seen.mark, at=T0 + 10 * WEEK)


def test_the_effect_that_is_shown_is_the_one_that_is_done(programme: Programme) -> None:
    """Who has left makes room for the next, and nothing of the look stays."""
    rule(1)
    people = crowd(3)
    seat(people)
    end_agreement(people[0].id, at=T0 + DAY, reason="left")
    seen = effect_before_first("android", SeatRule(1, 50), T0 + DAY)
    assert states(people) == ["held", "waiting", "waiting"]
    set_rule("android", SeatRule(1, 50), version=1, seen=seen.mark, at=T0 + DAY)
    assert states(people) == ["released", "held", "waiting"]
    assert list(seen.seated) == [people[1].id]


def test_a_milder_rule_takes_warnings_back(programme: Programme) -> None:
    rule(5, 4, 14)
    people = crowd(1)
    seat(people)
    sweep_seats("android", T0 + 5 * WEEK)
    deliver_due(T0 + 5 * WEEK)
    seen = effect_before_first("android", SeatRule(5, 52, 14), T0 + 5 * WEEK)
    assert list(seen.kept) == ids(people)
    rule(5, 52, 14, at=T0 + 5 * WEEK)
    sweep_seats("android", T0 + 9 * WEEK)
    assert states(people) == ["held"]


def test_nobody_loses_a_seat_who_was_not_written_to(programme: Programme) -> None:
    """Neither without an address, nor when the letter has not left."""
    rule(5, 4, 14)
    nowhere, waits = people = crowd(2)
    session().execute(delete(Identity).where(Identity.person_id == nowhere.id))
    seat(people)
    seen = effect_before_first("android", SeatRule(5, 4, 14), T0 + 5 * WEEK)
    assert (list(seen.warned), list(seen.unwritten)) == ([waits.id], [nowhere.id])
    for weeks in (5, 8, 20):
        sweep_seats("android", T0 + weeks * WEEK)
    assert states(people) == ["held", "held"]
    deliver_due(T0 + 20 * WEEK)
    sweep_seats("android", T0 + 20 * WEEK + 6 * DAY)
    assert states(people) == ["held", "held"], "a week at least after they could read it"
    sweep_seats("android", T0 + 21 * WEEK)
    assert states(people) == ["held", "released"]


def test_nobody_is_idle_who_was_given_no_build(programme: Programme) -> None:
    rule(5, 4, 14)
    people = crowd(1)
    with_seats("android", ids(people), T0)
    assert sweep_seats("android", T0 + 5 * WEEK) == 0
    grant_access(build().id, ids(people), at=T0 + 5 * WEEK, granted_by="test")
    assert sweep_seats("android", T0 + 9 * WEEK - DAY) == 0
    assert sweep_seats("android", T0 + 9 * WEEK) == 1


def test_a_tester_who_joins_the_staff_needs_no_seat(programme: Programme) -> None:
    rule(5)
    (one,) = crowd(1)
    seat([one])
    one.is_staff = True
    sweep_seats("android", T0 + DAY)
    assert with_seats("android", [one.id], T0 + 2 * DAY) == [one.id]


@pytest.mark.parametrize("holds", [0, 1], ids=["who is kept", "the other"])
def test_two_people_who_are_one_keep_their_seat(holds: int, programme: Programme, lin: Person) -> None:
    rule(1)
    people = crowd(3)
    seat([people[holds], people[1 - holds], people[2]])
    merge(people[0].id, people[1].id, at=T0 + DAY)
    sweep_seats("android", T0 + 2 * DAY)
    assert states([people[0], people[2]]) == ["held", "waiting"]
    assert (seat_of(people[0].id, "android") or Seat()).first_held_at == T0


# ------------------------------------------------------------ whatever happens


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["come", "run", "give_up", "ask", "sweep", "cap"]), st.integers(0, 7), st.integers(1, 20)
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_happens_the_cap_holds_and_nobody_is_lost_unwarned(
    programme: Programme, steps: list[tuple[str, int, int]]
) -> None:
    with session().begin_nested() as attempt:
        _live(steps)
        attempt.rollback()


def _live(steps: list[tuple[str, int, int]]) -> None:
    people, at, cap = crowd(8), T0, 3
    warned: dict[int, datetime] = {}
    session().add(SeatPolicy(platform="android", cap=cap, idle_weeks=3, grace_days=7, version=1, changed_at=T0))
    session().flush()
    for what, which, days in steps:
        who, at = people[which], at + days * DAY
        held = {one.person_id for one in session().query(Seat).filter_by(state=SeatState.HELD)}
        try:
            if what == "come":
                with_seats("android", [who.id], at)
            elif what == "run":
                make.check_in(who, at)
            elif what == "give_up":
                give_up_seat(who.id, "android", at)
            elif what == "ask":
                ask_for_seat(who.id, "android", at)
            elif what == "cap":
                cap = which
                session().query(SeatPolicy).update({"cap": cap})
            else:
                sweep_seats("android", at)
        except MoveRefused:
            continue
        session().expire_all()
        _look(held, cap, warned, at)


def _look(held: set[int], cap: int, warned: dict[int, datetime], at: datetime) -> None:
    """`held` by whom before; `warned` when, which it goes on with."""
    seats = session().query(Seat).all()
    now = {seat.person_id for seat in seats if seat.state is SeatState.HELD}
    assert len(now) <= max(cap, len(held)), "more than the cap only where it was lowered"
    assert len(now - held) <= max(0, cap - len(held & now)), "no seat above the cap was given"
    for seat in seats:
        if seat.ended is SeatEnd.IDLE and seat.person_id in held:
            assert at - warned[seat.person_id] >= 7 * DAY, "lost without a warning of a week before"
        if seat.warned_at is not None:
            warned[seat.person_id] = seat.warned_at
    waiting = sorted((seat for seat in seats if seat.state is SeatState.WAITING), key=place_in_line)
    keys = [(seat.first_held_at is None, seat.since, seat.id) for seat in waiting]
    assert keys == sorted(keys)
    assert [place_in_line(seat) for seat in waiting] == list(range(1, len(waiting) + 1))


def test_two_who_come_at_once_get_one_last_seat(house: Flask) -> None:
    """Each with a connection of their own, on both databases."""
    with house.app_context():
        rule(1)
        people = ids(crowd(8))
        session().commit()

    def come(person_id: int) -> int:
        with house.app_context():
            got = with_seats("android", [person_id], T0)
            session().commit()
            return len(got)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come, people)) == 1
    with house.app_context():
        assert [(one.held, one.waiting) for one in seat_figures([])] == [(1, 7)]


def test_who_is_just_given_a_build_when_the_first_rule_is_saved_holds_a_seat(house: Flask) -> None:
    with house.app_context():
        android, ada = build().id, make.tester("Ada").id
        session().commit()

    def save() -> None:
        with house.app_context():
            start_writing()
            rule(1)

    with ThreadPoolExecutor(1) as pool, house.app_context():
        start_writing()
        grant_access(android, with_seats("android", [ada], T0), at=T0, granted_by="test")
        saving = pool.submit(save)
        assert waits(saving), "for the access that is on its way"
        session().commit()
        saving.result()
        assert [one.person_id for one in session().query(Seat)] == [ada]
        bo = make.tester("Bo").id
        assert with_seats("android", [bo], T0) == []


# ------------------------------------------------------------ pages


@pytest.fixture
def waiting(programme: Programme, ada: Person) -> Iterator[Person]:
    """Eve holds the only seat, Ada waits."""
    rule(1, idle=4)
    eve = make.tester("Eve")
    seat([eve])
    seat([ada])
    session().commit()
    return iter([eve])


def test_a_tester_sees_their_place_and_leaves_the_line_and_comes_back(
    waiting: Iterator[Person], adas_browser: FlaskClient, ada: Person
) -> None:
    assert "number 1 in line" in adas_browser.get("/portal").text
    assert adas_browser.post("/my-seats/android/give-up").status_code == 302
    assert "You gave it up" in adas_browser.get("/portal").text
    assert adas_browser.post("/my-seats/android/ask").status_code == 302
    assert [seat.state for seat in seats_of(ada.id)] == [SeatState.WAITING]
    assert adas_browser.post("/my-seats/ios/ask").status_code == 409


def test_the_rule_page_shows_names_before_anything_is_saved(
    waiting: Iterator[Person], lins_browser: FlaskClient
) -> None:
    page = lins_browser.post("/builds/seats/android", data={"cap": "2", "idle_weeks": "4", "grace_days": "14"}).text
    assert "What this does to everybody" in page
    assert "Ada" in page
    assert "Eve" in page, "idle since T0, and named"
    session().expire_all()
    assert [one.version for one in session().query(SeatPolicy)] == [1]
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    told = {"cap": "2", "idle_weeks": "4", "grace_days": "14", "save": "1", "version": "1"}
    stale = lins_browser.post("/builds/seats/android", data=told | {"seen": "none"})
    assert "changed meanwhile" in stale.text
    assert lins_browser.post("/builds/seats/android", data=told | {"seen": seen}).status_code == 302
    session().expire_all()
    assert [(one.version, one.cap) for one in session().query(SeatPolicy)] == [(2, 2)]
    assert "Ada" in lins_browser.get("/people?seat=android:held").text
    assert lins_browser.get("/builds/seats").status_code == 200


def test_a_bad_rule_is_told_and_what_was_typed_stays(waiting: Iterator[Person], lins_browser: FlaskClient) -> None:
    wrong = {"cap": "-1", "idle_weeks": "77000", "grace_days": "2"}
    page = lins_browser.post("/builds/seats/android", data=wrong).text
    assert "77000" in page
    assert "7 to 365 days" in page, "each fault at once, at its field"
    for name in wrong:
        assert f'id="{name}-error"' in page
    assert lins_browser.get("/builds/seats/amiga").status_code == 404


def test_staff_act_on_a_persons_page(waiting: Iterator[Person], lins_browser: FlaskClient, ada: Person) -> None:
    eve = next(waiting)
    assert "Waits for one" in lins_browser.get(f"/people/{ada.id}/more").text
    free = lins_browser.post(f"/builds/seats/android/people/{eve.id}/release", data={"why": "Moved on"})
    assert free.status_code == 302
    assert [seat.state for seat in seats_of(ada.id)] == [SeatState.HELD]
    assert "Moved on" in lins_browser.get(f"/people/{eve.id}/more").text
    assert lins_browser.post(f"/builds/seats/android/people/{eve.id}/give").status_code == 302


def test_pages_behind_my_build_lead_back_to_it(waiting: Iterator[Person], adas_browser: FlaskClient) -> None:
    for page in ("/my-feeds", "/check-in-token"):
        assert '<a href="/portal">' in adas_browser.get(page).text
