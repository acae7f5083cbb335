"""The weekly report: open till Tuesday, one a tester, reminded once."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from campaigns.releases import tasks
from campaigns.releases.actions import hold_release, open_release, resume_release, roll_back
from campaigns.releases.actions.reports import ReportClosed, write_report
from campaigns.releases.models import Release, WeeklyReport
from campaigns.releases.queries import page_token
from campaigns.releases.queries.reports import open_for, report_figures, silent, to_remind
from campaigns.releases.rules.reports import reminder_at, report_ends_at
from crm.accounts.actions import end_agreement
from crm.builds.actions import NewCheckIn, hold_build, record_check_ins
from crm.builds.models import CheckIn
from crm.builds.rules import CheckInKind
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.outbox.models import Letter
from crm.people.models import Person
from tests import make
from tests.campaigns.releases.cast import OPENS

MONDAY = datetime(2026, 6, 8, 9, 0, tzinfo=UTC)  # 17:00 in Shanghai
END = datetime(2026, 6, 9, 16, 0, tzinfo=UTC)  # the last moment of Tuesday there
SAID: dict[str, Any] = {"mark": 4, "works": "The lock screen", "broken": "Wi-Fi", "wanted": "熄屏显示"}
ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Africa/Cairo"])


@pytest.fixture
def opened(release: Release, ada: Person) -> Release:
    open_release(release.id, OPENS)
    session().commit()
    return session().get_one(Release, release.id)


def runs(who: Person, release: Release) -> None:
    sign = NewCheckIn(who.id, "5.1", CheckInKind.FIRST_RUN, OPENS + timedelta(hours=1), None, release.build_id)
    record_check_ins([sign], received_at=OPENS + timedelta(hours=1))
    session().commit()


@given(st.integers(0, 15 * 365 * 24 * 4), ZONES)
def test_it_ends_with_the_first_tuesday_after_the_day_of_the_opening(quarters: int, zone: str) -> None:
    opened_at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarters)
    local = report_ends_at(opened_at, zone).astimezone(ZoneInfo(zone))
    last = (local - timedelta(seconds=1)).date()
    assert last.weekday() == 1
    assert 1 <= (last - opened_at.astimezone(ZoneInfo(zone)).date()).days <= 7
    assert reminder_at(opened_at, zone) < report_ends_at(opened_at, zone)


def test_a_report_is_kept_changed_and_counts_as_one_check_in(opened: Release, ada: Person) -> None:
    write_report(opened.id, ada.id, **SAID, at=OPENS + timedelta(days=1))
    changed = write_report(opened.id, ada.id, **SAID | {"mark": 2}, at=OPENS + timedelta(days=2))
    assert (changed.mark, changed.written_at) == (2, OPENS + timedelta(days=1))
    kinds = session().execute(select(CheckIn.kind, CheckIn.build_id).where(CheckIn.person_id == ada.id)).all()
    assert [tuple(one) for one in kinds] == [(CheckInKind.REPORT, opened.build_id)]


def test_after_tuesday_or_before_the_opening_nothing_is_taken(opened: Release, release: Release, ada: Person) -> None:
    write_report(opened.id, ada.id, **SAID, at=END - timedelta(seconds=1))
    with pytest.raises(ReportClosed):
        write_report(opened.id, ada.id, **SAID, at=END)
    opened.opened_at = None
    session().flush()
    with pytest.raises(ReportClosed):
        write_report(opened.id, ada.id, **SAID, at=OPENS)


@pytest.mark.parametrize("wrong", [{"mark": 0}, {"mark": 6}, {"works": "x" * 201}, {"broken": "two\nlines"}])
def test_what_cannot_be_a_report_is_refused(opened: Release, ada: Person, wrong: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        write_report(opened.id, ada.id, at=OPENS, **SAID | wrong)
    assert session().query(WeeklyReport).count() == 0


def test_a_tester_writes_it_by_their_own_link_and_finds_it_on_their_page(
    opened: Release, ada: Person, client: FlaskClient, adas_browser: FlaskClient
) -> None:
    with time_machine.travel(OPENS + timedelta(days=1), tick=False):
        address = f"/r/{page_token(opened.id, ada.id)}/report"
        assert address in adas_browser.get("/portal").text
        refused = client.post(address, data={"works": "all"})
        assert refused.status_code == 422
        assert "Choose a mark" in refused.text or "请打 1 到 5 分" in refused.text
        assert "2026-06-09T15:59" in refused.text, "the last minute of Tuesday"
        answer = client.post(address, data=SAID | {"mark": "5"})
        assert answer.location == address
        assert 'value="The lock screen"' in client.get(address).text
        assert "Change my report" in adas_browser.get("/portal").text
    with time_machine.travel(END, tick=False):
        assert "Send the report" not in client.get(address).text
        assert client.post(address, data=SAID).status_code == 409
        assert address not in adas_browser.get("/portal").text


def test_only_who_may_have_the_build_reports_on_it(
    opened: Release, ada: Person, bo: Person, client: FlaskClient
) -> None:
    with time_machine.travel(OPENS + timedelta(days=1), tick=False):
        assert client.get(f"/r/{page_token(opened.id, bo.id)}/report").status_code == 403
        assert client.get("/r/forged/report").status_code == 403
        end_agreement(ada.id, at=OPENS, reason="left")
        session().commit()
        assert client.post(f"/r/{page_token(opened.id, ada.id)}/report", data=SAID).status_code == 403


def test_staff_read_marks_and_lines_and_take_them_as_a_table(
    opened: Release, ada: Person, lins_browser: FlaskClient
) -> None:
    runs(ada, opened)
    write_report(opened.id, ada.id, **SAID | {"works": "=1+1"}, at=OPENS + timedelta(days=1))
    session().commit()
    found = report_figures(opened, OPENS + timedelta(days=1))
    assert (found.answered, found.ran, found.mean) == (1, 1, 4.0)
    page = lins_browser.get(f"/releases/{opened.id}/reports").text
    assert "熄屏显示" in page
    assert f"/releases/{opened.id}/reports" in lins_browser.get(f"/releases/{opened.id}").text
    table = lins_browser.get(f"/releases/{opened.id}/reports.csv").text.removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["person"], row["mark"], row["works"]) == (str(ada.id), "4", "'=1+1")


def reminders() -> list[int]:
    return [letter.person_id for letter in session().query(Letter) if letter.occasion.startswith("report:")]


def test_who_ran_it_and_is_silent_is_reminded_once_however_late(opened: Release, ada: Person) -> None:
    told, unheard = make.tester("Told"), make.tester("Unheard")
    for who in (ada, told):
        runs(who, opened)
    write_report(opened.id, told.id, **SAID, at=OPENS + timedelta(days=1))
    session().commit()
    assert silent(opened) == [ada.id]
    with time_machine.travel(MONDAY - timedelta(seconds=1), tick=False):
        assert tasks.remind_of_reports.run() == 0
    for at in (MONDAY + timedelta(hours=20), MONDAY + timedelta(hours=21)):
        with time_machine.travel(at, tick=False):
            tasks.remind_of_reports.run()
    assert reminders() == [ada.id]
    assert unheard.id not in reminders()


def test_nobody_is_reminded_after_the_end_or_of_a_build_on_hold(opened: Release, ada: Person) -> None:
    runs(ada, opened)
    assert to_remind(END) == []
    assert opened.build_id is not None
    hold_build(opened.build_id, OPENS)
    session().commit()
    with time_machine.travel(MONDAY, tick=False):
        assert tasks.remind_of_reports.run() == 0
    assert reminders() == []


def test_the_report_of_the_newest_release_is_offered(opened: Release, ada: Person, bo: Person) -> None:
    found = open_for(ada.id, OPENS + timedelta(days=1))
    assert found is not None
    assert found.id == opened.id
    assert open_for(ada.id, END) is None
    assert open_for(bo.id, OPENS + timedelta(days=1)) is None


def test_a_line_that_is_too_long_is_not_cut_but_said(opened: Release, ada: Person, adas_browser: FlaskClient) -> None:
    ada.language = "en"
    session().commit()
    with time_machine.travel(OPENS + timedelta(days=1), tick=False):
        address = f"/r/{page_token(opened.id, ada.id)}/report"
        assert "maxlength" not in adas_browser.get(address).text
        page = adas_browser.post(address, data={"mark": "4", "works": "w" * 205}).text
    assert "At most 200 characters: these are 205, so 5 too many." in page
    assert "w" * 205 in page


def test_nobody_is_asked_about_a_build_that_was_taken_back_or_is_on_hold(opened: Release, ada: Person) -> None:
    assert open_for(ada.id, OPENS) is not None
    hold_release(opened.id, "it eats the battery", OPENS)
    assert open_for(ada.id, OPENS) is None
    resume_release(opened.id, OPENS)
    assert open_for(ada.id, OPENS) is not None
    roll_back(opened.id, "it eats the battery", OPENS)
    assert open_for(ada.id, OPENS) is None
