"""Nothing slips, and nothing goes to whom it is not for: what an outside reader found, each with its test."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import time, timedelta

import pytest
from flask.testing import FlaskClient

from campaigns.audience.actions import save_audience
from campaigns.releases.actions import (
    change_train,
    course_of,
    create_train,
    hold_release,
    open_release,
    plan_release,
    resume_release,
    roll_back,
)
from campaigns.releases.models import Release, Train
from campaigns.releases.queries import page_token, standing_still
from campaigns.releases.rules import ReleaseState
from campaigns.releases.tasks import open_due, remind_of_reports
from crm.builds.actions import grant_access, hold_build, keep_file, withdraw_build
from crm.builds.models import Build
from crm.builds.queries import offered
from crm.core.db import session
from crm.core.jobs import Job, JobState
from crm.core.programme import required
from crm.outbox.models import Letter
from crm.people.actions import tag
from crm.people.models import Person
from tests import make
from tests.campaigns.releases.cast import NOW, OPENS, WEEK
from tests.campaigns.releases.test_waves import FREEZES, HALF, REHEARSES, at, given, planned, state, tick

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FRIDAY, ZONE = 4, "Asia/Shanghai"


def two_releases(build: Build) -> tuple[Release, Release]:
    """Of one build, by two trains of one day."""
    trains = [create_train(name, "android", FRIDAY, time(17), ZONE, at=NOW) for name in ("A", "B")]
    one, other = (plan_release(train.id, WEEK, build_id=build.id, at=NOW) for train in trains)
    session().commit()
    return one, other


def told_of(release: Release) -> int:
    """How many letters tell managers that it is on hold."""
    return session().query(Letter).filter(Letter.occasion.startswith(f"release:{release.id}:held")).count()


def test_late_joiners_get_a_release_only_if_it_is_for_them(
    build: Build, train: Train, lin: Person, ada: Person
) -> None:
    tag([ada.id], "north")
    north = save_audience("North", {"tag": "north"}, at=NOW).id
    plan_release(train.id, WEEK, build_id=build.id, audience_id=north, at=NOW)
    session().commit()
    tick(OPENS)
    assert given() == {lin.id, ada.id}
    eve, kim = (make.tester(name, accepted_at=OPENS + HOUR) for name in ("Eve", "Kim"))
    tag([kim.id], "north")
    session().commit()
    tick(OPENS + 2 * HOUR)
    assert given() == {lin.id, ada.id, kim.id}, f"{eve.id} is not in the north"


def test_a_gate_asks_also_those_who_had_the_build_before(build: Build, lin: Person, ada: Person) -> None:
    grant_access(build.id, [lin.id], at=NOW, granted_by="a nightly train")
    planned(build, gate=HALF)
    for minutes in range(4):
        tick(OPENS + timedelta(minutes=minutes))
    assert given() == {lin.id}, "nobody has run it"


def test_a_build_stays_on_hold_as_long_as_one_of_its_releases_is(build: Build, lin: Person, ada: Person) -> None:
    one, other = two_releases(build)
    for release in (one, other):
        open_release(release.id, OPENS)
    for release in (one, other):
        hold_release(release.id, "calls drop", OPENS + HOUR)
    resume_release(one.id, OPENS + 2 * HOUR)
    assert offered(ada.id, "android", OPENS + 3 * HOUR) is None
    resume_release(other.id, OPENS + 4 * HOUR)
    assert offered(ada.id, "android", OPENS + 5 * HOUR) is not None


def test_taking_back_what_nobody_had_leaves_the_build_to_those_who_have_it(
    build: Build, lin: Person, ada: Person
) -> None:
    one, other = two_releases(build)
    open_release(one.id, OPENS)
    hold_release(other.id, "not yet", OPENS)
    roll_back(other.id, "not at all", OPENS)
    assert offered(ada.id, "android", OPENS + HOUR) is not None


@pytest.mark.parametrize("what", ["on hold", "at its end"])
def test_a_build_that_nobody_can_get_is_not_announced(
    what: str, release: Release, build: Build, lin: Person, ada: Person
) -> None:
    if what == "on hold":
        hold_build(build.id, NOW)
    else:
        build.expires_at = NOW + DAY
    session().commit()
    for minutes in range(3):
        tick(OPENS + timedelta(minutes=minutes))
    assert state(release) is ReleaseState.HELD
    assert given() == set()
    assert told_of(release) == session().query(Letter).count() == 1


def test_a_build_withdrawn_after_the_freeze_is_told(build: Build, lin: Person, ada: Person) -> None:
    release = planned(build, freeze_hours=48, rehearsal_hours=24)
    tick(FREEZES)
    withdraw_build(build.id, FREEZES)
    session().commit()
    for days in range(3):
        tick(REHEARSES + days * DAY)
    assert state(release) is ReleaseState.HELD
    assert told_of(release) == 1


def test_a_holiday_or_the_end_of_a_train_cancels_what_nobody_has_yet(
    release: Release, train: Train, lin: Person, ada: Person
) -> None:
    course = replace(course_of(train), holidays={OPENS.date(): "Dragon Boat Festival"})
    change_train(train.id, weekday=FRIDAY, local_time=time(17), zone=ZONE, active=True, at=NOW, course=course)
    assert (state(release), release.why) == (ReleaseState.CANCELLED, "Dragon Boat Festival")
    tick(OPENS)
    assert given() == set()
    later = plan_release(train.id, WEEK + 1, build_id=release.build_id, at=NOW)
    change_train(train.id, weekday=FRIDAY, local_time=time(17), zone=ZONE, active=False, at=NOW)
    assert state(later) is ReleaseState.CANCELLED


def test_an_opening_that_broke_off_stands_on_home(
    release: Release, lin: Person, ada: Person, lins_browser: FlaskClient
) -> None:
    at(OPENS)
    open_due.run()
    job = session().query(Job).filter_by(kind="releases.open").one()
    job.state, job.finished_at = JobState.FAILED, OPENS
    session().commit()
    assert [one.broke_off for one in standing_still(OPENS)] == [True]
    assert "its opening broke off" in lins_browser.get("/").text


def test_a_reminder_waits_for_the_end_of_a_hold(release: Release, build: Build, ada: Person) -> None:
    open_release(release.id, OPENS)
    make.check_in(ada, OPENS + 5 * HOUR, build_id=build.id)
    hold_release(release.id, "calls drop", OPENS + 2 * DAY)
    session().commit()
    at(OPENS + 3 * DAY)
    assert remind_of_reports.run() == 0
    resume_release(release.id, OPENS + 3 * DAY + HOUR)
    session().commit()
    at(OPENS + 3 * DAY + 2 * HOUR)
    assert (remind_of_reports.run(), remind_of_reports.run()) == (1, 0)


def test_the_page_of_a_release_on_hold_offers_no_download(
    release: Release, build: Build, lin: Person, ada: Person, client: FlaskClient
) -> None:
    keep_file(build.id, io.BytesIO(b"x"), "a.apk", at=NOW)
    open_release(release.id, OPENS)
    hold_release(release.id, "calls drop", OPENS)
    required().held_at = OPENS
    session().commit()
    page = client.get(f"/r/{page_token(release.id, ada.id)}").text
    assert "is on hold" in page
    assert "/b/" not in page
