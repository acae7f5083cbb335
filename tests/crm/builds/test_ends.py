"""Builds that end by themselves: whoever looks after them is warned in time, and one press renews."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.builds import tasks
from crm.builds.actions import grant_access, hold_build, register_build, renew_build
from crm.builds.models import Build
from crm.builds.queries import download_token, ending_builds, offered
from crm.core import clock
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.programme import Programme
from crm.outbox.models import Letter
from crm.people.models import Person
from tests import make
from tests.crm.builds.test_catalogue import stored, whole
from tests.make import T0

DAY = timedelta(days=1)


@pytest.fixture
def build(programme: Programme) -> Build:
    made = register_build("android", "1.0", {}, at=T0, expires_days=30)
    session().commit()
    return made


def warned(programme: Programme, days: float) -> list[str]:
    """The occasions of all warnings written until so many days after it was registered."""
    programme.held_at = T0 + days * DAY
    session().commit()
    tasks.warn_of_ends.run()
    return [letter.occasion.rsplit(":", 1)[1] for letter in session().query(Letter).order_by(Letter.id)]


def test_a_build_past_its_end_is_offered_to_nobody(build: Build, ada: Person) -> None:
    grant_access(build.id, [ada.id], at=T0, granted_by="test")
    assert offered(ada.id, "android", T0 + 30 * DAY - timedelta(seconds=1)) == build
    assert offered(ada.id, "android", T0 + 30 * DAY) is None


def test_nor_downloaded(client: FlaskClient, ada: Person) -> None:
    made = stored()
    made.expires_at = clock.now() - DAY
    grant_access(made.id, [ada.id], at=T0, granted_by="test")
    session().commit()
    answer = client.get(f"/b/{download_token(whole(made).id, ada.id, clock.now())}")
    assert answer.status_code == 404
    assert "come to its end" in answer.text


def test_whoever_looks_after_builds_is_warned_once_14_7_and_2_days_before(
    build: Build, programme: Programme, lin: Person
) -> None:
    assert warned(programme, 15) == []
    assert warned(programme, 16) == ["14"]
    assert warned(programme, 17) == ["14"]
    assert warned(programme, 23) == ["14", "7"]
    assert warned(programme, 28) == ["14", "7", "2"]
    assert warned(programme, 29.9) == ["14", "7", "2"]
    assert warned(programme, 31) == ["14", "7", "2"]


def test_late_there_is_one_warning_and_not_three(build: Build, programme: Programme, lin: Person) -> None:
    assert warned(programme, 28.5) == ["2"]


def test_the_letter_says_which_build_and_when(build: Build, programme: Programme, lin: Person) -> None:
    warned(programme, 16)
    letter = session().query(Letter).one()
    assert letter.person_id == lin.id
    assert (letter.values or {})["link"].endswith(f"/builds/{build.id}")


def test_a_newer_build_that_follows_makes_warnings_needless(build: Build, programme: Programme, lin: Person) -> None:
    newer = register_build("android", "1.1", {}, at=T0 + DAY)
    register_build("android", "1.1n", {}, at=T0 + DAY, channel="nightly")
    session().commit()
    assert warned(programme, 16) == []
    newer.withdrawn_at = T0 + 2 * DAY
    session().commit()
    assert warned(programme, 16) == ["14"]


def test_one_press_renews_and_the_next_end_is_warned_of_anew(
    build: Build, programme: Programme, lins_browser: FlaskClient, database: Flask
) -> None:
    assert warned(programme, 28) == ["2"]
    assert lins_browser.post(f"/builds/{build.id}/renew").status_code == 302
    session().expire_all()
    assert build.expires_at == T0 + 118 * DAY
    assert ending_builds(T0 + 29 * DAY) == []
    assert warned(programme, 117) == ["2", "2"]
    with pytest.raises(MoveRefused):
        renew_build(make.build().id, T0)


@pytest.mark.parametrize("newer", ["ends sooner", "on hold"])
def test_a_newer_build_that_nobody_can_follow_to_silences_no_warning(newer: str, programme: Programme) -> None:
    old = register_build("android", "1.0", {}, at=T0, expires_days=40)
    new = register_build("android", "2.0", {}, at=T0 + DAY, expires_days=10 if newer == "ends sooner" else None)
    if newer == "on hold":
        hold_build(new.id, T0 + 2 * DAY)
    assert ending_builds(T0 + 30 * DAY) == [old.id]
