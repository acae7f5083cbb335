"""Opening: at its time or late, in pieces, and whatever happens nobody gets a second letter."""

from __future__ import annotations

import io
import re
import shlex
from datetime import time, timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from campaigns.audience.actions import save_audience
from campaigns.releases.actions import (
    begin_opening,
    change_release,
    close_release,
    create_train,
    go_on_opening,
    open_chunk,
    open_release,
    plan_release,
    resume_release,
    start_opening,
)
from campaigns.releases.models import Release, Train, Wave
from campaigns.releases.queries import figures, page_token
from campaigns.releases.queries.releases import PAGE_LIVES
from campaigns.releases.rules import DEFAULT_GATE, ReleaseState
from campaigns.releases.tasks import open_due
from crm.builds.actions import NewCheckIn, keep_file, record_check_ins, withdraw_build
from crm.builds.models import Build, BuildAccess, OpenWeek
from crm.builds.rules import CheckInKind
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.jobs import Job, JobState, run_due
from crm.core.programme import Programme, required
from crm.core.weeks import END
from crm.outbox.models import Letter, Wording
from crm.outbox.rules import LetterState
from crm.people.actions import suppress
from crm.people.models import Person
from crm.people.rules import SuppressionReason
from tests import make
from tests.campaigns.releases.cast import LATER, NOW, OPENS, WEEK

TRAIN_FORM = {
    "name": "Orange", "platform": "android", "weekday": "4", "local_time": "17:00", "zone": "Asia/Shanghai",
    "goes_itself": "y", "core_audience_id": "0", "gate_hours": "24",
    **{f"{kind}_notify": "letter" for kind in ("staff", "core", "share", "everybody")},
}  # fmt: skip


def letters() -> list[int]:
    return list(session().scalars(select(Letter.person_id).order_by(Letter.person_id)))


def access() -> set[int]:
    return set(session().scalars(select(BuildAccess.person_id)))


def state(release: Release) -> ReleaseState:
    return session().get_one(Release, release.id, populate_existing=True).state


def test_staff_and_testers_get_access_and_one_letter_each(
    release: Release, lin: Person, ada: Person, bo: Person
) -> None:
    eve = make.tester("Eve")
    assert open_release(release.id, OPENS) == 3
    assert access() == {lin.id, ada.id, eve.id}
    assert letters() == sorted([lin.id, ada.id, eve.id])
    assert state(release) is ReleaseState.OPEN
    assert session().scalars(select(OpenWeek.week)).all() == [WEEK]
    assert None not in set(session().scalars(select(Wave.opened_at)))


def test_a_letter_speaks_the_person_s_language_and_carries_their_own_link(release: Release, ada: Person) -> None:
    ada.language = "en"
    open_release(release.id, OPENS)
    letter = session().scalars(select(Letter).where(Letter.person_id == ada.id)).one()
    wording = session().get_one(Wording, letter.wording_id)
    assert "A new lock screen" in wording.body
    assert letter.values is not None
    assert letter.values["link"].endswith(f"/r/{page_token(release.id, ada.id)}")


def test_who_must_not_be_written_to_has_the_build_and_a_suppressed_letter(release: Release, ada: Person) -> None:
    suppress([ada.id], SuppressionReason.UNSUBSCRIBED, NOW)
    open_release(release.id, OPENS)
    assert access() == {ada.id}
    assert figures(release, OPENS).letters == {LetterState.SUPPRESSED: 1}


def test_who_has_no_mail_address_gets_the_build_without_a_letter(release: Release) -> None:
    silent = make.tester("Ida")
    session().execute(update(Person).values(name="Ida"))
    for identity in list(silent.identities):
        session().delete(identity)
    session().flush()
    open_release(release.id, OPENS)
    assert access() == {silent.id}
    assert letters() == []


def test_an_audience_narrows_it(release: Release, build: Build, ada: Person) -> None:
    make.tester("Eve")
    old = make.build(platform="android")
    record_check_ins([NewCheckIn(ada.id, old.version, CheckInKind.FIRST_RUN, NOW, build_id=old.id)], received_at=NOW)
    chosen = save_audience("ran the old one", {"ran_build": str(old.id)}, at=NOW)
    change_release(release.id, build_id=build.id, audience_id=chosen.id, at=NOW)
    open_release(release.id, OPENS)
    assert access() == {ada.id}


def test_nothing_opens_twice_or_without_a_build(release: Release, train: Train, build: Build) -> None:
    open_release(release.id, OPENS)
    with pytest.raises(MoveRefused):
        open_release(release.id, OPENS)
    empty = plan_release(train.id, WEEK + 1, build_id=None, at=NOW)
    with pytest.raises(MoveRefused, match="no build"):
        begin_opening(empty.id, OPENS)
    withdrawn = plan_release(train.id, WEEK + 2, build_id=build.id, at=NOW)
    withdraw_build(build.id, NOW)
    with pytest.raises(MoveRefused, match="withdrawn"):
        begin_opening(withdrawn.id, OPENS)


def test_pieces_may_be_repeated(release: Release, lin: Person, ada: Person) -> None:
    testers = [ada.id, *(make.tester(f"T{n}").id for n in range(4))]
    begin_opening(release.id, OPENS)
    cursor, done = open_chunk(release.id, {}, OPENS, limit=2)
    assert (cursor, done) == ({"wave": 0, "after": lin.id}, 1)
    assert open_chunk(release.id, {}, OPENS, limit=2) == (cursor, done)
    while cursor:
        open_chunk(release.id, cursor, OPENS, limit=2)
        cursor, _done = open_chunk(release.id, cursor, OPENS, limit=2)
    assert letters() == sorted([lin.id, *testers])
    assert access() == {lin.id, *testers}


# ------------------------------------------------------------ by the schedule


def test_without_a_freeze_no_build_at_the_departure_puts_it_on_hold_too(
    release: Release, build: Build, lin: Person, ada: Person
) -> None:
    change_release(release.id, build_id=None, audience_id=None, at=NOW)
    for moment in (OPENS - timedelta(seconds=1), OPENS, OPENS + timedelta(days=1)):
        required().held_at = moment
        assert open_due.run() == 0
        assert state(release) is (ReleaseState.PLANNED if moment < OPENS else ReleaseState.HELD)
    assert letters() == [lin.id], "who looks after releases is told once"
    change_release(release.id, build_id=build.id, audience_id=None, at=OPENS)
    resume_release(release.id, OPENS)
    assert open_due.run() == 1
    run_due.run()
    assert access() >= {lin.id, ada.id}


def test_before_its_time_nothing_opens(release: Release, ada: Person) -> None:
    required().held_at = OPENS - timedelta(seconds=1)
    assert open_due.run() == 0
    assert state(release) is ReleaseState.PLANNED


@pytest.mark.parametrize("moment", [OPENS, LATER], ids=["on time", "an outage later"])
def test_what_is_due_opens_once_however_late(release: Release, ada: Person, moment: object) -> None:
    required().held_at = moment  # type: ignore[assignment]  # a datetime
    session().commit()
    assert open_due.run() == 1
    assert open_due.run() == 0
    assert run_due.run() == 1
    assert run_due.run() == 0
    assert state(release) is ReleaseState.OPEN
    assert letters() == [ada.id]
    job = session().scalars(select(Job)).one()
    assert (job.state, job.done) == (JobState.DONE, 1)


def test_a_cancelled_release_never_opens(release: Release, ada: Person) -> None:
    session().execute(update(Release).values(state=ReleaseState.CANCELLED))
    required().held_at = LATER
    assert open_due.run() == 0


def test_an_opening_that_stopped_goes_on_and_repeats_nothing(release: Release, ada: Person) -> None:
    start_opening(release.id, OPENS)
    with pytest.raises(MoveRefused):
        go_on_opening(release.id, OPENS)
    open_chunk(release.id, {}, OPENS)
    session().execute(update(Job).values(state=JobState.FAILED))
    go_on_opening(release.id, OPENS)
    session().commit()
    run_due.run()
    assert state(release) is ReleaseState.OPEN
    assert letters() == [ada.id]


def test_a_job_waits_for_its_whole_release_in_its_progress(release: Release, lin: Person, ada: Person) -> None:
    start_opening(release.id, OPENS)
    assert session().scalars(select(Job.total)).one() == 2


def test_figures_count_testers_who_ran_it(release: Release, build: Build, lin: Person, ada: Person) -> None:
    open_release(release.id, OPENS)
    ran = [NewCheckIn(who.id, "5.1", CheckInKind.FIRST_RUN, OPENS, build_id=build.id) for who in (lin, ada, ada)]
    record_check_ins(ran, received_at=OPENS)
    found = figures(session().get_one(Release, release.id, populate_existing=True), OPENS)
    assert (found.given, found.ran, found.letters) == (2, 1, {LetterState.QUEUED: 2})


# ------------------------------------------------------------ pages


def test_staff_open_a_release_from_its_page_and_close_it(
    lins_browser: FlaskClient, release: Release, ada: Person
) -> None:
    session().commit()
    page = f"/releases/{release.id}"
    assert "A new lock screen" in lins_browser.get(f"{page}/letter/en").text
    assert lins_browser.get(f"{page}/progress").status_code == 404
    assert lins_browser.post(f"{page}/open").status_code == 302
    assert lins_browser.get(page).status_code == 200
    assert "progress" in lins_browser.get(f"{page}/progress").text
    run_due.run()
    session().commit()
    assert "Testers who ran it" in lins_browser.get(page).text
    assert lins_browser.post(f"{page}/close").status_code == 302
    assert lins_browser.post(f"{page}/close").status_code == 409


def test_staff_lay_a_train_plan_and_cancel(lins_browser: FlaskClient, database: Flask) -> None:
    train = TRAIN_FORM
    laid = lins_browser.post("/trains/new", data=train, follow_redirects=True).text
    assert "The train is laid" in laid
    assert f"{train['platform']} · Friday" in " ".join(laid.split())
    far = lins_browser.post("/trains/new", data=train | {"gate_blockers": "0"}).text
    assert "Write a whole number from 1 to 100000." in far
    assert "no time zone" in lins_browser.post("/trains/new", data=train | {"zone": "X"}).text
    build = make.build(platform="android")
    session().commit()
    release = session().scalars(select(Release).order_by(Release.week)).first()
    assert release is not None
    page = f"/releases/{release.id}"
    assert "Choose the build" in lins_browser.get(page).text
    chosen = {"build_id": str(build.id), "audience_id": "0"}
    saved = lins_browser.post(f"{page}/change", data=chosen, follow_redirects=True).text
    assert "build and audience are saved" in saved
    assert lins_browser.get(f"{page}/change").status_code == 200
    taken = lins_browser.post(f"/trains/{release.train_id}/weeks/{release.week}", data=chosen)
    assert "already" in taken.text
    assert lins_browser.post(f"{page}/cancel").status_code == 302
    assert lins_browser.post(f"{page}/plan-again").status_code == 302
    for address in ("/releases", "/trains/new", f"/trains/{release.train_id}/edit"):
        assert lins_browser.get(address).status_code == 200


def test_a_new_train_starts_with_a_gate_that_can_open(lins_browser: FlaskClient, ada: Person) -> None:
    """A share of runs is asked for only once devices tell of runs at all."""
    figures = ("gate_percent", "gate_hours", "gate_blockers", "gate_crashes")

    def offered() -> tuple[str | None, ...]:
        page = lins_browser.get("/trains/new").text
        fields = {name: re.search(rf'<input[^>]*name="{name}"[^>]*>', page) for name in figures}
        values = {name: re.search(r'value="(\d*)"', found[0]) for name, found in fields.items() if found}
        return tuple(one[1] if one else None for one in values.values())

    assert offered() == ("", "", "3", "5")
    make.check_in(ada, NOW, kind=CheckInKind.REPORT)
    session().commit()
    assert offered() == ("", "", "3", "5")
    make.check_in(ada, NOW)
    session().commit()
    assert offered() == ("30", "", "3", "5")
    sent = TRAIN_FORM | dict(zip(figures, offered(), strict=True))
    assert lins_browser.post("/trains/new", data=sent).status_code == 302
    assert session().scalars(select(Train)).one().gate == DEFAULT_GATE
    assert "30 % ran it within 24 hours" in lins_browser.get(f"/releases/{first_release()}").text


def first_release() -> int:
    return session().scalars(select(Release.id).order_by(Release.week)).first() or 0


@pytest.mark.parametrize("week", [END, 99_999_999, 10**30])
def test_a_week_that_no_calendar_has_is_not_there(lins_browser: FlaskClient, train: Train, week: int) -> None:
    page = f"/trains/{train.id}/weeks/{week}"
    assert lins_browser.get(page).status_code == 404
    assert lins_browser.post(page, data={"build_id": "0", "audience_id": "0"}).status_code == 404


def test_the_last_week_of_the_calendar_can_be_planned_in_every_zone(
    lins_browser: FlaskClient, programme: Programme
) -> None:
    train = create_train("Late", "android", 6, time(23, 59), "Pacific/Pago_Pago", at=OPENS)
    session().commit()
    assert lins_browser.get(f"/trains/{train.id}/weeks/{END - 1}").status_code == 200
    planned = lins_browser.post(f"/trains/{train.id}/weeks/{END - 1}", data={"build_id": "0", "audience_id": "0"})
    assert planned.status_code == 302
    assert lins_browser.get(planned.headers["Location"]).status_code == 200


def test_the_list_of_releases_asks_a_fixed_number_of_questions(lins_browser: FlaskClient, train: Train) -> None:
    build = make.build(platform="android")
    for week in range(WEEK - 60, WEEK):
        plan_release(train.id, week, build_id=build.id, at=NOW - timedelta(weeks=WEEK - week))
    session().commit()
    assert lins_browser.get("/releases").status_code == 200
    assert session().scalar(select(func.count()).select_from(Release)) == 60


def test_the_letter_s_page_speaks_to_its_person(client: FlaskClient, release: Release, ada: Person, bo: Person) -> None:
    ada.language = "en"
    required().held_at = OPENS
    open_release(release.id, OPENS)
    session().commit()
    mine = client.get(f"/r/{page_token(release.id, ada.id)}")
    assert "A new lock screen" in mine.text
    assert client.get(f"/r/{page_token(release.id, bo.id)}").status_code == 403
    assert client.get("/r/forged").status_code == 403
    close_release(release.id, LATER)
    session().commit()
    assert client.get(f"/r/{page_token(release.id, ada.id)}").status_code == 200


def test_the_letter_s_link_ends_and_whose_it_is_signs_in(
    client: FlaskClient, adas_browser: FlaskClient, lins_browser: FlaskClient, release: Release, ada: Person
) -> None:
    ada.language = "en"
    open_release(release.id, OPENS)
    held = required()
    held.held_at = OPENS + PAGE_LIVES
    session().commit()
    address = f"/r/{page_token(release.id, ada.id)}"
    assert client.get(address).status_code == 200
    held.held_at += timedelta(seconds=1)
    session().commit()
    assert client.get(address).location == f"/sign-in?next={address}"
    assert "leads you to your page" in client.get("/sign-in").text
    elses = lins_browser.get(address)
    assert (elses.status_code, "it is not yours" in elses.text) == (403, True)
    assert adas_browser.get(address).status_code == 200


def test_a_fresh_letter_s_link_lives_however_long_ago_the_build_was_given(
    client: FlaskClient, train: Train, release: Release, ada: Person
) -> None:
    open_release(release.id, OPENS)
    again = plan_release(train.id, WEEK + 14, build_id=release.build_id, at=OPENS)
    opens = OPENS + timedelta(weeks=14)
    open_release(again.id, opens)
    required().held_at = opens
    session().commit()
    assert client.get(f"/r/{page_token(again.id, ada.id)}").status_code == 200
    assert client.get(f"/r/{page_token(release.id, ada.id)}").status_code == 302


def test_a_broken_link_is_told_of_in_the_reader_s_language(client: FlaskClient, release: Release) -> None:
    session().commit()
    told = client.get("/r/broken", headers={"Accept-Language": "zh"})
    assert told.status_code == 403
    assert "链接无效" in told.text


def test_the_command_that_goes_on_with_a_download_is_one_that_curl_takes(
    client: FlaskClient, release: Release, ada: Person
) -> None:
    keep_file(release.build_id or 0, io.BytesIO(b"x"), "-rom of 'May'.zip", at=OPENS)
    open_release(release.id, OPENS)
    required().held_at = OPENS
    session().commit()
    page = unescape(client.get(f"/r/{page_token(release.id, ada.id)}").text)
    command = page[page.index("curl ") :].partition("<")[0]
    # curl refuses -C together with -J, so the name stands in the command; a name never looks like an option.
    assert shlex.split(command)[:5] == ["curl", "-C", "-", "-o", "rom of 'May'.zip"]
    assert "/b/" in shlex.split(command)[5]


def test_the_releases_own_address_leads_each_to_theirs(
    release: Release, ada: Person, adas_browser: FlaskClient, lins_browser: FlaskClient, client: FlaskClient
) -> None:
    session().commit()
    address = f"/get/{release.id}"
    assert adas_browser.get(address).status_code == 403
    open_release(release.id, OPENS)
    session().commit()
    assert adas_browser.get(address).location == f"/r/{page_token(release.id, ada.id)}"
    assert lins_browser.get(address).location == f"/releases/{release.id}"
    assert "/sign-in" in client.get(address).location
    page = lins_browser.get(f"/releases/{release.id}").text
    assert address in page
    assert "data:image/svg+xml" in page


def test_a_tester_opens_no_staff_page(adas_browser: FlaskClient, release: Release) -> None:
    session().commit()
    assert adas_browser.get(f"/releases/{release.id}").status_code == 403
    assert adas_browser.post(f"/releases/{release.id}/open").status_code == 403
