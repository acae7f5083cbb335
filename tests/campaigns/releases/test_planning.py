"""Trains, the release of a week, and the moves of its state."""

from __future__ import annotations

import re
from datetime import time, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaigns.releases.actions import (
    TrainKnown,
    TurnTaken,
    cancel_release,
    change_release,
    change_train,
    create_train,
    move,
    plan_again,
    plan_release,
    prepare_weeks,
    skip_turn,
)
from campaigns.releases.models import Release, Train
from campaigns.releases.queries import holidays_of, waves_of
from campaigns.releases.rules import RELEASE_MOVES, WEEKS_AHEAD, ReleaseState, WaveKind
from campaigns.releases.tasks import plan_weeks
from crm.builds.actions import withdraw_build
from crm.builds.models import Build
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.programme import required
from tests import make
from tests.campaigns.releases.cast import LATER, NOW, OPENS, WEEK


def test_a_train_needs_a_name_of_its_own_and_a_real_zone(train: Train) -> None:
    with pytest.raises(TrainKnown):
        create_train("Orange Friday", "ios", 1, time(9), "UTC", at=NOW)
    with pytest.raises(NotUnderstood, match="no time zone"):
        create_train("Other", "android", 1, time(9), "Mars/Olympus", at=NOW)


def test_a_release_leaves_at_its_train_s_time_with_two_waves(release: Release) -> None:
    assert release.opens_at == OPENS
    assert [wave.kind for wave in waves_of(release)] == [WaveKind.STAFF, WaveKind.EVERYBODY]


def test_a_train_leaves_once_a_week(release: Release, train: Train, build: Build) -> None:
    with pytest.raises(TurnTaken):
        plan_release(train.id, WEEK, build_id=build.id, at=NOW)
    assert plan_release(train.id, WEEK + 1, build_id=build.id, at=NOW).id != release.id


def test_a_prepared_week_is_filled(train: Train, build: Build) -> None:
    prepared = plan_release(train.id, WEEK, build_id=None, at=NOW)
    assert plan_release(train.id, WEEK, build_id=build.id, at=NOW).id == prepared.id


def test_a_build_of_another_platform_or_a_withdrawn_one_does_not_fit(train: Train, build: Build) -> None:
    with pytest.raises(NotUnderstood, match="android only"):
        plan_release(train.id, WEEK, build_id=make.build(platform="ios").id, at=NOW)
    withdraw_build(build.id, NOW)
    with pytest.raises(NotUnderstood, match="withdrawn"):
        plan_release(train.id, WEEK, build_id=build.id, at=NOW)


def test_a_changed_train_leaves_planned_releases_as_they_are(release: Release, train: Train) -> None:
    change_train(train.id, weekday=3, local_time=time(9), zone="UTC", active=True, at=NOW)
    assert session().get_one(Release, release.id).opens_at == OPENS


@pytest.mark.parametrize("source", ReleaseState)
@pytest.mark.parametrize("to", ReleaseState)
def test_a_release_moves_as_its_table_says_and_not_otherwise(
    release: Release, source: ReleaseState, to: ReleaseState
) -> None:
    held_from = to if source is ReleaseState.HELD and to is not ReleaseState.CANCELLED else ReleaseState.PLANNED
    session().execute(
        update(Release).values(state=source, held_from=held_from if source is ReleaseState.HELD else None)
    )
    if to in RELEASE_MOVES[source]:
        assert move(release.id, to, at=NOW).state is to
    else:
        with pytest.raises(MoveRefused):
            move(release.id, to, at=NOW)


def test_a_cancelled_release_can_be_planned_again_but_not_changed(release: Release, build: Build) -> None:
    cancel_release(release.id, NOW)
    with pytest.raises(MoveRefused):
        change_release(release.id, build_id=build.id, audience_id=None, at=NOW)
    assert plan_again(release.id, NOW).state is ReleaseState.PLANNED


def test_coming_weeks_are_prepared_once_and_only_for_trains_that_run(train: Train) -> None:
    idle = create_train("Idle", "ios", 1, time(9), "UTC", at=NOW)
    change_train(idle.id, weekday=1, local_time=time(9), zone="UTC", active=False, at=NOW)
    assert prepare_weeks(NOW) == WEEKS_AHEAD
    assert prepare_weeks(NOW) == 0
    assert set(session().scalars(select(Release.train_id))) == {train.id}


def test_the_schedule_closes_what_is_over_however_late_and_once(release: Release) -> None:
    session().execute(update(Release).values(state=ReleaseState.OPEN))
    required().held_at = LATER
    assert plan_weeks.run() >= 0
    assert session().get_one(Release, release.id, populate_existing=True).state is ReleaseState.OPEN
    required().held_at = LATER.replace(year=2027)
    plan_weeks.run()
    assert plan_weeks.run() == 0
    assert session().get_one(Release, release.id, populate_existing=True).state is ReleaseState.CLOSED


def test_a_week_that_cannot_be_skipped_any_more_is_told_on_its_page(lins_browser: FlaskClient, train: Train) -> None:
    session().commit()
    page = f"/trains/{train.id}/weeks/{WEEK}"
    assert lins_browser.post(f"{page}/skip", data={"why": "New Year"}).status_code == 302
    late = lins_browser.post(f"{page}/skip", data={"why": "spring festival"}, follow_redirects=True)
    assert late.request.path == page
    assert "This week is skipped already." in late.text
    assert "You had written: spring festival" in late.text


def test_who_saves_a_train_that_somebody_has_changed_meanwhile_is_told(lins_browser: FlaskClient, train: Train) -> None:
    session().commit()
    address = f"/trains/{train.id}/edit"
    typed = dict(re.findall(r'name="([a-z_]+)"[^>]*?value="([^"]*)"', lins_browser.get(address).text))
    form = {"weekday": "4", "local_time": "17:00", "zone": "Asia/Shanghai", "active": "y", "with_everybody": "y"}
    form |= {f"{who}_notify": "letter" for who in ("staff", "core", "share", "everybody")} | {"core_audience_id": "0"}
    skip_turn(train.id, WEEK, 0, "New Year", NOW)
    session().commit()
    late = lins_browser.post(address, data=form | {"seen": typed["seen"], "freeze_hours": "30"})
    assert late.status_code == 409
    assert "Somebody else has changed this train" in late.text
    assert 'value="30"' in late.text, "what was typed stays"
    assert holidays_of([train.id]), "the week stays skipped"
    again = dict(re.findall(r'name="([a-z_]+)"[^>]*?value="([^"]*)"', late.text))
    assert lins_browser.post(address, data=form | {"seen": again["seen"]}).status_code == 302


def test_no_release_is_planned_for_a_week_that_is_over(lins_browser: FlaskClient, train: Train, build: Build) -> None:
    kept = plan_release(train.id, WEEK, build_id=build.id, at=NOW)
    cancel_release(kept.id, NOW)
    required().held_at = NOW + timedelta(weeks=1)
    session().commit()
    late = lins_browser.post(f"/trains/{train.id}/weeks/{WEEK - 1}", data={"build_id": build.id, "audience_id": "0"})
    assert "2026-W22 is over" in late.text
    again = lins_browser.post(f"/releases/{kept.id}/plan-again")
    assert (again.status_code, "2026-W23 is over" in again.text) == (409, True)
    assert [one.state for one in session().query(Release).populate_existing()] == [ReleaseState.CANCELLED]
