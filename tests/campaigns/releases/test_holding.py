"""Hold, resume, roll back: what devices are offered, and which letters leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import time, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaigns.releases.actions import (
    cancel_release,
    close_release,
    create_train,
    freeze_release,
    hold_release,
    move_letters,
    open_chunk,
    open_release,
    overrule,
    plan_release,
    resume_release,
    roll_back,
    start_opening,
)
from campaigns.releases.models import Release, Train
from campaigns.releases.queries import standing_still
from campaigns.releases.rules import Course, Gate, ReleaseState, Step, WaveKind
from campaigns.releases.tasks import advance_due, call_back, welcome
from crm.builds.actions import grant_access, hold_build, resume_build, withdraw_build
from crm.builds.models import Build, BuildAccess
from crm.builds.queries import offered
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.jobs import run_due
from crm.core.journal import JournalEntry
from crm.core.programme import required
from crm.outbox.models import Letter
from crm.outbox.rules import LetterState
from crm.people.models import Person
from tests import make
from tests.campaigns.releases.cast import NOW, OPENS, WEEK

WHY = "it eats the battery"


def state(release: Release) -> ReleaseState:
    return session().get_one(Release, release.id, populate_existing=True).state


def letters() -> dict[LetterState, int]:
    return dict(Counter(session().scalars(select(Letter.state))))


@pytest.fixture
def older(build: Build, ada: Person) -> Build:
    """What Ada had the week before."""
    before = make.build(platform="android")
    grant_access(before.id, [ada.id], at=NOW - timedelta(days=7), granted_by="release:0")
    return before


def test_a_hold_offers_the_build_before_and_calls_letters_back_and_resume_reaches_the_same(
    release: Release, build: Build, older: Build, ada: Person
) -> None:
    eve = make.tester("Eve")
    open_release(release.id, OPENS)
    sent = session().scalars(select(Letter).where(Letter.person_id == eve.id)).one()
    sent.state, sent.sent_at = LetterState.SENT, OPENS
    session().flush()
    assert offered(ada.id, "android", OPENS) == build
    assert hold_release(release.id, WHY, OPENS) == 1
    assert state(release) is ReleaseState.HELD
    assert offered(ada.id, "android", OPENS) == older
    assert letters() == {LetterState.SENT: 1, LetterState.CANCELLED: 1}
    assert resume_release(release.id, OPENS) == 1
    assert state(release) is ReleaseState.OPEN
    assert offered(ada.id, "android", OPENS) == build
    assert letters() == {LetterState.SENT: 1, LetterState.QUEUED: 1}, "nobody gets a second one"
    told = session().scalars(select(JournalEntry.after).where(JournalEntry.action == "move_release")).all()
    assert {"state": "held", "why": WHY} in told


def test_a_hold_in_the_middle_of_an_opening_stops_it_and_resume_goes_on(
    release: Release, older: Build, ada: Person
) -> None:
    people = {ada.id, *(make.tester(f"T{n}").id for n in range(6))}
    start_opening(release.id, OPENS)
    cursor, _count = open_chunk(release.id, {}, OPENS, limit=3)
    cursor, _count = open_chunk(release.id, cursor, OPENS, limit=3)
    hold_release(release.id, WHY, OPENS)
    session().commit()
    assert run_due.run() == 1
    got = session().scalars(select(BuildAccess.person_id).where(BuildAccess.build_id == release.build_id)).all()
    assert 0 < len(got) < len(people)
    assert letters() == {LetterState.CANCELLED: len(got)}
    resume_release(release.id, OPENS)
    session().commit()
    run_due.run()
    assert state(release) is ReleaseState.OPEN
    assert letters() == {LetterState.QUEUED: len(people)}


def test_a_hold_before_anybody_has_it_leaves_the_build_alone(release: Release, build: Build, ada: Person) -> None:
    freeze_release(release.id, NOW)
    hold_release(release.id, WHY, NOW)
    assert session().get_one(Build, build.id, populate_existing=True).held_at is None
    resume_release(release.id, NOW)
    assert state(release) is ReleaseState.FROZEN
    hold_release(release.id, WHY, NOW)
    cancel_release(release.id, NOW)
    assert state(release) is ReleaseState.CANCELLED


def test_a_build_that_was_held_by_itself_goes_on_by_itself(release: Release, build: Build, ada: Person) -> None:
    open_release(release.id, OPENS)
    hold_build(build.id, OPENS)
    hold_release(release.id, WHY, OPENS)
    resume_release(release.id, OPENS)
    assert offered(ada.id, "android", OPENS) is None
    resume_build(build.id, OPENS)
    assert offered(ada.id, "android", OPENS) == build


def test_rolling_back_withdraws_and_devices_are_offered_the_one_before(
    release: Release, build: Build, older: Build, ada: Person
) -> None:
    open_release(release.id, OPENS)
    assert roll_back(release.id, WHY, OPENS) == 1
    assert state(release) is ReleaseState.ROLLED_BACK
    assert offered(ada.id, "android", OPENS) == older
    assert session().get_one(Build, build.id, populate_existing=True).withdrawn_at == OPENS
    with pytest.raises(MoveRefused):
        resume_release(release.id, OPENS)
    assert letters() == {LetterState.CANCELLED: 1}


def test_grave_steps_ask_why_and_the_wrong_ones_are_refused(release: Release, ada: Person) -> None:
    for step in (hold_release, roll_back):
        with pytest.raises(NotUnderstood, match="why"):
            step(release.id, " ", OPENS)
    with pytest.raises(NotUnderstood, match="500"):
        hold_release(release.id, "x" * 501, OPENS)
    with pytest.raises(MoveRefused):
        roll_back(release.id, WHY, OPENS)
    open_release(release.id, OPENS)
    hold_release(release.id, WHY, OPENS)
    with pytest.raises(MoveRefused):
        cancel_release(release.id, OPENS)
    with pytest.raises(MoveRefused):
        close_release(release.id, OPENS)
    with pytest.raises(MoveRefused):
        hold_release(release.id, WHY, OPENS)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=2)], ids=["at once", "an outage later"])
def test_many_letters_follow_their_release_in_pieces(
    release: Release, ada: Person, monkeypatch: pytest.MonkeyPatch, later: timedelta
) -> None:
    people = {ada.id, *(make.tester(f"T{n}").id for n in range(6))}
    open_release(release.id, OPENS)
    monkeypatch.setitem(hold_release.__globals__, "CHUNK", 2)
    monkeypatch.setattr(move_letters, "__defaults__", (2,))
    assert hold_release(release.id, WHY, OPENS) == 2
    required().held_at = OPENS + later
    session().commit()
    assert call_back.run() == len(people) - 2
    assert call_back.run() == 0
    assert letters() == {LetterState.CANCELLED: len(people)}
    assert resume_release(release.id, OPENS) == 2
    session().commit()
    assert call_back.run() == len(people) - 2
    assert call_back.run() == 0
    assert letters() == {LetterState.QUEUED: len(people)}


def test_home_shows_what_stands_still(lins_browser: FlaskClient, release: Release, ada: Person) -> None:
    assert standing_still(OPENS) == []
    open_release(release.id, OPENS)
    hold_release(release.id, WHY, OPENS)
    required().held_at = OPENS
    session().commit()
    assert [(one.release.id, one.wave) for one in standing_still(OPENS)] == [(release.id, None)]
    page = lins_browser.get("/").text
    assert WHY in page
    assert "1 release stands still" in page


def test_staff_hold_overrule_and_take_back_from_the_page(
    lins_browser: FlaskClient, release: Release, build: Build, lin: Person, ada: Person
) -> None:
    session().execute(update(Person).values(language="en"))
    page = f"/releases/{release.id}"
    session().commit()
    assert lins_browser.post(f"{page}/freeze").status_code == 302
    assert "frozen" in lins_browser.get(page).text
    open_release(release.id, OPENS)
    session().commit()
    assert lins_browser.post(f"{page}/hold", data={"why": ""}).status_code == 422
    assert lins_browser.post(f"{page}/hold", data={"why": WHY}).status_code == 302
    shown = lins_browser.get(page).text
    assert WHY in shown
    assert f"/people?has_build={build.id}" in shown
    assert lins_browser.post(f"{page}/resume").status_code == 302
    assert lins_browser.post(f"{page}/go").status_code == 409
    assert lins_browser.post(f"{page}/waves/1/overrule", data={"why": WHY}).status_code == 409
    assert lins_browser.post(f"{page}/waves/9/overrule", data={"why": WHY}).status_code == 404
    assert lins_browser.post(f"{page}/roll-back", data={"why": WHY}).status_code == 302
    assert "taken back" in lins_browser.get(page).text


def test_a_step_that_comes_too_late_leads_back_to_the_release_and_loses_no_word(
    lins_browser: FlaskClient, release: Release, ada: Person
) -> None:
    open_release(release.id, OPENS)
    hold_release(release.id, WHY, OPENS)
    session().commit()
    page = f"/releases/{release.id}"
    for step in ("freeze", "go", "open", "go-on", "close", "cancel", "waves/1/overrule"):
        late = lins_browser.post(f"{page}/{step}", data={"why": "its battery <b>burns</b>"})
        assert late.status_code == 409, step
        assert "Not done" in late.text
        assert f'action="{page}/resume"' in late.text, "the release as it stands by now"
        assert "You had written: its battery &lt;b&gt;burns&lt;/b&gt;" in late.text
    assert lins_browser.post("/releases/999/hold", data={"why": WHY}).status_code == 404


def test_a_reason_that_is_too_long_stands_in_its_field_again(
    lins_browser: FlaskClient, release: Release, ada: Person
) -> None:
    open_release(release.id, OPENS)
    session().commit()
    long = "x" * 501
    refused = lins_browser.post(f"/releases/{release.id}/hold", data={"why": long})
    assert refused.status_code == 422
    assert "500" in refused.text
    assert f'value="{long}"' in refused.text
    assert 'class="confirm" open' in refused.text
    assert 'name="why" maxlength' not in refused.text


def test_the_page_says_who_did_what_when_and_why(lins_browser: FlaskClient, release: Release, ada: Person) -> None:
    open_release(release.id, OPENS)
    required().held_at = OPENS + timedelta(hours=2)
    session().commit()
    page = f"/releases/{release.id}"
    lins_browser.post(f"{page}/hold", data={"why": WHY})
    shown = lins_browser.get(page).text
    notice = shown.partition("On hold</strong>")[2].partition("</div>")[0]
    assert WHY in notice
    assert "Lin, <time" in notice
    lins_browser.post(f"{page}/resume")
    went_on = lins_browser.get(page).text
    assert "On hold</strong>" not in went_on
    done = went_on.partition("What was done</h2>")[2]
    assert WHY in done, "the reason stays in view"
    assert done.index("Went on") < done.index("Put on hold") < done.index("Began to open"), "the last first"
    assert "by itself" in done


# ------------------------------------------------------------ the build itself is stopped


@pytest.fixture
def between_waves(build: Build, lin: Person, ada: Person) -> Release:
    """Staff have it, everybody else waits for a gate that a person lets through."""
    steps = (Step(WaveKind.STAFF), Step(WaveKind.EVERYBODY))
    train = create_train(
        "By waves", "android", 4, time(17), "UTC", at=NOW, course=Course(steps=steps, gate=Gate(ran_percent=100))
    )
    release = plan_release(train.id, WEEK, build_id=build.id, at=NOW)
    open_release(release.id, OPENS)
    required().held_at = OPENS
    session().commit()
    return release


def held(build: Build) -> None:
    hold_build(build.id, OPENS)


def withdrawn(build: Build) -> None:
    withdraw_build(build.id, OPENS)


def ended(build: Build) -> None:
    session().get_one(Build, build.id).expires_at = OPENS


@pytest.mark.parametrize("stop", [held, withdrawn, ended])
def test_of_a_build_that_nobody_can_get_nobody_else_is_given_any(
    stop: Callable[[Build], None],
    between_waves: Release,
    build: Build,
    lin: Person,
    ada: Person,
    lins_browser: FlaskClient,
) -> None:
    stop(build)
    session().commit()
    overrule(between_waves.id, 1, "I have looked at it", OPENS)
    session().commit()
    make.tester("Late")
    advance_due.run()
    run_due.run()
    welcome.run()
    assert set(session().scalars(select(BuildAccess.person_id))) == {lin.id}
    assert call_back.run() == 1, "the letter to staff that has not left"
    assert call_back.run() == 0
    told = "has come to its end" if stop is ended else "is withdrawn" if stop is withdrawn else "is on hold"
    assert f"The build {told}" in lins_browser.get(f"/releases/{between_waves.id}").text
    assert "nobody can get its build now" in lins_browser.get("/").text


def test_once_the_build_is_offered_again_its_releases_go_on(between_waves: Release, build: Build, ada: Person) -> None:
    hold_build(build.id, OPENS)
    overrule(between_waves.id, 1, "I have looked at it", OPENS)
    session().commit()
    call_back.run()
    resume_build(build.id, OPENS)
    session().commit()
    assert call_back.run() == 1
    advance_due.run()
    run_due.run()
    assert ada.id in set(session().scalars(select(BuildAccess.person_id)))
    assert session().get_one(Release, between_waves.id, populate_existing=True).state is ReleaseState.OPEN
    assert set(session().scalars(select(Letter.state))) == {LetterState.QUEUED}


def test_a_release_held_before_anybody_had_it_keeps_no_build_from_others(
    train: Train, release: Release, build: Build, ada: Person
) -> None:
    following = plan_release(train.id, WEEK + 1, build_id=build.id, at=NOW)
    hold_release(following.id, "not sure yet", NOW)
    open_release(release.id, OPENS)
    hold_release(release.id, WHY, OPENS)
    assert offered(ada.id, "android", OPENS) is None
    resume_release(release.id, OPENS)
    assert offered(ada.id, "android", OPENS) is not None


def test_what_a_release_holds_only_that_release_lets_go_on(
    lins_browser: FlaskClient, train: Train, release: Release, build: Build, ada: Person
) -> None:
    open_release(release.id, OPENS)
    hold_release(release.id, WHY, OPENS)
    required().held_at = OPENS
    session().commit()
    page = lins_browser.get(f"/builds/{build.id}").text
    assert "Orange Friday 2026-W23 is on hold, and its build with it" in page
    assert "Go on offering it" not in page
    assert lins_browser.post(f"/builds/{build.id}/resume").status_code == 409
    assert offered(ada.id, "android", OPENS) is None
    resume_release(release.id, OPENS)
    assert offered(ada.id, "android", OPENS) is not None
