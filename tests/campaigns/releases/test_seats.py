"""A release and the seats of its platform: who has none waits, and enters once it is their turn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from campaigns.releases.actions import open_release
from campaigns.releases.models import Release
from campaigns.releases.queries import Gets, figures, gets, reach_of, release_or_404, waves_of
from campaigns.releases.tasks import welcome
from crm.builds.actions.seats import effect_before_first, give_up_seat, set_rule
from crm.builds.models import Build, BuildAccess
from crm.builds.queries.seats import seats_of
from crm.builds.rules.seats import SeatRule, SeatState
from crm.core.db import session
from crm.core.programme import required
from crm.outbox.models import Letter
from crm.people.models import Person
from tests import make
from tests.campaigns.releases.cast import OPENS


@pytest.fixture
def one_seat(build: Build, ada: Person) -> list[Person]:
    """Three testers for one seat; in the order in which they come."""
    rule = SeatRule(1)
    seen = effect_before_first(build.platform, rule, OPENS).mark
    set_rule(build.platform, rule, version=0, seen=seen, at=OPENS)
    people = [ada, make.tester("Eve"), make.tester("Ida")]
    session().commit()
    return people


def having(release: Release, people: list[Person]) -> list[bool]:
    return [session().get(BuildAccess, (release.build_id, person.id)) is not None for person in people]


def test_who_has_no_seat_gets_neither_build_nor_letter_and_staff_need_none(
    release: Release, one_seat: list[Person], lin: Person
) -> None:
    open_release(release.id, OPENS)
    session().commit()
    assert having(release, [*one_seat, lin]) == [True, False, False, True]
    written = {letter.person_id for letter in session().query(Letter) if letter.occasion.startswith("release:")}
    assert written & {one.id for one in one_seat} == {one_seat[0].id}
    assert [seat.state for one in one_seat for seat in seats_of(one.id)] == [
        SeatState.HELD,
        SeatState.WAITING,
        SeatState.WAITING,
    ]


def test_who_will_get_no_seat_is_told_beforehand(release: Release, one_seat: list[Person], lin: Person) -> None:
    waves = waves_of(release)
    numbers = [person.id for person in one_seat]
    told = gets(numbers, release, waves[-1], waves, OPENS)
    reach = reach_of(release, waves[-1], waves, OPENS)
    assert [told[number] for number in numbers] == [Gets.LETTER, Gets.NO_SEAT, Gets.NO_SEAT]
    assert (reach.letters, reach.without) == (1, {Gets.NO_SEAT: 2})
    open_release(release.id, OPENS)
    session().commit()
    assert having(release, one_seat) == [True, False, False]


def test_whose_turn_it_is_enters_the_release_that_runs(release: Release, one_seat: list[Person]) -> None:
    open_release(release.id, OPENS)
    session().commit()
    required().held_at = OPENS + timedelta(hours=2)
    session().commit()
    assert welcome.run() == 0
    give_up_seat(one_seat[0].id, "android", OPENS + timedelta(hours=1))
    session().commit()
    assert welcome.run() == 1
    assert welcome.run() == 0
    assert having(release, one_seat) == [True, True, False]
    assert figures(release_or_404(release.id), OPENS + timedelta(hours=2)).given >= 2


def test_the_recipients_say_who_has_no_seat(
    release: Release, one_seat: list[Person], lins_browser: FlaskClient
) -> None:
    open_release(release.id, OPENS)
    session().commit()
    page = lins_browser.get(f"/releases/{release.id}/recipients?wave=1").text
    assert "they have no seat" in page
