"""Consent rounds: each tester is asked once for ever, and reminded once, a week after the letter left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select, update
from sqlalchemy.engine import Engine

from campaigns.credits.actions import answer_consent, start_round
from campaigns.credits.models import ConsentAsk
from campaigns.credits.queries import asked_of, my_name_token, round_to_come, rounds
from campaigns.credits.rules import ConsentAnswer
from campaigns.credits.rules.asking import LeftOut
from campaigns.credits.tasks import remind
from crm.accounts.actions import end_agreement
from crm.accounts.rules import Role
from crm.core import jobs
from crm.core.db import session
from crm.core.errors import MoveRefused
from crm.core.jobs import Job, JobState
from crm.core.journal import JournalEntry
from crm.core.programme import Programme
from crm.outbox.models import Letter, Wording
from crm.outbox.queries.rendering import render
from crm.outbox.rules import LetterState
from crm.people.actions import forget, merge, suppress
from crm.people.models import Identity, Person
from crm.people.rules import SuppressionReason
from crm.schedule import EVERY, WHILE_HELD
from tests import make
from tests.cast import SignIn

NOW = make.T0 + timedelta(weeks=60)
WEEK = timedelta(days=7)


def _at(programme: Programme, at: datetime) -> None:
    """The moment at which tasks and pages of this test run."""
    programme.held_at = at
    session().commit()


def _round(programme: Programme, at: datetime = NOW) -> None:
    _at(programme, at)
    start_round(at)
    session().commit()
    jobs.run_due.run()
    session().expire_all()


def _letters(occasion: str = "credits.consent") -> list[int]:
    return list(session().scalars(select(Letter.person_id).where(Letter.occasion == occasion).order_by(Letter.id)))


def _reminders() -> list[int]:
    return _letters("credits.consent_reminder")


def _leave(at: datetime = NOW, state: LetterState = LetterState.SENT) -> None:
    """The letters that wait have left, or have met another end."""
    sent = {"sent_at": at} if state is LetterState.SENT else {}
    session().execute(update(Letter).where(Letter.state == LetterState.QUEUED).values(state=state, ended_at=at, **sent))
    session().commit()


def _no_mail(who: Person) -> Person:
    session().execute(delete(Identity).where(Identity.person_id == who.id))
    session().flush()
    return who


def test_only_testers_who_have_not_answered_are_asked(
    programme: Programme, lin: Person, ada: Person, bo: Person
) -> None:
    said_no, left = make.tester("Nora"), make.tester("Lou")
    answer_consent(said_no.id, ConsentAnswer.NO, "", NOW)
    end_agreement(left.id, at=NOW, reason="left")
    _round(programme)
    assert _letters() == [ada.id]
    asked = asked_of(ada.id)
    assert asked is not None
    assert (asked.asked_at, asked.remind_at) == (NOW, NOW + WEEK)


def test_who_cannot_or_must_not_be_written_to_is_left_out_with_the_reason(programme: Programme, ada: Person) -> None:
    suppress([make.tester("Sue").id], SuppressionReason.UNSUBSCRIBED, NOW)
    silent = _no_mail(make.tester("Ida"))
    coming = round_to_come()
    assert (coming.asks, coming.out) == (1, {LeftOut.DECLINED: 1, LeftOut.NO_ADDRESS: 1})
    _round(programme)
    assert _letters() == [ada.id]
    assert asked_of(silent.id) is None


def test_nobody_is_asked_twice_by_any_round(programme: Programme, ada: Person) -> None:
    _round(programme)
    with pytest.raises(MoveRefused):
        start_round(NOW)
    bea = make.tester("Bea")
    assert (round_to_come().asks, round_to_come().out) == (1, {LeftOut.ASKED_BEFORE: 1})
    _round(programme, NOW + timedelta(days=1))
    assert _letters() == [ada.id, bea.id]
    assert [one.asked for one in rounds()] == [1, 1]


def test_who_got_an_address_since_is_asked_by_the_next_round(programme: Programme, ada: Person) -> None:
    silent = _no_mail(make.tester("Ida"))
    _round(programme)
    session().add(Identity(kind="email", value="ida@testers.example", person_id=silent.id))
    _round(programme, NOW + timedelta(days=1))
    assert _letters() == [ada.id, silent.id]


def test_a_round_begins_when_the_one_before_is_written(programme: Programme, ada: Person) -> None:
    start_round(NOW)
    with pytest.raises(MoveRefused, match="being written"):
        start_round(NOW)


def test_a_round_that_broke_off_is_finished_by_another(
    programme: Programme, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.credits.actions.asking.CHUNK", 2)
    people = [ada.id, *(make.tester(f"T{n}").id for n in range(4))]
    _round(programme)
    session().execute(delete(ConsentAsk).where(ConsentAsk.person_id.in_(people[2:])))
    session().execute(delete(Letter).where(Letter.person_id.in_(people[2:])))
    session().execute(update(Job).values(state=JobState.FAILED))
    _round(programme)
    assert sorted(_letters()) == people
    assert [one.asked for one in rounds()] == [3, 2]
    assert session().scalars(select(Job.done).order_by(Job.id)).all() == [5, 3]


def test_the_letter_speaks_its_readers_language_and_leads_to_their_own_page(
    programme: Programme, ada: Person, client: FlaskClient
) -> None:
    ada.language = "en"
    _round(programme)
    letter = session().scalars(select(Letter)).one()
    text = render(letter, session().get_one(Wording, letter.wording_id))
    assert text.subject == "Orange: may your name stand on the boot screen?"
    path = f"/n/{my_name_token(ada.id)}"
    assert path in text.text
    assert "May your name stand on the boot screen?" in client.get(path).text


def test_a_letter_has_no_empty_placeholder_in_any_language(programme: Programme, ada: Person) -> None:
    bea = make.tester("Bea")
    ada.language, bea.language = "en", "zh"
    _round(programme)
    _leave()
    _at(programme, NOW + WEEK)
    remind.run()
    for letter in session().scalars(select(Letter)):
        rendered = render(letter, session().get_one(Wording, letter.wording_id))
        assert "{" not in rendered.subject + rendered.text
        assert (letter.values or {})["link"] in rendered.text
        assert (letter.values or {})["name"] in rendered.text


# ------------------------------------------------------------ reminders


def test_who_has_not_answered_a_week_after_the_letter_left_is_reminded_once(programme: Programme, ada: Person) -> None:
    answers = make.tester("Bea")
    _round(programme)
    _leave(NOW + timedelta(hours=1))
    answer_consent(answers.id, ConsentAnswer.NO, "", NOW + timedelta(days=2))
    _at(programme, NOW + WEEK - timedelta(minutes=1))
    assert remind.run() == 0
    _at(programme, NOW + WEEK + timedelta(hours=1))
    remind.run()
    assert _reminders() == [ada.id]
    assert remind.run() == 0
    _at(programme, NOW + 5 * WEEK)
    assert remind.run() == 0
    assert _reminders() == [ada.id]


def test_an_outage_only_makes_the_reminder_late(programme: Programme, ada: Person) -> None:
    _round(programme)
    _leave()
    _at(programme, NOW + 4 * WEEK)
    remind.run()
    assert _reminders() == [ada.id]
    asked = session().get_one(ConsentAsk, ada.id, populate_existing=True)
    assert (asked.remind_at, asked.reminded_at) == (None, NOW + 4 * WEEK)


def test_the_week_counts_from_when_the_letter_left(programme: Programme, ada: Person) -> None:
    _round(programme)
    _at(programme, NOW + WEEK)
    remind.run()
    assert _reminders() == []
    _leave(NOW + WEEK + timedelta(hours=1))
    _at(programme, NOW + WEEK + timedelta(days=2))
    remind.run()
    assert _reminders() == []
    _at(programme, NOW + 2 * WEEK + timedelta(hours=1))
    remind.run()
    assert _reminders() == [ada.id]


@pytest.mark.parametrize(
    "state", [LetterState.REFUSED, LetterState.BOUNCED, LetterState.CANCELLED, LetterState.EXPIRED]
)
def test_nobody_is_reminded_of_a_letter_that_did_not_reach_them(
    programme: Programme, ada: Person, state: LetterState
) -> None:
    _round(programme)
    _leave(state=state)
    _at(programme, NOW + WEEK)
    remind.run()
    assert _reminders() == []
    assert rounds()[0].remind_at is None


def test_who_left_or_refused_in_the_meantime_is_not_reminded(programme: Programme, ada: Person) -> None:
    left, refused = make.tester("Lou"), make.tester("Rex")
    _round(programme)
    _leave()
    end_agreement(left.id, at=NOW, reason="left")
    suppress([refused.id], SuppressionReason.DECLINED, NOW)
    _at(programme, NOW + WEEK)
    remind.run()
    assert _reminders() == [ada.id]


def test_reminders_are_written_piece_by_piece(
    programme: Programme, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [ada.id, *(make.tester(f"T{n}").id for n in range(4))]
    _round(programme)
    _leave()
    _at(programme, NOW + WEEK)
    monkeypatch.setattr("campaigns.credits.actions.remind_some.__defaults__", (2,))
    assert remind.run() == 5
    assert sorted(_reminders()) == people


def test_while_the_programme_is_held_the_schedule_reminds_nobody() -> None:
    assert "campaigns.credits.tasks.remind" in EVERY
    assert "campaigns.credits.tasks.remind" not in WHILE_HELD


def test_without_a_programme_there_is_nobody_to_remind(database: Flask) -> None:
    assert remind.run() == 0


# ------------------------------------------------------------ what came of it


def test_a_round_tells_who_answered_what_and_when_the_reminder_is_due(programme: Programme, ada: Person) -> None:
    yes, no = make.tester("Yan"), make.tester("Nora")
    _round(programme)
    answer_consent(yes.id, ConsentAnswer.YES, "Yan", NOW)
    answer_consent(no.id, ConsentAnswer.NO, "", NOW)
    told = rounds()[0]
    assert (told.asked, told.yes, told.no, told.waiting, told.reminded) == (3, 1, 1, 1, 0)
    assert told.remind_at == NOW + WEEK
    answer_consent(ada.id, ConsentAnswer.YES, "Ada", NOW)
    assert rounds()[0].remind_at is None


def test_a_round_stands_in_the_journal_with_its_figures(programme: Programme, ada: Person) -> None:
    _no_mail(make.tester("Ida"))
    _round(programme)
    entry = session().scalars(select(JournalEntry).where(JournalEntry.action == "start_consent_round")).one()
    assert entry.after == {"asks": 1, "left_out": {"no_address": 1}}


def test_two_who_are_one_have_been_asked_and_who_is_forgotten_was_never(programme: Programme, ada: Person) -> None:
    other = make.tester("Ada2")
    _round(programme)
    session().execute(delete(ConsentAsk).where(ConsentAsk.person_id == ada.id))
    merge(ada.id, other.id, at=NOW)
    assert asked_of(ada.id) is not None
    assert round_to_come().asks == 0
    forget(ada.id, at=NOW)
    assert session().scalars(select(ConsentAsk)).all() == []


# ------------------------------------------------------------ pages and command


@pytest.fixture
def release_manager(programme: Programme, sign_in: SignIn) -> FlaskClient:
    programme.held_at = NOW
    session().flush()
    return sign_in(make.staff("Rui", Role.RELEASE))


def test_a_release_manager_sees_whom_a_round_asks_and_starts_it(release_manager: FlaskClient, ada: Person) -> None:
    _no_mail(make.tester("Ida"))
    session().commit()
    page = release_manager.get("/editions/consent").text
    assert "Ask 1 tester" in page
    assert "Have no mail address" in page
    assert "Letters to write now: 1; left out: 1." in page
    release_manager.post("/editions/consent/ask")
    writing = release_manager.get("/editions/consent").text
    assert "Writing the letters" in writing
    assert "Ask 1 tester" not in writing
    jobs.run_due.run()
    assert "Show the round" in release_manager.get("/editions/consent/progress").text
    assert "Nobody is left to ask" in release_manager.get("/editions/consent").text
    assert "Reminder due on" in release_manager.get("/editions").text
    assert release_manager.post("/editions/consent/ask").status_code == 409


def test_before_the_first_round_there_is_no_progress(release_manager: FlaskClient) -> None:
    assert release_manager.get("/editions/consent/progress").status_code == 404
    assert "Nobody has been asked by a letter yet." in release_manager.get("/editions").text


def test_community_managers_start_no_rounds(programme: Programme, ada: Person, sign_in: SignIn) -> None:
    assert sign_in(make.staff("Cai", Role.COMMUNITY)).post("/editions/consent/ask").status_code == 403


def test_who_was_asked_is_found_by_the_round_and_the_answer(
    programme: Programme, release_manager: FlaskClient, ada: Person
) -> None:
    bea = make.tester("Bea")
    _round(programme)
    make.tester("Cai")
    answer_consent(bea.id, ConsentAnswer.YES, "Bea", NOW)
    session().commit()
    number = rounds()[0].id
    for filters, found in (
        (f"consent_round={number}", {"Ada", "Bea"}),
        ("consent_round=any&consent=unanswered", {"Ada"}),
        (f"consent_round={number}&consent=yes", {"Bea"}),
        (f"consent_round={number + 1}", set()),
    ):
        page = release_manager.get(f"/people?{filters}").text
        assert {name for name in ("Ada", "Bea", "Cai") if f"<bdi>{name}</bdi>" in page} == found, filters
    assert "is no number of a consent round" in release_manager.get("/people?consent_round=x").text


@contextmanager
def selects() -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_more_people_and_more_rounds_ask_the_database_no_more(
    programme: Programme, release_manager: FlaskClient, ada: Person
) -> None:
    _round(programme)
    make.tester("Bea")
    session().commit()
    with selects() as few:
        release_manager.get("/editions/consent")
        release_manager.get("/editions")
    for number in range(5):
        _round(programme, NOW + timedelta(hours=number))
        for more in range(5):
            make.tester(f"T{number}{more}")
    session().commit()
    with selects() as many:
        release_manager.get("/editions/consent")
        release_manager.get("/editions")
    assert len(many) == len(few) <= 24


def test_the_command_says_how_many_and_starts_a_round(programme: Programme, ada: Person, database: Flask) -> None:
    programme.held_at = NOW
    session().commit()
    runner = database.test_cli_runner()
    dry = runner.invoke(args=["credits", "ask", "--dry-run", "--json"])
    assert json.loads(dry.output) == {"asks": 1, "left_out": {}}
    assert rounds() == []
    assert "asks 1, leaves out 0" in runner.invoke(args=["credits", "ask"]).output
    jobs.run_due.run()
    assert _letters() == [ada.id]
    again = runner.invoke(args=["credits", "ask"])
    assert again.exit_code == 1
    assert "Nobody is left to ask" in again.output
