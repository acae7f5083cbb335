"""A train that leaves every day, beside the weekly one: a release for each day, and no more noise than it is worth."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from campaigns.releases.actions import (
    StillPlanned,
    TurnTaken,
    cancel_release,
    change_release,
    change_train,
    count_again,
    course_of,
    create_train,
    hold_release,
    let_go,
    open_release,
    plan_again,
    plan_release,
    prepare_weeks,
    skip_turn,
    stop_without_build,
    unskip_turn,
)
from campaigns.releases.actions.freezing import name_of
from campaigns.releases.actions.reports import ReportClosed, write_report
from campaigns.releases.models import Release, Train
from campaigns.releases.offers import report_panel, week_panel
from campaigns.releases.queries import one_before, page_token, standing_still
from campaigns.releases.queries.reports import ends_at, to_remind
from campaigns.releases.rules import (
    DAYS_AHEAD,
    EVERY_DAY,
    WEEKS_AHEAD,
    Course,
    Gate,
    Notify,
    ReleaseState,
    Step,
    Turn,
    WaveKind,
    turn_on,
)
from campaigns.releases.tasks import open_due, plan_weeks
from campaigns.releases.views.calendar import calendar_of
from crm.builds.actions import withdraw_build
from crm.builds.models import Build, BuildAccess, OpenWeek
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, NotUnderstood
from crm.core.jobs import Job
from crm.core.journal import JournalEntry
from crm.core.programme import Programme
from crm.core.weeks import monday
from crm.outbox.models import Letter
from crm.people.actions import tag
from crm.people.models import Person
from tests import make
from tests.campaigns.releases.cast import NOW, OPENS, WEEK
from tests.campaigns.releases.test_feed import TEN_YEARS, ZONES, read
from tests.campaigns.releases.test_waves import at, given, run_it, state, tick

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHANGHAI = "Asia/Shanghai"
NIGHT = datetime(2026, 6, 1, 18, tzinfo=UTC)  # Tuesday 02:00 in Shanghai, nine hours from NOW
TUESDAY, WEDNESDAY, THURSDAY = 2, 3, 4
NO_BUILD = "到了发布时间，还没有大家能得到的版本。"
"""That there was none that people could get when it was to leave, in the programme\'s first language."""
STAFF = (Step(WaveKind.STAFF, Notify.NONE),)
FORM = {
    "name": "Nightly", "platform": "android", "weekday": "7", "local_time": "02:00", "zone": SHANGHAI,
    "goes_itself": "y", "active": "y", "core_audience_id": "0", "gate_hours": "24",
    **{f"{kind}_notify": "none" for kind in ("staff", "core", "share", "everybody")},
}  # fmt: skip


def laid(name: str = "Nightly", **course: Any) -> Train:
    course = {"steps": STAFF} | course
    made = create_train(name, "android", EVERY_DAY, time(2), SHANGHAI, at=NOW, course=Course(**course))
    prepare_weeks(NOW)
    return made


@pytest.fixture
def nightly(programme: Programme) -> Train:
    return laid()


def of_day(train: Train, day: int, week: int = WEEK) -> Release:
    same = (Release.train_id == train.id, Release.week == week, Release.day == day)
    return session().scalars(select(Release).where(*same).execution_options(populate_existing=True)).one()


def version(number: str) -> Build:
    return make.build(platform="android", version=number)


def night(train: Train, day: int, build: Build | None = None, when: datetime = NOW) -> Release:
    return plan_release(train.id, WEEK, day, build_id=build.id if build else None, at=when)


def page(train: Train, day: int, week: int = WEEK) -> str:
    return f"/trains/{train.id}/weeks/{week}/days/{day}"


def moves_of(release: Release) -> list[str]:
    query = select(JournalEntry.after).where(
        JournalEntry.action == "move_release", JournalEntry.subject == f"release:{release.id}"
    )
    return [after["state"] for after in session().scalars(query.order_by(JournalEntry.id)) if after]


# ------------------------------------------------------------ when it leaves


@settings(max_examples=150, deadline=None)
@examples(
    zone=st.sampled_from(ZONES),
    local=st.times(),
    week=st.integers(TEN_YEARS.start, TEN_YEARS.stop - 1),
    day=st.integers(1, 7),
)
def test_for_ten_years_each_day_has_one_departure_at_its_local_time_or_right_after_what_is_missing(
    zone: str, local: time, week: int, day: int
) -> None:
    train = Train(weekday=EVERY_DAY, local_time=local.replace(microsecond=0), zone=zone)
    on = monday(week) + timedelta(days=day - 1)
    turns = [turn_on(on + timedelta(days=n)) for n in range(3)]
    assert turns[0] == Turn(week, day)
    assert [turn.shown for turn in turns] == [on, on + DAY, on + 2 * DAY], "each day once"
    first, second, third = (train.opens_at(turn) for turn in turns)
    assert timedelta(hours=21) <= second - first <= timedelta(hours=27)
    assert timedelta(hours=21) <= third - second <= timedelta(hours=27)
    meant = datetime.combine(on, train.local_time)
    late = first.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - meant
    if late:
        assert timedelta(0) < late <= timedelta(hours=3), "the clock skips the time that was meant"
        round_trip = meant.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
        assert round_trip.replace(tzinfo=None) != meant
    else:
        assert first == meant.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), "of two the first"


def test_the_nights_around_both_changes_of_clocks_in_berlin() -> None:
    train = Train(weekday=EVERY_DAY, local_time=time(2, 30), zone="Europe/Berlin")
    spring = [train.opens_at(turn_on(date(2026, 3, day))) for day in (28, 29, 30)]
    assert [f"{one:%d %H:%M}" for one in spring] == ["28 01:30", "29 01:30", "30 00:30"]
    autumn = [train.opens_at(turn_on(date(2026, 10, day))) for day in (24, 25, 26)]
    assert [f"{one:%d %H:%M}" for one in autumn] == ["24 00:30", "25 00:30", "26 01:30"]


def test_a_train_has_weeks_or_days_and_not_both(train: Train, nightly: Train) -> None:
    assert (train.leaves_in(Turn(WEEK)), train.leaves_in(Turn(WEEK, TUESDAY))) == (True, False)
    assert (nightly.leaves_in(Turn(WEEK)), nightly.leaves_in(Turn(WEEK, TUESDAY))) == (False, True)
    with pytest.raises(ValueError, match=str(WEEK)):
        train.opens_at(Turn(WEEK, TUESDAY))
    with pytest.raises(NotUnderstood, match="or 7 for every day"):
        create_train("Odd", "android", 8, time(2), "UTC", at=NOW)


# ------------------------------------------------------------ laying it


def test_an_admin_lays_it_and_its_days_are_prepared(lins_browser: FlaskClient, programme: Programme) -> None:
    at(NOW)
    assert lins_browser.post("/trains/new", data=FORM).status_code == 302
    train = session().scalars(select(Train)).one()
    assert train.daily
    found = session().scalars(select(Release).order_by(Release.opens_at)).all()
    assert [one.opens_at for one in found] == [NIGHT + n * DAY for n in range(DAYS_AHEAD - 1)], "today's has left"
    assert [(one.week, one.day) for one in found] == [*((WEEK, day) for day in range(2, 8))]
    listed = lins_browser.get("/releases").text
    assert "The coming days" in listed
    assert "The coming weeks" not in listed
    assert re.search(r"Every day\s+02:00 Asia/Shanghai", listed)
    assert [f"/releases/{one.id}" in listed for one in found] == [True] * 6
    assert '<option selected value="7">Every day</option>' in lins_browser.get(f"/trains/{train.id}/edit").text
    later = NOW + 8 * HOUR
    assert (prepare_weeks(later), prepare_weeks(later), prepare_weeks(later + DAY)) == (1, 0, 1)


@pytest.mark.parametrize(
    ("field", "typed", "also"),
    [
        ("freeze_hours", "24", {}),
        ("rehearsal_hours", "30", {"freeze_hours": "48"}),
        ("gate_hours", "24", {"gate_percent": "30", "with_everybody": "y"}),
    ],
)
def test_what_takes_a_day_or_longer_is_refused_next_to_its_field_and_kept(
    lins_browser: FlaskClient, programme: Programme, field: str, typed: str, also: dict[str, str]
) -> None:
    session().commit()
    answer = lins_browser.post("/trains/new", data=FORM | also | {field: typed})
    assert answer.status_code == 200
    assert "takes fewer than 24 hours for it: write at most 23" in answer.text
    assert re.search(rf'name="{field}"[^>]*value="{typed}"', answer.text), "what was typed stays"
    around = answer.text.split(f'name="{field}"')[0].rsplit('<div class="field', 1)[1]
    after = answer.text.split(f'name="{field}"')[1].split('<div class="field', 1)[0]
    assert "write at most 23" in around + after
    assert session().scalar(select(func.count()).select_from(Train)) == 0
    weekly = lins_browser.post(
        "/trains/new", data=FORM | {"freeze_hours": "48"} | also | {field: typed, "weekday": "4"}
    )
    assert weekly.status_code == 302, "a weekly train may take longer"


def test_a_gate_whose_hours_are_left_empty_looks_at_less_than_a_day(
    lins_browser: FlaskClient, programme: Programme
) -> None:
    session().commit()
    sent = FORM | {"gate_hours": "", "gate_percent": "30", "with_everybody": "y"}
    assert lins_browser.post("/trains/new", data=sent).status_code == 302
    assert session().scalars(select(Train)).one().gate == Gate(30, 23)


def test_no_other_door_lets_it_take_a_day(nightly: Train) -> None:
    for course in (Course(freeze_hours=24), Course(gate=Gate(30, 24))):
        with pytest.raises(NotUnderstood, match="within 23 hours"):
            create_train("Odd", "android", EVERY_DAY, time(2), "UTC", at=NOW, course=course)
    weekly = create_train("Weekly", "android", 4, time(2), "UTC", at=NOW, course=Course(freeze_hours=48))
    with pytest.raises(NotUnderstood, match="within 23 hours"):
        change_train(weekly.id, weekday=EVERY_DAY, local_time=time(2), zone="UTC", active=True, at=NOW)


# ------------------------------------------------------------ night after night


def test_two_nights_open_by_themselves_once_each(nightly: Train, lin: Person, ada: Person) -> None:
    first, second = version("5.1"), version("5.2")
    tuesday, wednesday = night(nightly, TUESDAY, first), night(nightly, WEDNESDAY, second)
    tick(NIGHT - HOUR)
    assert given() == set()
    for minutes in (0, 1, 60):
        tick(NIGHT + timedelta(minutes=minutes))
    assert (state(tuesday), state(wednesday)) == (ReleaseState.OPEN, ReleaseState.PLANNED)
    for minutes in (0, 1, 60):
        tick(NIGHT + DAY + timedelta(minutes=minutes))
    assert [moves_of(one) for one in (tuesday, wednesday)] == [["opening", "open"]] * 2
    rows = session().execute(select(BuildAccess.build_id, BuildAccess.person_id).order_by(BuildAccess.build_id)).all()
    assert [tuple(row) for row in rows] == [(first.id, lin.id), (second.id, lin.id)], "staff alone"
    assert session().scalar(select(func.count()).select_from(Job).where(Job.kind == "releases.open")) == 2
    assert session().scalars(select(OpenWeek.week)).all() == []
    assert session().scalars(select(Letter.id)).all() == []


def test_it_freezes_rehearses_and_opens_within_a_day(lin: Person, ada: Person) -> None:
    train = laid(freeze_hours=12, rehearsal_hours=6, steps=(*STAFF, Step(WaveKind.EVERYBODY)))
    release = night(train, WEDNESDAY, version("5.1"))
    opens = NIGHT + DAY
    seen = []
    for hours in (13, 12, 6, 0):
        tick(opens - hours * HOUR)
        tick(opens - hours * HOUR + timedelta(minutes=1))
        seen.append((state(release), len(given())))
    assert seen == [
        (ReleaseState.PLANNED, 0), (ReleaseState.FROZEN, 0), (ReleaseState.REHEARSED, 1), (ReleaseState.OPEN, 2),
    ]  # fmt: skip
    assert name_of(release) == "Nightly 2026-06-03"


def test_nights_that_open_to_everybody_mark_their_week_once(lin: Person, ada: Person) -> None:
    train = laid(steps=(*STAFF, Step(WaveKind.EVERYBODY)))
    for day, number in ((TUESDAY, "5.1"), (WEDNESDAY, "5.2")):
        night(train, day, version(number))
        tick(NIGHT + (day - TUESDAY) * DAY)
    assert given() == {lin.id, ada.id}
    assert session().scalars(select(OpenWeek.week)).all() == [WEEK]


@pytest.mark.parametrize("freeze", [None, 5])
def test_a_night_without_a_build_is_cancelled_by_itself_and_nobody_is_written_to(
    freeze: int | None, lin: Person, lins_browser: FlaskClient
) -> None:
    train = laid(freeze_hours=freeze)
    release = of_day(train, TUESDAY)
    tick(NIGHT - HOUR)
    assert state(release) is ReleaseState.PLANNED, "also past its freeze it waits for a build"
    at(NIGHT)
    due = lins_browser.get(f"/releases/{release.id}").text
    assert ("it has no build: it is cancelled." in due) == (freeze is None)
    for minutes in range(3):
        tick(NIGHT + timedelta(minutes=minutes))
    assert moves_of(release) == ["cancelled"]
    assert session().scalars(select(Letter.id)).all() == []
    assert standing_still(NIGHT + HOUR) == []
    shown = lins_browser.get(f"/releases/{release.id}").text
    assert NO_BUILD in shown
    assert "by itself" in shown
    assert f'href="{page(train, TUESDAY)}"' in shown, "its build can still be chosen"


def test_a_build_that_comes_after_the_freeze_still_leaves_in_time(lin: Person) -> None:
    train = laid(freeze_hours=5)
    tick(NIGHT - 2 * HOUR)
    release = night(train, TUESDAY, version("5.1"), NIGHT - HOUR)
    tick(NIGHT - HOUR)
    assert state(release) is ReleaseState.FROZEN
    tick(NIGHT)
    assert state(release) is ReleaseState.OPEN


def test_a_build_that_comes_after_its_time_leaves_late_on_the_same_day(
    nightly: Train, lin: Person, lins_browser: FlaskClient
) -> None:
    build = version("5.1")
    tick(NIGHT)
    tick(NIGHT + HOUR)
    release = of_day(nightly, TUESDAY)
    assert (release.state, release.why) == (ReleaseState.CANCELLED, NO_BUILD)
    nothing = lins_browser.post(page(nightly, TUESDAY), data={"build_id": "0", "audience_id": "0"})
    assert "Nightly has its release of 2026-06-02 already." in nothing.text
    planned = lins_browser.post(page(nightly, TUESDAY), data={"build_id": build.id, "audience_id": "0"})
    assert planned.headers["Location"].endswith(f"/releases/{release.id}")
    tick(NIGHT + 2 * HOUR)
    assert moves_of(release) == ["cancelled", "planned", "opening", "open"]
    assert given() == {lin.id}
    at(NIGHT + DAY + HOUR)
    plan_weeks.run()
    shown = lins_browser.get(f"/releases/{release.id}").text
    assert NO_BUILD not in shown.split("What was done")[0], "it has left after all"


def test_a_build_that_is_withdrawn_stops_the_night_quietly_unless_people_have_it(
    lin: Person, ada: Person, lins_browser: FlaskClient
) -> None:
    train = laid(freeze_hours=12, rehearsal_hours=6)
    frozen, rehearsed = night(train, TUESDAY, version("5.1")), night(train, WEDNESDAY, version("5.2"))
    tick(NIGHT - 10 * HOUR + timedelta(minutes=1))
    assert state(frozen) is ReleaseState.FROZEN
    withdraw_build(frozen.build_id or 0, NIGHT - 9 * HOUR)
    tick(NIGHT - 5 * HOUR)
    assert state(frozen) is ReleaseState.FROZEN, "it may be offered again until it leaves"
    tick(NIGHT)
    assert state(frozen) is ReleaseState.CANCELLED
    assert session().scalars(select(Letter.id)).all() == []
    for hours in (12, 6, 5):
        tick(NIGHT + DAY - hours * HOUR)
    assert given() == {lin.id}
    withdraw_build(rehearsed.build_id or 0, NIGHT + 20 * HOUR)
    for hours in range(3):
        tick(NIGHT + DAY + hours * HOUR)
    assert state(rehearsed) is ReleaseState.HELD
    assert session().scalar(select(func.count()).select_from(Letter)) == 1, "people have it: who looks after it is told"
    plan_weeks.run()
    assert state(rehearsed) is ReleaseState.HELD, "it waits for a person"


def test_a_night_closes_after_a_day_and_a_week_s_release_stays(
    nightly: Train, release: Release, lin: Person, ada: Person
) -> None:
    tuesday = night(nightly, TUESDAY, version("5.2"))
    tick(NIGHT)
    at(OPENS)
    open_release(release.id, OPENS)
    for moment, expected in ((NIGHT + DAY - HOUR, "open"), (NIGHT + DAY, "closed"), (OPENS + 2 * DAY, "closed")):
        at(moment)
        plan_weeks.run()
        assert state(tuesday).value == expected
    assert state(release) is ReleaseState.OPEN


def test_a_night_whose_wave_waits_at_its_gate_closes_after_a_day(lin: Person, ada: Person) -> None:
    steps = (*STAFF, Step(WaveKind.EVERYBODY))
    train = laid(steps=steps, gate=Gate(ran_percent=50, hours=12))
    release, build = night(train, TUESDAY, version("5.1")), session().scalars(select(Build)).one()
    tick(NIGHT)
    tick(NIGHT + HOUR)
    assert (state(release), given()) == (ReleaseState.OPENING, {lin.id})
    tick(NIGHT + DAY)
    plan_weeks.run()
    assert state(release) is ReleaseState.CLOSED
    run_it(build, {lin.id}, NIGHT + DAY)
    tick(NIGHT + DAY + HOUR)
    assert given() == {lin.id}


@pytest.mark.parametrize(("rehearsal", "expected"), [(None, "cancelled"), (3, "closed")])
def test_a_night_that_nobody_lets_go_ends_with_its_day(rehearsal: int | None, expected: str, lin: Person) -> None:
    train = laid(freeze_hours=6, rehearsal_hours=rehearsal, goes_itself=False)
    nights = [night(train, day, version(f"5.{day}")) for day in (TUESDAY, WEDNESDAY)]
    for number, release in enumerate(nights):
        for hours in (6, 3, 2):
            tick(NIGHT + number * DAY - hours * HOUR)
        if number:
            let_go(release.id, NIGHT + DAY - HOUR)
        tick(NIGHT + number * DAY)
    assert standing_still(NIGHT + DAY)[0].release.id == nights[0].id
    plan_weeks.run()
    assert [state(one).value for one in nights] == [expected, "open"]
    assert standing_still(NIGHT + DAY) == []


def test_after_an_outage_the_nights_that_had_a_build_still_leave_once(nightly: Train, lin: Person) -> None:
    first, second = night(nightly, TUESDAY, version("5.1")), night(nightly, THURSDAY, version("5.2"))
    at(NIGHT + 4 * DAY)
    plan_weeks.run()
    tick(NIGHT + 4 * DAY)
    tick(NIGHT + 4 * DAY + HOUR)
    assert [moves_of(one) for one in (first, second)] == [["opening", "open"]] * 2
    assert moves_of(of_day(nightly, WEDNESDAY)) == ["cancelled"]
    plan_weeks.run()
    assert (state(first), state(second)) == (ReleaseState.CLOSED, ReleaseState.CLOSED)


def test_the_release_before_is_that_of_the_day_before(nightly: Train, train: Train, lin: Person, ada: Person) -> None:
    sunday = plan_release(nightly.id, WEEK - 1, 7, build_id=version("5.0").id, at=NOW - 2 * DAY)
    other = plan_release(train.id, WEEK - 1, build_id=version("4.9").id, at=NOW - 7 * DAY)
    found = [sunday, *(night(nightly, day, version(f"5.{day}")) for day in (TUESDAY, WEDNESDAY))]
    for release in (other, *found):
        open_release(release.id, release.opens_at)
    assert [one_before(one) for one in found] == [None, *found[:-1]]


# ------------------------------------------------------------ what it does not ask of testers


def test_no_weekly_report_is_asked_for(
    lin: Person, ada: Person, client: FlaskClient, lins_browser: FlaskClient
) -> None:
    train = laid(steps=(*STAFF, Step(WaveKind.EVERYBODY, Notify.NONE)))
    release, build = night(train, TUESDAY, version("5.1")), session().scalars(select(Build)).one()
    tick(NIGHT)
    run_it(build, {ada.id}, NIGHT + HOUR)
    assert ends_at(release) is None
    assert [to_remind(NIGHT + n * HOUR) for n in range(9 * 24)] == [[]] * (9 * 24)
    assert report_panel(ada.id, NIGHT + HOUR) is None
    with pytest.raises(ReportClosed, match="leaves every day"):
        write_report(release.id, ada.id, mark=5, works="", broken="", wanted="", at=NIGHT + HOUR)
    answer = client.get(f"/r/{page_token(release.id, ada.id)}/report").text
    assert "asks for no weekly report" in answer
    assert "Send the report" not in answer
    assert f"/releases/{release.id}/reports" not in lins_browser.get(f"/releases/{release.id}").text


# ------------------------------------------------------------ days off


def test_one_day_is_skipped_and_the_others_leave(nightly: Train, lin: Person, lins_browser: FlaskClient) -> None:
    tuesday, wednesday = night(nightly, TUESDAY, version("5.1")), night(nightly, WEDNESDAY, version("5.2"))
    at(NOW)
    shown = lins_browser.get(f"/releases/{tuesday.id}/change").text
    assert "Skip this day" in shown
    assert "Skip this week" not in shown
    done = lins_browser.post(f"{page(nightly, TUESDAY)}/skip", data={"why": "the farm is down"}, follow_redirects=True)
    assert "The train does not leave on this day." in done.text
    assert "does not leave: the farm is down" in done.text
    again = lins_browser.post(f"{page(nightly, TUESDAY)}/skip", data={"why": "still down"}, follow_redirects=True)
    assert again.request.path == page(nightly, TUESDAY)
    assert "This day is skipped already." in again.text
    assert "You had written: still down" in again.text
    free = {"build_id": wednesday.build_id, "audience_id": "0"}
    skip_turn(nightly.id, WEEK, THURSDAY, "a feast", NOW)
    session().commit()
    refused = lins_browser.post(page(nightly, THURSDAY), data=free)
    assert "2026-06-04 is skipped: let the train leave after all first." in refused.text
    tick(NIGHT)
    tick(NIGHT + DAY)
    assert (state(tuesday), state(wednesday)) == (ReleaseState.CANCELLED, ReleaseState.OPEN)
    told = session().scalars(select(JournalEntry).where(JournalEntry.action == "skip_day")).first()
    assert told is not None
    assert told.after == {"day": "2026-06-02", "why": "the farm is down"}


def test_a_skipped_day_can_leave_after_all(nightly: Train, lin: Person, lins_browser: FlaskClient) -> None:
    skip_turn(nightly.id, WEEK, THURSDAY, "a feast", NOW)
    at(NOW)
    back = lins_browser.post(f"{page(nightly, THURSDAY)}/unskip", follow_redirects=True)
    assert "The train leaves on this day after all: plan what it takes along." in back.text
    with pytest.raises(MoveRefused, match="This day is not skipped"):
        unskip_turn(nightly.id, WEEK, THURSDAY, NOW)
    told = lins_browser.get("/settings/journal").text
    assert "skipped a day" in told
    assert "took back the skipping of a day" in told
    release = night(nightly, THURSDAY, version("5.1"))
    tick(NIGHT + 2 * DAY)
    assert state(release) is ReleaseState.OPEN


def test_what_is_skipped_is_neither_planned_nor_planned_again(nightly: Train, train: Train) -> None:
    skipped = night(nightly, THURSDAY, version("5.1"))
    skip_turn(nightly.id, WEEK, THURSDAY, "a feast", NOW)
    with pytest.raises(MoveRefused, match="2026-06-04 is skipped"):
        plan_again(skipped.id, NOW)
    skip_turn(nightly.id, WEEK + 2, TUESDAY, "a feast", NOW)
    with pytest.raises(MoveRefused, match="2026-06-16 is skipped"):
        plan_release(nightly.id, WEEK + 2, TUESDAY, build_id=skipped.build_id, at=NOW)
    skip_turn(train.id, WEEK + 1, 0, "a feast", NOW)
    with pytest.raises(MoveRefused, match="2026-W24 is skipped"):
        plan_release(train.id, WEEK + 1, build_id=skipped.build_id, at=NOW)


def test_a_day_that_leaves_after_all_waits_for_its_build_again(nightly: Train) -> None:
    skip_turn(nightly.id, WEEK, THURSDAY, "a feast", NOW)
    assert state(of_day(nightly, THURSDAY)) is ReleaseState.CANCELLED
    unskip_turn(nightly.id, WEEK, THURSDAY, NOW)
    assert state(of_day(nightly, THURSDAY)) is ReleaseState.PLANNED


def test_prepared_days_follow_their_train_and_planned_ones_keep_their_time(nightly: Train) -> None:
    planned = night(nightly, TUESDAY, version("5.1"))
    at_five: Any = {"weekday": EVERY_DAY, "local_time": time(5), "zone": SHANGHAI}
    change_train(nightly.id, **at_five, active=True, at=NOW)
    prepare_weeks(NOW)
    assert planned.opens_at == NIGHT
    assert of_day(nightly, WEDNESDAY).opens_at == NIGHT + DAY + 3 * HOUR
    change_train(nightly.id, **at_five, active=False, at=NOW)
    assert state(planned) is ReleaseState.CANCELLED
    change_train(nightly.id, **at_five, active=True, at=NOW)
    prepare_weeks(NOW)
    assert state(of_day(nightly, WEDNESDAY)) is ReleaseState.PLANNED


def test_a_night_whose_build_was_withdrawn_takes_another_on_its_day(
    nightly: Train, lin: Person, lins_browser: FlaskClient
) -> None:
    dead, good = version("5.1"), version("5.2")
    release = night(nightly, TUESDAY, dead)
    withdraw_build(dead.id, NOW)
    tick(NIGHT)
    assert state(release) is ReleaseState.CANCELLED
    at(NIGHT + HOUR)
    assert "Choose the build" in lins_browser.get(f"/releases/{release.id}").text
    lins_browser.post(page(nightly, TUESDAY), data={"build_id": good.id, "audience_id": "0"})
    tick(NIGHT + HOUR)
    assert (state(release), release.build_id) == (ReleaseState.OPEN, good.id)


def test_a_build_chosen_in_the_last_moment_is_seen(nightly: Train, lin: Person) -> None:
    """Whoever looked has found none; somebody has chosen one before the night is cancelled."""
    release = night(nightly, TUESDAY)
    change_release(release.id, build_id=version("5.1").id, audience_id=None, at=NIGHT)
    assert not stop_without_build(release.id, NIGHT)
    tick(NIGHT)
    assert state(release) is ReleaseState.OPEN


def test_a_holiday_leaves_its_day_out_also_in_a_zone_where_the_moment_is_another_date(
    nightly: Train, lins_browser: FlaskClient
) -> None:
    """02:00 in Shanghai is the day before in UTC."""
    at(NOW)
    kept = night(nightly, WEDNESDAY, version("5.1"))
    session().commit()
    form = {name: value for name, value in FORM.items() if name not in ("name", "platform")}
    saved = lins_browser.post(
        f"/trains/{nightly.id}/edit", data=form | {"holidays": "2026-06-04 Dragon Boat\n2026-06-09"}
    )
    assert saved.status_code == 302
    assert (of_day(nightly, THURSDAY).state, of_day(nightly, THURSDAY).why) == (ReleaseState.CANCELLED, "Dragon Boat")
    assert state(kept) is ReleaseState.PLANNED
    at(NOW + DAY + 12 * HOUR)
    assert prepare_weeks(NOW + DAY + 12 * HOUR) == 1
    days = session().execute(select(Release.week, Release.day).where(Release.week == WEEK + 1)).all()
    assert [tuple(day) for day in days] == [(WEEK + 1, 1)], "Tuesday 9 June is free"


def test_a_holiday_is_of_the_day_a_release_is_for_also_when_the_zone_has_changed(nightly: Train) -> None:
    course, build = course_of(nightly), version("5.1")
    for day in (TUESDAY, WEDNESDAY):
        night(nightly, day, build)
    changed = Course(steps=course.steps, holidays={date(2026, 6, 2): "a feast"})
    change_train(nightly.id, weekday=EVERY_DAY, local_time=time(2), zone="UTC", active=True, at=NOW, course=changed)
    assert [of_day(nightly, day).state.value for day in (TUESDAY, WEDNESDAY)] == ["cancelled", "planned"]


def test_a_train_that_runs_no_more_cancels_its_days(nightly: Train) -> None:
    planned = night(nightly, TUESDAY, version("5.1"))
    change_train(nightly.id, weekday=EVERY_DAY, local_time=time(2), zone=SHANGHAI, active=False, at=NOW)
    left = session().execute(select(Release.id, Release.state)).all()
    assert [tuple(one) for one in left] == [(planned.id, ReleaseState.CANCELLED)], "what was only prepared is gone"
    assert prepare_weeks(NOW) == 0


# ------------------------------------------------------------ planning, and what is not there


def test_a_day_takes_one_release(nightly: Train) -> None:
    release = night(nightly, TUESDAY, version("5.1"))
    with pytest.raises(TurnTaken, match="Nightly has its release of 2026-06-02 already"):
        night(nightly, TUESDAY, version("5.2"))
    assert night(nightly, WEDNESDAY, version("5.3")).id != release.id


def test_a_later_day_is_planned_at_its_own_address(nightly: Train, lins_browser: FlaskClient) -> None:
    at(NOW)
    address = page(nightly, 5, WEEK + 4)
    assert '<time datetime="2026-07-03">' in lins_browser.get(address).text
    planned = lins_browser.post(address, data={"build_id": "0", "audience_id": "0"})
    release = of_day(nightly, 5, WEEK + 4)
    assert planned.headers["Location"].endswith(f"/releases/{release.id}")
    assert release.opens_at == datetime(2026, 7, 2, 18, tzinfo=UTC)
    assert '<time datetime="2026-07-03">' in lins_browser.get(f"/releases/{release.id}").text
    told = session().scalars(select(JournalEntry).where(JournalEntry.action == "plan_release")).one()
    assert told.after == {"day": "2026-07-03", "build": None}


def test_no_day_is_planned_that_is_over_in_the_train_s_own_zone(nightly: Train, lins_browser: FlaskClient) -> None:
    """At NOW it is Monday in Shanghai; at nine hours later Tuesday there, and still Monday in UTC."""
    monday_s = plan_release(nightly.id, WEEK, 1, build_id=version("5.0").id, at=NOW)
    cancel_release(monday_s.id, NOW)
    at(NOW + 8 * HOUR)
    late = lins_browser.post(page(nightly, 1), data={"build_id": "0", "audience_id": "0"})
    assert "2026-06-01 is over: plan a day that is still to come." in late.text
    again = lins_browser.post(f"/releases/{monday_s.id}/plan-again")
    assert (again.status_code, "2026-06-01 is over" in again.text) == (409, True)
    assert state(monday_s) is ReleaseState.CANCELLED


@pytest.mark.parametrize("step", ["", "/skip", "/unskip"])
def test_a_week_of_a_daily_train_and_a_day_of_a_weekly_one_are_not_there(
    train: Train, nightly: Train, lins_browser: FlaskClient, step: str
) -> None:
    at(NOW)
    wrong = {
        f"/trains/{nightly.id}/weeks/{WEEK}": "Nightly leaves every day: choose a day, not a week.",
        page(train, TUESDAY): "Orange Friday leaves once a week: choose a week, not a day.",
        page(nightly, 8): "A day of a week is a number from 1 (Monday) to 7 (Sunday).",
        page(nightly, TUESDAY, 10**9): "There is no such week.",
        f"/trains/{nightly.id + 100}/weeks/{WEEK}/days/2": "There is no such train.",
    }
    for address, told in wrong.items():
        answers = [lins_browser.post(address + step, data={"why": "x", "build_id": "0", "audience_id": "0"})]
        answers += [] if step else [lins_browser.get(address)]
        assert [(answer.status_code, told in answer.text) for answer in answers] == [(404, True)] * len(answers), (
            address
        )
    assert lins_browser.get(page(nightly, 0), follow_redirects=True).status_code == 404
    with pytest.raises(NotThere):
        plan_release(train.id, WEEK, TUESDAY, build_id=None, at=NOW)


# ------------------------------------------------------------ from weekly to daily, and back


def edited(browser: FlaskClient, train: Train, **fields: str) -> Any:
    session().commit()
    form = {name: value for name, value in FORM.items() if name not in ("name", "platform")}
    return browser.post(f"/trains/{train.id}/edit", data=form | fields)


def test_a_weekly_train_becomes_daily_and_back_and_what_was_prepared_follows(
    train: Train, nightly: Train, lins_browser: FlaskClient
) -> None:
    at(NOW)
    mine = select(func.count()).select_from(Release).where(Release.train_id == train.id)
    assert session().scalar(mine.where(Release.day == 0)) == WEEKS_AHEAD
    assert edited(lins_browser, train).status_code == 302
    assert (session().scalar(mine.where(Release.day == 0)), session().scalar(mine.where(Release.day > 0))) == (0, 6)
    told = lins_browser.get("/settings/journal").text
    assert "every day" in told
    assert edited(lins_browser, train, weekday="4", local_time="17:00").status_code == 302
    assert session().scalar(mine.where(Release.day == 0)) == WEEKS_AHEAD
    assert session().scalar(mine) == WEEKS_AHEAD
    assert session().scalar(select(func.count()).select_from(Release)) == WEEKS_AHEAD + 6, "the other one keeps its own"


@pytest.mark.parametrize("how", ["planned", "held"])
def test_it_does_not_change_while_a_build_waits(
    train: Train, build: Build, lins_browser: FlaskClient, how: str
) -> None:
    at(NOW)
    prepare_weeks(NOW)
    waiting = plan_release(train.id, WEEK + 1, build_id=build.id, at=NOW)
    if how == "held":
        hold_release(waiting.id, "not yet", NOW)
    refused = edited(lins_browser, train, freeze_hours="9")
    assert refused.status_code == 200
    assert "Planned with a build, or on hold: 1." in refused.text
    assert 'value="9"' in refused.text
    assert '<option selected value="7">' in refused.text
    assert session().scalar(select(func.count()).select_from(Release)) == WEEKS_AHEAD, "nothing was taken away"
    with pytest.raises(StillPlanned):
        change_train(train.id, weekday=EVERY_DAY, local_time=time(2), zone=SHANGHAI, active=True, at=NOW)
    session().rollback()
    assert edited(lins_browser, train, weekday="3").status_code == 302, "another weekday is no such change"
    cancel_release(waiting.id, NOW)
    assert edited(lins_browser, train).status_code == 302
    session().expire_all()
    with pytest.raises(MoveRefused, match="leaves at other times now"):
        plan_again(waiting.id, NOW)


def test_what_people_have_runs_to_its_end_when_the_train_changes(
    release: Release, train: Train, lin: Person, ada: Person, lins_browser: FlaskClient
) -> None:
    at(OPENS)
    open_release(release.id, OPENS)
    assert edited(lins_browser, train).status_code == 302
    assert f"/releases/{release.id}" in lins_browser.get("/releases").text.split("All releases")[0]
    assert "week of" in lins_browser.get(f"/releases/{release.id}").text
    uids = read(calendar_of(OPENS))
    assert f"train-{train.id}-week-{WEEK}" in uids
    assert f"train-{train.id}-day-2026-06-06" in uids
    at(OPENS + 2 * DAY)
    plan_weeks.run()
    assert state(release) is ReleaseState.OPEN
    assert ends_at(session().get_one(Release, release.id)) is not None
    at(OPENS + 7 * DAY)
    plan_weeks.run()
    assert state(release) is ReleaseState.CLOSED


# ------------------------------------------------------------ what is shown


def test_home_tells_of_each_daily_train_its_next_departure_only(
    release: Release, nightly: Train, lins_browser: FlaskClient
) -> None:
    laid("Other nights")
    night(nightly, WEDNESDAY, version("5.2"))
    skip_turn(nightly.id, WEEK, TUESDAY, "a feast", NOW)
    at(NOW)
    home = lins_browser.get("/").text
    assert [home.count(name) for name in ("Nightly", "Other nights", "Orange Friday")] == [1, 1, 1]
    assert "Nightly 5.2" in home, "Tuesday is skipped"


def test_a_next_departure_of_the_week_to_come_is_not_of_this_week(nightly: Train, database: Any) -> None:
    sunday = NIGHT + 5 * DAY
    with database.test_request_context():
        before, after = week_panel(0, sunday - HOUR), week_panel(0, sunday + HOUR)
    assert before is not None
    assert [len(day["notes"]) for day in before["days"]] == [0] * 6 + [1]
    assert after is None, "the next one leaves on Monday"


def test_home_offers_to_plan_the_next_day_that_is_not_prepared(
    nightly: Train, programme: Programme, lins_browser: FlaskClient
) -> None:
    at(NIGHT + 20 * DAY)
    home = lins_browser.get("/").text
    assert "02:00 · not planned" in home
    assert f'href="{page(nightly, 2, WEEK + 3)}"' in home


def test_another_program_reads_two_weeks_of_nights(release: Release, train: Train, nightly: Train) -> None:
    night(nightly, TUESDAY, version("5.2"))
    skip_turn(nightly.id, WEEK, THURSDAY, "a feast", NOW)
    events = read(calendar_of(NOW))
    nights = {uid: event for uid, event in events.items() if uid.startswith(f"train-{nightly.id}-")}
    ahead = [f"train-{nightly.id}-day-{date(2026, 6, 1) + n * DAY}" for n in range(1, 14) if n != 3]
    assert sorted(nights) == ahead
    first = nights[ahead[0]]
    assert first.dtstart.value == NIGHT
    assert first.summary.value.startswith("Nightly 5.2 (")
    assert [event.status.value for event in nights.values()].count("CONFIRMED") == 1
    assert f"train-{train.id}-week-{WEEK}" in events, "a week's event is known by what it was before"


def test_the_list_and_home_and_the_feed_ask_as_much_of_many_days_as_of_few(
    train: Train, lins_browser: FlaskClient, queries_of: Callable[[Callable[[], object]], int]
) -> None:
    at(NOW)
    plan_release(train.id, WEEK, build_id=None, at=NOW)
    few_train = create_train("Few", "android", EVERY_DAY, time(2), SHANGHAI, at=NOW, course=Course(steps=STAFF))
    night(few_train, TUESDAY, version("5.1"))

    def asked() -> list[int]:
        session().commit()
        looked = ("/releases", "/")
        for address in looked:
            assert lins_browser.get(address).status_code == 200
        return [
            *(queries_of(lambda address=address: lins_browser.get(address)) for address in looked),  # type: ignore[misc]
            queries_of(lambda: calendar_of(NOW)),
        ]

    few = asked()
    for number in range(4):
        more = laid(f"Nights {number}")
        for day in range(TUESDAY, 8):
            night(more, day, version(f"6.{number}.{day}"))
    assert asked() == few


def test_its_figures_are_counted_anew_and_its_page_is_read(
    nightly: Train, lin: Person, lins_browser: FlaskClient
) -> None:
    release = night(nightly, TUESDAY, version("5.1"))
    tick(NIGHT)
    assert count_again(release.id, NIGHT + 3 * HOUR) == 4
    session().commit()
    for address in (f"/releases/{release.id}", f"/releases/{release.id}/recipients", f"/trains/{nightly.id}/edit"):
        assert lins_browser.get(address).status_code == 200


def test_a_day_follows_new_rules_of_its_zone_until_it_opens(nightly: Train) -> None:
    release = of_day(nightly, WEDNESDAY)
    session().execute(update(Release).where(Release.id == release.id).values(opens_at=NIGHT + DAY + HOUR))
    at(NOW)
    plan_weeks.run()
    assert of_day(nightly, WEDNESDAY).opens_at == NIGHT + DAY


def test_the_schedule_prepares_and_opens_twice_as_it_does_once(nightly: Train, lin: Person) -> None:
    night(nightly, TUESDAY, version("5.1"))
    at(NIGHT)
    assert (plan_weeks.run(), plan_weeks.run()) == (1, 0)
    assert (open_due.run(), open_due.run()) == (1, 0)


def test_who_is_core_gets_it_at_night_too(lin: Person, ada: Person) -> None:
    tag([ada.id], "core")
    train = laid(steps=(*STAFF, Step(WaveKind.CORE, Notify.NONE)))
    night(train, TUESDAY, version("5.1"))
    tick(NIGHT)
    assert given() == {lin.id, ada.id}
    assert session().scalars(select(OpenWeek.week)).all() == []
