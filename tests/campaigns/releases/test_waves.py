"""Waves: who is in which, what comes before each, and the evidence that lets the next one go."""

from __future__ import annotations

import re
import sys
from collections import Counter
from datetime import datetime, time, timedelta
from statistics import mean, pstdev
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaigns.audience.models import FrozenMember
from campaigns.releases.actions import (
    begin_opening,
    change_release,
    count_release,
    course_of,
    create_train,
    freeze_release,
    go_on_giving,
    let_go,
    open_release,
    overrule,
    plan_release,
    resume_release,
)
from campaigns.releases.models import Release, Train, Wave
from campaigns.releases.queries import people_in, release_or_404, sizes, train_or_404, waiting, waves_of
from campaigns.releases.rules import Course, Gate, Lack, Notify, ReleaseState, Step, WaveKind, place_of, seed_of
from campaigns.releases.tasks import advance_due, open_due, welcome
from crm.accounts.actions import accept_agreement, end_agreement
from crm.builds.actions import NewCheckIn, NotesFixed, record_check_ins, write_notes
from crm.builds.models import Build, BuildAccess, OpenWeek
from crm.builds.rules import CheckInKind
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.jobs import run_due
from crm.core.journal import JournalEntry
from crm.core.programme import required
from crm.feedback.actions import move as move_request
from crm.feedback.actions import write_request
from crm.feedback.rules import RequestKind, RequestState, Severity
from crm.outbox.models import Letter, Wording
from crm.people.actions import tag
from crm.people.models import Person
from tests import make
from tests.campaigns.releases.cast import NOW, OPENS, WEEK

FREEZES, REHEARSES = OPENS - timedelta(hours=48), OPENS - timedelta(hours=24)
WAVES = (
    Step(WaveKind.STAFF, Notify.NONE),
    Step(WaveKind.CORE, Notify.ALL_LANGUAGES),
    Step(WaveKind.SHARE, Notify.LETTER, 30),
    Step(WaveKind.EVERYBODY),
)
HALF = Gate(ran_percent=50, hours=24, blockers=1, crashes=3)


def planned(build: Build, **course: Any) -> Release:
    train = create_train(
        "Full strength", "android", 4, time(17), "Asia/Shanghai", at=NOW, course=Course(steps=WAVES, **course)
    )
    return plan_release(train.id, WEEK, build_id=build.id, at=NOW)


def at(moment: datetime) -> None:
    required().held_at = moment
    session().commit()


def tick(moment: datetime) -> None:
    """Everything that the schedule does with trains, and the jobs it makes."""
    at(moment)
    open_due.run()
    advance_due.run()
    run_due.run()
    welcome.run()


def state(release: Release) -> ReleaseState:
    return session().get_one(Release, release.id, populate_existing=True).state


def given() -> set[int]:
    return set(session().scalars(select(BuildAccess.person_id)))


def written() -> dict[int, str]:
    rows = session().execute(select(Letter.person_id, Wording.key).join(Wording, Wording.id == Letter.wording_id))
    return {row[0]: row[1] for row in rows}


def run_it(build: Build, people: set[int], moment: datetime) -> None:
    signs = [NewCheckIn(who, build.version, CheckInKind.FIRST_RUN, moment, build_id=build.id) for who in people]
    record_check_ins(signs, received_at=moment)
    session().commit()


def crowd(count: int) -> list[int]:
    return [make.tester(f"T{n}").id for n in range(count)]


def people_by_wave(release: Release, moment: datetime = OPENS) -> list[set[int]]:
    waves = waves_of(release)
    return [set(session().scalars(people_in(release, wave, waves, moment))) for wave in waves]


# ------------------------------------------------------------ who is in which wave


def test_everybody_is_in_exactly_one_wave(build: Build, lin: Person, ada: Person, bo: Person) -> None:
    release = planned(build)
    testers = crowd(60)
    tag([testers[0], testers[1], bo.id], "core")
    staff, core, share, rest = people_by_wave(release)
    assert (staff, core) == ({lin.id}, {testers[0], testers[1]}), "a prospect with the tag is no tester"
    assert core | share | rest == {ada.id, *testers}
    assert sum(map(len, (core, share, rest))) == 61
    kept = release_or_404(release.id)
    told = sizes(kept, waves_of(kept), OPENS)
    assert told == {0: 1, 1: 2, 2: len(share), 3: len(rest)}
    assert 8 <= len(share) <= 28, "about thirty percent of sixty"
    make.tester("Staff since", is_staff=True)
    make.tester("Merged", merged_into_id=ada.id)
    make.tester("Forgotten", forgotten_at=OPENS)
    end_agreement(make.tester("Left").id, at=OPENS, reason="no time")
    assert sizes(kept, waves_of(kept), OPENS) == {n: len(wave) for n, wave in enumerate(people_by_wave(kept))}
    freeze_release(release.id, NOW)
    assert people_by_wave(release_or_404(release.id)) == [staff, core, share, rest]


def test_a_share_is_drawn_the_same_way_by_both_databases_and_by_python(build: Build, ada: Person) -> None:
    release = planned(build)
    testers = {ada.id, *crowd(40)}
    seed = seed_of(release.id, 2)
    _staff, _core, share, _rest = people_by_wave(release)
    assert share == {who for who in testers if place_of(who, seed) < 3_000}


def test_a_share_of_few_people_is_about_as_large_as_it_should_be() -> None:
    """As if each were drawn for themselves: 80 people, 30 %, of whom 24 +- 4 are drawn."""
    drawn = [sum(place_of(who, seed_of(release, 2)) < 3_000 for who in range(1, 81)) for release in range(1, 1_001)]
    assert 22 < mean(drawn) < 26
    assert 3.5 < pstdev(drawn) < 4.7
    assert 8 <= min(drawn) <= max(drawn) <= 44


def test_another_release_draws_others() -> None:
    people = range(1, 20_001)
    first = {who for who in people if place_of(who, seed_of(1, 2)) < 1_000}
    second = {who for who in people if place_of(who, seed_of(2, 2)) < 1_000}
    for drawn in (first, second):
        assert 1_700 < len(drawn) < 2_300
    assert len(first & second) < 500


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (Step(WaveKind.STAFF), Step(WaveKind.SHARE, percent=50)),
        (Step(WaveKind.EVERYBODY), Step(WaveKind.STAFF)),
        (Step(WaveKind.STAFF), Step(WaveKind.SHARE), Step(WaveKind.EVERYBODY)),
        (Step(WaveKind.SHARE, percent=100), Step(WaveKind.EVERYBODY)),
    ],
)
def test_waves_that_make_no_sense_are_refused(build: Build, steps: tuple[Step, ...]) -> None:
    with pytest.raises(NotUnderstood, match="Waves go from staff"):
        create_train("Odd", "android", 4, time(17), "UTC", at=NOW, course=Course(steps=steps))


@pytest.mark.parametrize("course", [Course(rehearsal_hours=1), Course(freeze_hours=1, rehearsal_hours=2)])
def test_a_rehearsal_without_a_freeze_before_it_is_refused(build: Build, course: Course) -> None:
    with pytest.raises(NotUnderstood, match="after the freeze"):
        create_train("Odd", "android", 4, time(17), "UTC", at=NOW, course=course)


def test_a_train_for_staff_alone_asks_nothing_of_testers(
    build: Build, lin: Person, ada: Person, lins_browser: FlaskClient
) -> None:
    session().commit()
    form = {"name": "Nightly", "platform": "android", "weekday": "0", "local_time": "02:00", "zone": "UTC"}
    waves = {"staff_notify": "none", "core_notify": "none", "share_notify": "none", "everybody_notify": "none"}
    made = lins_browser.post("/trains/new", data=form | waves | {"core_audience_id": "0", "goes_itself": "y"})
    assert made.status_code == 302
    train = session().scalars(select(Train).where(Train.name == "Nightly")).one()
    assert course_of(train).steps == (Step(WaveKind.STAFF, Notify.NONE),)
    release = plan_release(train.id, WEEK, build_id=build.id, at=NOW)
    open_release(release.id, OPENS)
    make.tester("Late")
    at(OPENS)
    welcome.run()
    assert state(release) is ReleaseState.OPEN
    assert given() == {lin.id}
    assert session().scalars(select(OpenWeek.week)).all() == []
    assert "they are in no wave of it" in lins_browser.get(f"/releases/{release.id}/recipients?wave=none").text


# ------------------------------------------------------------ freeze and rehearsal


def test_freezing_fixes_build_notes_people_and_wording(build: Build, lin: Person, ada: Person) -> None:
    ada.language = "en"
    gone = make.tester("Gone")
    release = planned(build, freeze_hours=48)
    at(FREEZES - timedelta(seconds=1))
    open_due.run()
    assert state(release) is ReleaseState.PLANNED
    tick(FREEZES)
    assert state(release) is ReleaseState.FROZEN
    with pytest.raises(MoveRefused):
        change_release(release.id, build_id=build.id, audience_id=None, at=NOW)
    with pytest.raises(NotesFixed, match=r"Full strength 2026-W23 goes out with these notes"):
        write_notes(build.id, {"en": "Other notes", "zh": "别的"}, at=NOW)
    end_agreement(gone.id, at=FREEZES, reason="no time")
    tick(OPENS)
    assert state(release) is ReleaseState.OPEN
    assert given() == {lin.id, ada.id}, "who has left since is not given it"
    letter = session().scalars(select(Letter).where(Letter.person_id == ada.id)).one()
    assert "A new lock screen" in session().get_one(Wording, letter.wording_id).body
    assert session().scalars(select(FrozenMember.person_id)).all()


def test_no_build_at_the_freeze_puts_it_on_hold_and_the_managers_are_told_once(build: Build, lin: Person) -> None:
    release = planned(build, freeze_hours=48)
    change_release(release.id, build_id=None, audience_id=None, at=NOW)
    for moment in (FREEZES, OPENS, OPENS + timedelta(days=3)):
        tick(moment)
    assert state(release) is ReleaseState.HELD
    assert given() == set()
    letters = session().scalars(select(Letter)).all()
    assert [(letter.person_id, letter.occasion.startswith(f"release:{release.id}:held")) for letter in letters] == [
        (lin.id, True)
    ]
    change_release(release.id, build_id=build.id, audience_id=None, at=OPENS)
    resume_release(release.id, OPENS)
    tick(OPENS + timedelta(days=4))
    assert state(release) is ReleaseState.OPEN, "late, and not lost"
    assert given() == {lin.id}


def test_a_rehearsal_gives_it_to_staff_and_core_and_a_person_lets_it_go(build: Build, lin: Person, ada: Person) -> None:
    testers = crowd(3)
    tag([ada.id], "core")
    release = planned(build, freeze_hours=48, rehearsal_hours=24, goes_itself=False)
    tick(FREEZES)
    assert given() == set()
    tick(REHEARSES)
    assert state(release) is ReleaseState.REHEARSED
    assert given() == {lin.id, ada.id}
    assert written() == {ada.id: f"release:{release.id}:all"}, "staff get no letter, the core one in all languages"
    tick(OPENS + timedelta(hours=1))
    assert state(release) is ReleaseState.REHEARSED
    let_go(release.id, OPENS + timedelta(hours=1))
    with pytest.raises(MoveRefused):
        let_go(release.id, OPENS + timedelta(hours=1))
    tick(OPENS + timedelta(hours=2))
    assert state(release) is ReleaseState.OPEN
    assert given() == {lin.id, ada.id, *testers}
    assert set(written()) == {ada.id, *testers}


def test_everything_that_is_late_happens_in_its_order(build: Build, lin: Person, ada: Person) -> None:
    release = planned(build, freeze_hours=48, rehearsal_hours=24)
    tick(OPENS + timedelta(days=4))
    assert state(release) is ReleaseState.OPEN
    moved = select(JournalEntry.after).where(JournalEntry.action == "move_release").order_by(JournalEntry.id)
    assert [told and told["state"] for told in session().scalars(moved)] == ["frozen", "rehearsed", "opening", "open"]


# ------------------------------------------------------------ gates


def test_the_next_wave_waits_until_enough_have_run_it(build: Build, lin: Person, ada: Person) -> None:
    crowd(80)  # so many that their share is never one person, of whom the two before would be enough
    tag([ada.id], "core")
    release = planned(build, gate=Gate(ran_percent=60, hours=24, blockers=1, crashes=3))
    tick(OPENS)
    assert given() == {lin.id}
    tick(OPENS + timedelta(minutes=1))
    assert given() == {lin.id}
    found = release_or_404(release.id)
    position, seen, missing = waiting(found, train_or_404(found.train_id))
    assert (position, seen.given, seen.ran, missing) == (1, 1, 0, [Lack.RUNS])
    run_it(build, {lin.id}, OPENS + timedelta(hours=1))
    tick(OPENS + timedelta(hours=1))
    assert given() == {lin.id, ada.id}, "one of one has run it; of two it is not enough"
    run_it(build, {ada.id}, OPENS + timedelta(hours=1))
    tick(OPENS + timedelta(hours=2))
    staff, core, share, rest = people_by_wave(found)
    assert given() == staff | core | share
    run_it(build, share, OPENS + timedelta(hours=3))
    tick(OPENS + timedelta(hours=3))
    assert given() == staff | core | share | rest
    assert state(release) is ReleaseState.OPEN


def test_a_run_that_comes_too_late_is_none(build: Build, lin: Person, ada: Person) -> None:
    planned(build, gate=Gate(ran_percent=50, hours=24))
    tick(OPENS)
    run_it(build, {lin.id}, OPENS + timedelta(hours=25))
    tick(OPENS + timedelta(hours=26))
    assert given() == {lin.id}


def test_a_download_or_a_report_is_no_run(build: Build, lin: Person, ada: Person) -> None:
    planned(build, gate=Gate(ran_percent=50))
    tick(OPENS)
    sign = NewCheckIn(lin.id, build.version, CheckInKind.REPORT, OPENS, build_id=build.id)
    record_check_ins([sign], received_at=OPENS)
    tick(OPENS + timedelta(hours=1))
    assert given() == {lin.id}


def test_blockers_and_crashes_close_the_gate_and_a_blocker_turned_down_opens_it(
    build: Build, lin: Person, ada: Person
) -> None:
    tag([ada.id], "core")
    release = planned(build, gate=Gate(blockers=1, crashes=2))
    fault = write_request(
        ada.id, RequestKind.FAULT, "It does not start", "Black screen.", severity=Severity.BLOCKER,
        build_id=build.id, at=NOW,
    )  # fmt: skip
    crashes = [NewCheckIn(lin.id, build.version, CheckInKind.CRASH, NOW, build_id=build.id)] * 2
    record_check_ins(crashes, received_at=NOW)
    tick(OPENS)
    found = release_or_404(release.id)
    assert waiting(found, train_or_404(found.train_id))[2] == [Lack.BLOCKERS, Lack.CRASHES]
    move_request(fault.id, RequestState.DECLINED, at=OPENS)
    assert waiting(found, train_or_404(found.train_id))[2] == [Lack.CRASHES]
    assert given() == {lin.id}


def test_a_person_overrules_a_gate_for_a_reason(build: Build, lin: Person, ada: Person) -> None:
    tag([ada.id], "core")
    release = planned(build, gate=HALF)
    tick(OPENS)
    with pytest.raises(NotUnderstood, match="why"):
        overrule(release.id, 1, "  ", OPENS)
    with pytest.raises(MoveRefused):
        overrule(release.id, 2, "a wave further on", OPENS)
    session().rollback()
    overrule(release.id, 1, "staff are on leave", OPENS, lin.id)
    with pytest.raises(MoveRefused):
        overrule(release.id, 1, "once more", OPENS)
    session().commit()
    run_due.run()
    assert given() == {lin.id, ada.id}
    entry = session().scalars(select(JournalEntry).where(JournalEntry.action == "overrule_gate")).one()
    assert entry.after == {"wave": 2, "why": "staff are on leave", "given": 1, "ran": 0, "blockers": 0, "crashes": 0}
    kept = session().scalars(select(Wave).where(Wave.overruled_at.is_not(None))).one()
    assert (kept.overruled_why, kept.overruled_by_id) == ("staff are on leave", lin.id)


def test_a_wave_that_nobody_is_in_holds_nobody_up(build: Build, ada: Person) -> None:
    release = planned(build, gate=HALF)
    for minute in range(4):
        tick(OPENS + timedelta(minutes=minute))
        run_it(build, given(), OPENS + timedelta(minutes=minute))
    assert state(release) is ReleaseState.OPEN
    assert given() == {ada.id}


def test_advancing_twice_or_late_makes_one_job(build: Build, lin: Person, ada: Person) -> None:
    release = planned(build, gate=Gate(ran_percent=50))
    tick(OPENS)
    run_it(build, {lin.id}, OPENS)
    at(OPENS + timedelta(days=2))
    assert advance_due.run() == 1
    assert advance_due.run() == 0
    assert go_on_giving(release_or_404(release.id), OPENS) is False
    run_due.run()
    assert advance_due.run() in (0, 1)


# ------------------------------------------------------------ late joiners


def test_who_joins_late_enters_the_wave_that_runs_once(build: Build, lin: Person, ada: Person) -> None:
    tag([ada.id], "core")
    release = planned(build, freeze_hours=48, gate=Gate(ran_percent=50))
    tick(FREEZES)
    late = make.tester("Late", accepted_at=FREEZES + timedelta(hours=1))
    tick(OPENS)
    assert given() == {lin.id}, "staff alone: a tester does not enter the wave of staff"
    run_it(build, {lin.id}, OPENS)
    for hour in (1, 2, 3):
        tick(OPENS + timedelta(hours=hour))
    assert late.id in given()
    later = make.tester("Later", accepted_at=OPENS + timedelta(hours=4))
    at(OPENS + timedelta(days=3))
    assert welcome.run() == 1
    assert welcome.run() == 0
    assert later.id in given()
    assert Counter(session().scalars(select(Letter.person_id)))[later.id] == 1
    assert state(release) is ReleaseState.OPEN


def test_who_left_and_comes_back_enters_it_too(build: Build, ada: Person) -> None:
    release = planned(build)
    end_agreement(ada.id, at=NOW, reason="no time")
    tick(OPENS)
    assert given() == set()
    accept_agreement([ada.id], at=OPENS + timedelta(hours=1))
    tick(OPENS + timedelta(hours=1))
    assert given() == {ada.id}
    session().execute(update(Release).where(Release.id == release.id).values(state=ReleaseState.CLOSED))
    other = make.tester("Other", accepted_at=OPENS + timedelta(hours=2))
    tick(OPENS + timedelta(hours=3))
    assert other.id not in given(), "a closed release takes nobody in"


# ------------------------------------------------------------ two at once


def test_two_managers_who_open_at_once_open_once(build: Build, ada: Person) -> None:
    release = planned(build)
    open_release(release.id, OPENS)
    with pytest.raises(MoveRefused):
        begin_opening(release.id, OPENS)
    assert Counter(session().scalars(select(Letter.person_id))) == {ada.id: 1}


def test_a_wave_that_was_not_frozen_says_how_many_it_reached(
    lins_browser: FlaskClient, release: Release, lin: Person, ada: Person
) -> None:
    def people() -> list[str]:
        session().commit()
        page = lins_browser.get(f"/releases/{release.id}").text
        return re.findall(r'data-label="People" class="numeric">(\d+)<', page)

    assert people() == ["1", "1"], "before it opens, who would get it"
    make.tester("Eve")
    open_release(release.id, OPENS)
    assert people() == ["1", "2"]
    session().execute(update(Release).values(state=ReleaseState.CLOSED))
    make.tester("Too late")
    assert people() == ["1", "2"], "who joins afterwards has not got it"


def test_a_wave_says_who_let_it_through(lins_browser: FlaskClient, build: Build, lin: Person, ada: Person) -> None:
    tag([ada.id], "core")
    release = planned(build, gate=HALF)
    tick(OPENS)
    page = f"/releases/{release.id}"
    assert lins_browser.post(f"{page}/waves/1/overrule", data={"why": "staff are on leave"}).status_code == 302
    said = lins_browser.get(page).text.partition("Let through by a person: staff are on leave")[2]
    assert "Lin, <time" in said[:200]


def test_of_many_people_a_page_tells_what_the_gate_saw_when_it_was_counted_last(
    build: Build, lin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["campaigns.releases.queries.figures"], "FEW", 3)
    testers = crowd(6)
    steps = (Step(WaveKind.STAFF), Step(WaveKind.SHARE, percent=99), Step(WaveKind.EVERYBODY))
    train = create_train(
        "Many", "android", 4, time(17), "UTC", at=NOW, course=Course(steps=steps, gate=Gate(ran_percent=90, hours=24))
    )
    release = plan_release(train.id, WEEK, build_id=build.id, at=NOW)
    open_release(release.id, OPENS)
    overrule(release.id, 1, "look at it", OPENS)
    at(OPENS)
    run_due.run()
    run_it(build, set(testers[:2]), OPENS)
    release, train = release_or_404(release.id), train_or_404(train.id)
    now = waiting(release, train)
    assert now[1].ran == 2, "it has not been counted yet"
    count_release(release.id, OPENS)
    run_it(build, set(testers[2:3]), OPENS)
    assert waiting(release, train)[1] == now[1]
    count_release(release.id, OPENS)
    assert waiting(release, train)[1].ran == 3
