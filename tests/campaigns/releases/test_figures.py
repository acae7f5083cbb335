"""What came of a release: hour by hour, equal to the rows it stands for, compared with the week before."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.releases.actions import count_again, open_release, plan_release
from campaigns.releases.models import Release, ReleaseHour, Train
from campaigns.releases.queries import at_the_same_age, figures, one_before, release_or_404
from campaigns.releases.tasks import count
from crm.builds.actions import NewCheckIn, note_download, record_check_ins
from crm.builds.models import Build
from crm.builds.rules import CheckInKind
from crm.core.db import session
from crm.core.programme import required
from crm.feedback.actions import write_request
from crm.feedback.rules import RequestKind, Severity
from crm.people.models import Person
from tests import make
from tests.campaigns.releases.cast import OPENS, WEEK

HOUR = timedelta(hours=1)


def sign(who: Person, build: Build, at: datetime, kind: CheckInKind = CheckInKind.FIRST_RUN) -> None:
    record_check_ins([NewCheckIn(who.id, build.version, kind, at, build_id=build.id)], received_at=at)
    session().commit()


def counted(at: datetime) -> int:
    required().held_at = at
    session().commit()
    return count.run()


def hours(release: Release) -> list[tuple[int, int, int, int, int]]:
    rows = select(ReleaseHour).where(ReleaseHour.release_id == release.id).order_by(ReleaseHour.hour_at)
    return [(one.given, one.downloaded, one.ran, one.reported, one.blockers) for one in session().scalars(rows)]


@pytest.fixture
def lived(release: Release, build: Build, lin: Person, ada: Person) -> Release:
    """Three hours: everybody has it, Ada and Lin download and run it, Ada reports, Eve writes of a blocker."""
    eve = make.tester("Eve")
    open_release(release.id, OPENS)
    session().commit()
    assert counted(OPENS) == 1
    note_download(build.id, ada.id, OPENS + HOUR)
    note_download(build.id, lin.id, OPENS + HOUR)
    sign(ada, build, OPENS + HOUR)
    sign(lin, build, OPENS + HOUR)
    counted(OPENS + HOUR)
    sign(ada, build, OPENS + 2 * HOUR, CheckInKind.REPORT)
    write_request(
        eve.id, RequestKind.FAULT, "Black screen", "It does not start.", severity=Severity.BLOCKER,
        build_id=build.id, at=OPENS + 2 * HOUR,
    )  # fmt: skip
    session().commit()
    counted(OPENS + 2 * HOUR)
    counted(OPENS + 2 * HOUR + HOUR / 2)
    return release


def test_each_hour_is_kept_once_with_what_it_had_come_to(lived: Release) -> None:
    assert hours(lived) == [(3, 0, 0, 0, 0), (3, 1, 1, 0, 0), (3, 1, 1, 2, 1)], (
        "a fault that names a build is a report on it"
    )


def test_counting_anew_from_the_rows_comes_to_the_same(lived: Release) -> None:
    before = hours(lived)
    assert count_again(lived.id, OPENS + 2 * HOUR + HOUR / 2) == 3
    assert hours(lived) == before


def test_a_release_is_counted_late_and_no_longer_than_two_weeks(lived: Release) -> None:
    assert counted(OPENS + timedelta(days=13)) == 1
    assert counted(OPENS + timedelta(days=15)) == 0


def test_the_command_counts_them_all(lived: Release, app: Flask) -> None:
    before = hours(lived)
    assert "3 hours of 1 releases" in app.test_cli_runner().invoke(args=["releases", "count"]).output
    assert hours(lived) == before


def test_many_people_are_shown_as_they_were_counted(lived: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    release = release_or_404(lived.id)
    live = figures(release, OPENS + 3 * HOUR)
    assert live.counted_at is None
    monkeypatch.setitem(figures.__globals__, "FEW", 2)
    kept = figures(release, OPENS + 3 * HOUR)
    assert kept.counted_at is not None
    assert (kept.given, kept.ran, kept.reported, kept.blockers) == (
        live.given, live.ran, live.reported, live.blockers,
    )  # fmt: skip
    assert kept.letters == live.letters


def test_the_week_before_is_compared_at_the_same_age(lived: Release, train: Train, build: Build, ada: Person) -> None:
    following = plan_release(train.id, WEEK + 1, build_id=make.build(platform="android").id, at=OPENS)
    open_release(following.id, OPENS + timedelta(weeks=1))
    following, before = release_or_404(following.id), one_before(following)
    assert before is not None
    assert before.id == lived.id
    then = at_the_same_age(before, following, OPENS + timedelta(weeks=1) + HOUR)
    assert then is not None
    assert (then.given, then.ran) == (3, 1)
    assert one_before(lived) is None


def test_the_page_shows_the_chart_and_the_people_behind_each_figure(
    lins_browser: FlaskClient, lived: Release, build: Build, ada: Person
) -> None:
    page = lins_browser.get(f"/releases/{lived.id}").text
    assert "Black screen" in page
    assert 'id="release-title"' in page
    for condition in ("has_build", "ran_build", "reported_build"):
        assert f"/people?{condition}={build.id}" in page
    assert "Ada" in lins_browser.get(f"/people?reported_build={build.id}").text
