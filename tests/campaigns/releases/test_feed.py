"""The weeks as a calendar: what another program reads, right through changes of clocks and of their rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
import vobject  # type: ignore[import-untyped]  # it has no types
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from campaigns.releases.actions import cancel_release, create_train, plan_release, skip_turn
from campaigns.releases.models import Release, Train
from campaigns.releases.queries import calendar_token
from campaigns.releases.rules import Course, Turn, opens_at
from campaigns.releases.tasks import plan_weeks
from campaigns.releases.views.calendar import calendar_of
from crm.accounts.models import Credential
from crm.builds.models import Build
from crm.core.db import session
from crm.core.journal import JournalEntry
from crm.core.programme import required
from crm.core.weeks import week_of_date
from crm.people.models import Person
from tests.campaigns.releases.cast import NOW, OPENS, WEEK

TEN_YEARS = range(week_of_date(date(2026, 1, 5)), week_of_date(date(2036, 1, 7)))
ZONES = sorted(available_timezones())


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    weekday=st.integers(0, 6),
    local=st.times(),
    week=st.integers(TEN_YEARS.start, TEN_YEARS.stop),
)
def test_for_ten_years_each_train_leaves_at_its_local_time_or_right_after_the_hour_that_is_missing(
    zone: str, weekday: int, local: time, week: int
) -> None:
    local = local.replace(microsecond=0)
    at = opens_at(Turn(week).on(weekday), local, zone)
    there = at.astimezone(ZoneInfo(zone))
    meant = datetime.combine(Turn(week).on(weekday), local)
    assert at.utcoffset() == timedelta(0)
    late = there.replace(tzinfo=None) - meant
    if late:
        assert timedelta(0) < late <= timedelta(hours=24), "the clock skips the time that was meant"
        round_trip = meant.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
        assert round_trip.replace(tzinfo=None) != meant
    after = opens_at(Turn(week + 1).on(weekday), local, zone)
    assert timedelta(days=5) < after - at < timedelta(days=9)


def read(body: bytes) -> dict[str, Any]:
    found = vobject.readOne(body.decode())
    found.validate()
    return {event.uid.value.partition("@")[0]: event for event in found.vevent_list}


def test_another_program_reads_the_weeks_with_their_states(release: Release, train: Train, build: Build) -> None:
    plan_release(train.id, WEEK + 1, build_id=None, at=NOW)
    cancel_release(plan_release(train.id, WEEK + 2, build_id=build.id, at=NOW).id, NOW)
    skip_turn(train.id, WEEK + 3, 0, "New Year", NOW)
    events = read(calendar_of(NOW))
    of_week = {week: events.get(f"train-{train.id}-week-{week}") for week in range(WEEK, WEEK + 5)}
    first = of_week[WEEK]
    assert first is not None
    assert first.dtstart.value == OPENS
    assert "Orange Friday 5.1" in first.summary.value
    assert first.url.value.endswith(f"/releases/{release.id}")
    assert [event.status.value if event else None for event in of_week.values()] == [
        "CONFIRMED", "TENTATIVE", "CANCELLED", None, "TENTATIVE",
    ]  # fmt: skip


def test_a_calendar_follows_summer_time(build: Build) -> None:
    train = create_train("Berlin", "android", 4, time(17), "Europe/Berlin", at=NOW, course=Course(freeze_hours=48))
    events = read(calendar_of(NOW))
    local = {event.dtstart.value.astimezone(ZoneInfo("Europe/Berlin")) for event in events.values()}
    assert {(at.weekday(), at.hour, at.minute) for at in local} == {(4, 17, 0)}
    assert len({at.utcoffset() for at in local}) == 2, "half a year ahead has both"
    assert all("48" in event.description.value for event in events.values()), train.name


def test_the_link_works_without_signing_in_as_long_as_the_account_does(
    client: FlaskClient, lins_browser: FlaskClient, release: Release, lin: Person, ada: Person
) -> None:
    session().commit()
    link = f"/calendar/{calendar_token(lin.id)}.ics"
    assert link in lins_browser.get("/releases").text
    answer = client.get(link)
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert read(answer.data)
    assert client.get(f"/calendar/{calendar_token(ada.id)}.ics").status_code == 403
    assert client.get("/calendar/forged.ics").status_code == 403
    session().execute(update(Credential).values(disabled_at=NOW))
    session().commit()
    assert client.get(link).status_code == 403


@pytest.mark.parametrize("opened", [False, True])
def test_a_release_follows_new_rules_of_its_zone_until_it_opens(release: Release, opened: bool) -> None:
    """As if it had been planned by an older table of zones, in which Shanghai was an hour behind."""
    session().execute(update(Release).values(opens_at=OPENS + timedelta(hours=1), opened_at=NOW if opened else None))
    required().held_at = NOW
    session().commit()
    plan_weeks.run()
    plan_weeks.run()
    expected = OPENS + timedelta(hours=1) if opened else OPENS
    assert session().get_one(Release, release.id, populate_existing=True).opens_at == expected
    told = session().scalars(select(JournalEntry).where(JournalEntry.action == "follow_zone")).all()
    assert len(told) == (0 if opened else 1)
