"""Limits of sending: counted before letters leave, over several workers, by hour, day, domain and the night."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.journal import JournalEntry
from crm.outbox import actions, tasks
from crm.outbox.actions.claiming import take_due
from crm.outbox.actions.leaving import record_sent
from crm.outbox.models import Letter, MailCount
from crm.outbox.queries.limits import SETTINGS, counted
from crm.outbox.queries.ways import Way, way_of
from crm.outbox.rules import Lane, LetterState
from crm.outbox.rules.limits import Limits, free_at, quiet_until, time_for
from crm.people.models import Person
from tests import make
from tests.crm.outbox.conftest import Server, Write
from tests.make import T0

HOUR = timedelta(hours=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 1, 20, 4, tzinfo=UTC)  # 12:00 in Shanghai
TOMORROW = datetime(2026, 1, 20, 16, tzinfo=UTC)  # midnight there


@pytest.fixture
def crowd() -> list[Person]:
    domains = ("one.example", "one.example", "two.example")
    return [make.person(f"C{n}", identities={"email": f"c{n}@{domains[n % 3]}"}) for n in range(12)]


def leave(at: datetime) -> list[int]:
    """As a worker does: takes what is due while there is room, keeps what is within the limits."""
    way = shared_way()
    taken = take_due(at, 100, asked_only=not actions.has_room(way, at))
    return record_sent(actions.within_limits(way, taken, at), at)


def shared_way() -> Way:
    """That of the letters of no sender of their own."""
    way = way_of(None)
    assert way is not None
    return way


def test_no_more_leave_in_an_hour_than_may_and_the_rest_in_the_next(crowd: list[Person], write: Write) -> None:
    actions.set_mail_limits(Limits(per_hour=5), T0)
    write(crowd, "c:1", origin="spring")
    gone = [leave(NOON + minutes * timedelta(minutes=1)) for minutes in (0, 1, 59, 60, 61, 120)]
    assert [len(some) for some in gone] == [5, 0, 0, 5, 0, 2]
    assert len({one for some in gone for one in some}) == 12
    assert counted(SETTINGS, SHANGHAI, NOON + HOUR)[0] == 5


def test_two_workers_together_keep_within_the_limit(crowd: list[Person], write: Write) -> None:
    actions.set_mail_limits(Limits(per_day=7), T0)
    write(crowd, "c:1", origin="spring")
    first, second = take_due(NOON, 6), take_due(NOON, 6)
    gone = [record_sent(actions.within_limits(shared_way(), some, NOON), NOON) for some in (first, second)]
    assert [len(some) for some in gone] == [6, 1]
    assert not actions.has_room(shared_way(), TOMORROW - timedelta(seconds=1))
    assert len(leave(TOMORROW)) == 5


def test_what_somebody_asked_for_is_never_stopped(crowd: list[Person], write: Write) -> None:
    actions.set_mail_limits(Limits(per_hour=1, domain_per_hour=1, quiet_from=0, quiet_to=23), T0)
    write(crowd, "c:1", origin="spring")
    write(crowd[:4], "link:1", lane=Lane.ASKED)
    ids = leave(NOON)
    lanes = Counter(session().scalars(select(Letter.lane).where(Letter.id.in_(ids))))
    assert lanes[Lane.ASKED] == 4
    assert lanes[Lane.CAMPAIGN] == 0


def test_letters_to_one_domain_are_spread_over_hours(crowd: list[Person], write: Write) -> None:
    actions.set_mail_limits(Limits(domain_per_hour=3), T0)
    write(crowd, "c:1", origin="spring")
    by_hour = [leave(NOON + number * HOUR) for number in range(4)]
    assert [len(some) for some in by_hour] == [6, 4, 2, 0]  # 8 to the one, 4 to the other
    assert leave(NOON + 5 * HOUR) == []


def test_letters_to_one_domain_are_spread_over_days_of_the_senders_zone(crowd: list[Person], write: Write) -> None:
    actions.set_mail_limits(Limits(domain_per_day=3), T0)
    write(crowd, "c:1", origin="spring")
    assert len(leave(NOON)) == 6  # 8 to the one, 4 to the other
    assert leave(TOMORROW - timedelta(seconds=1)) == []
    assert [len(leave(TOMORROW + days * 24 * HOUR)) for days in range(3)] == [4, 2, 0]


def test_an_hour_and_a_day_of_one_domain_hold_together(crowd: list[Person], write: Write) -> None:
    actions.set_mail_limits(Limits(domain_per_hour=2, domain_per_day=5), T0)
    write(crowd, "c:1", origin="spring")
    assert [len(leave(NOON + number * HOUR)) for number in range(4)] == [4, 4, 1, 0]
    assert [len(leave(TOMORROW + number * HOUR)) for number in range(3)] == [2, 1, 0]


def test_a_campaign_waits_for_the_morning_of_its_reader(crowd: list[Person], write: Write) -> None:
    actions.set_mail_limits(Limits(quiet_from=21, quiet_to=8), T0)
    crowd[0].zone, crowd[1].zone, crowd[2].zone = "America/New_York", "Asia/Shanghai", "nowhere at all"
    session().flush()
    write(crowd[:4], "c:1", origin="spring")
    assert len(leave(NOON)) == 3, "in New York it is the night before"
    late = session().scalars(select(Letter).where(Letter.person_id == crowd[0].id)).one()
    assert late.due_at == datetime(2026, 1, 20, 13, tzinfo=UTC)  # 8:00 there
    assert leave(NOON + HOUR) == []
    assert leave(late.due_at) == [late.id]


def test_a_new_server_is_warmed_up() -> None:
    limits = Limits(per_day=100, warm_from=date(2026, 1, 16), warm_first=20)
    assert [most for _day, most in limits.warm_up()] == [20, 30, 45, 68]
    assert limits.on(date(2026, 1, 15)) == limits.on(date(2026, 1, 20)) == 100
    assert Limits(warm_from=date(2026, 1, 16), warm_first=20).on(date(2026, 3, 1)) is None


@pytest.mark.parametrize(
    ("at", "end"),
    [
        (NOON, None),
        (datetime(2026, 1, 20, 13, 30, tzinfo=UTC), datetime(2026, 1, 21, 0, tzinfo=UTC)),
        (datetime(2026, 1, 20, 23, 59, tzinfo=UTC), datetime(2026, 1, 21, 0, tzinfo=UTC)),
        (datetime(2026, 1, 21, 0, tzinfo=UTC), None),
    ],
)
def test_the_night_ends_in_the_morning(at: datetime, end: datetime | None) -> None:
    assert quiet_until(Limits(quiet_from=21, quiet_to=8), SHANGHAI, at) == end


def test_how_long_many_letters_take() -> None:
    def hours(limits: Limits, letters: int) -> float:
        found = time_for(limits, SHANGHAI, NOON, letters)
        assert found is not None
        return found / HOUR

    assert time_for(Limits(), SHANGHAI, NOON, 1_000_000) is None
    assert hours(Limits(per_hour=100), 1_000) == 10
    assert hours(Limits(per_hour=100, per_day=300), 650) == 37  # 300 today, 300 tomorrow, 50 in the first hour after
    assert hours(Limits(per_hour=100, quiet_from=21, quiet_to=8), 1_000) == 21  # 9 hours, a night of 11, 1 hour
    assert hours(Limits(warm_from=date(2026, 1, 20), warm_first=10), 26) == 37


def test_where_days_begin_on_a_half_hour_no_end_is_told_too_early() -> None:
    india, after_midnight = ZoneInfo("Asia/Kolkata"), datetime(2026, 6, 1, 18, 40, tzinfo=UTC)  # 00:10 there
    found = time_for(Limits(per_day=100), india, after_midnight, 200)
    assert found is not None
    assert found > timedelta(hours=23)
    full = free_at(Limits(per_hour=10, per_day=100), india, after_midnight - timedelta(minutes=30), 10, 100)
    assert full == datetime(2026, 6, 1, 19, 0, tzinfo=UTC)


def test_the_engine_sends_what_may_leave_and_no_more(server: Server, crowd: list[Person], write: Write) -> None:
    actions.set_mail_limits(Limits(per_day=4), T0)
    write(crowd, "c:1", origin="spring")
    write(crowd[:1], "link:1", lane=Lane.ASKED)
    session().commit()
    assert tasks.send_due.run() == 5 - 1, "what was asked for counts too"
    session().commit()
    states = Counter(session().scalars(select(Letter.state)))
    assert states == {LetterState.SENT: 4, LetterState.QUEUED: 9}
    assert tasks.send_due.run() == 0


def test_a_page_sets_the_limits_and_says_how_many_have_left(lins_browser: FlaskClient) -> None:
    page = lins_browser.post(
        "/settings/sending",
        data={"per_hour": "200", "warm_from": "2026-01-20", "warm_first": "50", "per_day": "100"},
        follow_redirects=True,
    ).text
    assert "0 / 200" in page
    assert ">75<" in page.replace(" ", "").replace("\n", "")
    entry = session().scalars(select(JournalEntry).where(JournalEntry.action == "outbox.limits")).one()
    assert entry.after is not None
    assert entry.after["per_hour"] == 200


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"per_hour": "0"}, "A whole number from 1 on"),
        ({"per_hour": "many"}, "many"),
        ({"quiet_from": "21"}, "Fill this in too"),
        ({"quiet_from": "21", "quiet_to": "21"}, "different hours"),
        ({"quiet_from": "24", "quiet_to": "8"}, "0 to 23"),
        ({"warm_first": "5"}, "Fill this in too"),
    ],
)
def test_what_cannot_be_a_limit_is_told(lins_browser: FlaskClient, typed: dict[str, str], told: str) -> None:
    answer = lins_browser.post("/settings/sending", data=typed)
    assert answer.status_code == 422
    assert told in answer.text


def test_limits_must_leave_an_hour_between_nights() -> None:
    with pytest.raises(NotUnderstood):
        actions.set_mail_limits(Limits(quiet_from=3, quiet_to=3), T0)


def test_counts_of_days_long_gone_are_dropped(crowd: list[Person], write: Write) -> None:
    actions.set_mail_limits(Limits(per_day=2), T0)
    write(crowd, "c:1", origin="spring")
    leave(NOON)
    leave(NOON + timedelta(days=9))
    assert session().scalar(select(func.min(MailCount.since))) > NOON + timedelta(days=8)  # type: ignore[operator]  # some
