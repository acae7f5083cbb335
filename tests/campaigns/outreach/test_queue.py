from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from campaigns.audience.actions import save_audience
from campaigns.outreach.models import Campaign
from campaigns.outreach.rules import app_url, profile_url
from crm.accounts.rules import Role
from crm.core import jobs
from crm.core.db import db, session
from crm.core.journal import JournalEntry
from crm.groups.models import Membership
from crm.outbox.actions import AccountDraft, save_account
from crm.outbox.models import HandRecord, Letter, Touch
from crm.outbox.rules import LetterState
from crm.people.models import Note, Person
from crm.people.queries import suppressed
from tests import make
from tests.cast import SignIn
from tests.make import T0


@pytest.fixture
def campaign(lin: Person, lins_browser: FlaskClient) -> int:
    """Three people on QQ, by hand."""
    for place in (1, 2, 3):
        make.source(make.person(f"Hand {place}", identities={"qq": f"2001234{place}"}))
    audience = save_audience("everybody", {}, at=T0).id
    session().commit()
    said = {"name": "spring", "audience_id": str(audience), "channel": "hand", "identity_kind": "qq"}
    lins_browser.post("/campaigns/new", data=said | {"body_en": "Hello {{ name }}"})
    number = session().query(Campaign).one().id
    lins_browser.post(f"/campaigns/{number}/start")
    session().commit()
    jobs.run_due.run()
    return number


class Queue:
    def __init__(self, browser: FlaskClient, campaign: int) -> None:
        self.browser, self.path = browser, f"/campaigns/{campaign}/queue"

    def page(self) -> str:
        return self.browser.get(self.path).text

    def next(self) -> str:
        return self.browser.post(f"{self.path}/next", follow_redirects=True).text

    def record(self, letter: int, **form: str) -> Any:
        return self.browser.post(f"{self.path}/{letter}", data=form, follow_redirects=True)

    def undo(self, **form: str) -> Any:
        session().commit()
        record = session().query(HandRecord).order_by(HandRecord.id.desc()).first()
        assert record is not None
        return self.browser.post(f"{self.path}/undo/{record.id}", data=form, follow_redirects=True)


@pytest.fixture
def queue(campaign: int, lins_browser: FlaskClient) -> Queue:
    return Queue(lins_browser, campaign)


def letters() -> list[Letter]:
    session().commit()
    return session().query(Letter).order_by(Letter.id).all()


def account(name: str, **more: Any) -> int:
    made = save_account(None, AccountDraft(name, "qq", zone="Asia/Shanghai", **more), at=T0).id
    session().commit()
    return made


def test_an_account_that_is_used_up_says_so_and_offers_another(queue: Queue) -> None:
    first, second = account("first", per_day=1), account("second", per_day=5)
    assert "0 of" not in queue.next()
    queue.record(letters()[0].id, outcome="sent")
    page = queue.page()
    assert "None left today" in page
    assert "It opens again" in page
    assert "Go on as" in page
    assert "Write to the next person" not in page
    queue.browser.post(f"{queue.path}/as", data={"account": str(second)})
    assert "Hand 2" in queue.next()
    queue.record(letters()[1].id, outcome="sent")
    assert [one.sender_id for one in letters()] == [first, second, None]
    assert queue.browser.post(f"{queue.path}/as", data={"account": "4711"}).status_code == 422


def test_an_account_that_may_not_write_yet_offers_nobody_and_says_what_it_lacks(queue: Queue) -> None:
    queue.next()
    account("young", needs_level=3, needs_posts=10, level=1)
    page = queue.page()
    assert "level 3 (it has 1), 10 more posts (0 of 10)" in page
    assert "Hello" not in page
    assert "Hello" not in queue.next()


def test_an_undo_takes_the_group_back_too(queue: Queue) -> None:
    group = make.group(name="Room one")
    session().commit()
    queue.next()
    queue.record(letters()[0].id, outcome="joined", group=str(group.id), body="Gladly")
    session().commit()
    assert session().query(Membership).count() == 1
    page = queue.undo().text
    assert "Taken back" in page
    assert "Hello Hand 1" in page
    session().commit()
    assert (session().query(Membership).count(), session().query(Touch).count()) == (0, 0)
    assert letters()[0].state is LetterState.QUEUED


def test_a_refusal_is_taken_back_only_with_its_reason(queue: Queue) -> None:
    queue.next()
    first = letters()[0]
    queue.record(first.id, outcome="refused")
    answer = queue.undo(undo_why=" ")
    assert answer.status_code == 422
    assert 'aria-describedby="undo-hint undo-error"' in answer.text
    assert suppressed([first.person_id])
    assert "Taken back" in queue.undo(undo_why="pressed the wrong key").text
    session().commit()
    assert not suppressed([first.person_id])
    told = session().query(JournalEntry).filter_by(action="hand.undo").one()
    assert (told.after or {})["why"] == "pressed the wrong key"


def test_skipping_asks_for_words_only_for_other_and_keeps_what_was_chosen(queue: Queue) -> None:
    queue.next()
    first = letters()[0].id
    answer = queue.record(first, outcome="skip", skip="other")
    assert answer.status_code == 422
    assert 'id="why-error"' in answer.text
    assert queue.record(first, outcome="skip", skip="nothing").status_code == 422
    page = queue.record(first, outcome="skip", skip="not_suitable", why="sells phones").text
    assert "Hello Hand 2" in page
    assert (letters()[0].state, letters()[0].reason) == (LetterState.CANCELLED, "not_suitable")
    assert "skipped: not suitable" in queue.browser.get(f"/letters/{first}").text


def test_who_comes_up_again_comes_with_the_words_of_whoever_skipped(queue: Queue) -> None:
    queue.next()
    first = letters()[0]
    queue.record(first.id, outcome="skip", skip="other", why="away until Monday")
    for one in letters()[1:]:
        queue.record(one.id, outcome="sent")
    first.due_at = T0
    session().commit()
    assert "away until Monday" in queue.next()


def test_a_note_stays_with_the_person_who_stays_on_the_screen(queue: Queue) -> None:
    queue.next()
    first = letters()[0]
    page = queue.browser.post(f"{queue.path}/{first.id}/note", data={"note": "knows ROMs"}, follow_redirects=True).text
    assert "knows ROMs" in page
    assert "Hello Hand 1" in page
    session().commit()
    assert session().query(Note).one().person_id == first.person_id


def test_the_page_tells_who_holds_whom_and_an_admin_frees_them(queue: Queue, sign_in: SignIn, campaign: int) -> None:
    mei = Queue(sign_in(make.staff("Mei", Role.COMMUNITY)), campaign)
    assert "Hello Hand 1" in mei.next()
    page = queue.page()
    assert "Mei, until" in page
    first = letters()[0].id
    assert mei.browser.post(f"{mei.path}/{first}/free").status_code == 403
    assert "back in the queue" in queue.browser.post(f"{queue.path}/{first}/free", follow_redirects=True).text
    assert "Hello Hand 1" in queue.next()


def test_the_page_counts_what_was_written_today_by_you_and_by_all(queue: Queue, sign_in: SignIn, campaign: int) -> None:
    account("seed_qq")
    mei = Queue(sign_in(make.staff("Mei", Role.COMMUNITY)), campaign)
    queue.next()
    queue.record(letters()[0].id, outcome="sent")
    mei.next()
    mei.record(letters()[2].id, outcome="replied")
    mine = mei.page().split("Written today")[2]
    assert mine.count('<td class="numeric">1</td>') == 1
    assert mine.count('<td class="numeric">2</td>') == 1


def test_a_letter_of_another_campaign_is_not_recorded_here(queue: Queue, campaign: int) -> None:
    letter = letters()[0]
    letter.origin_id = None
    session().commit()
    assert queue.record(letter.id, outcome="sent").status_code == 404


@contextmanager
def statements() -> Iterator[list[str]]:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "BEGIN")):
            said.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_the_page_asks_few_questions(queue: Queue, lin: Person) -> None:
    for name in ("one", "two", "three"):
        account(name, per_day=5)
    make.group()
    queue.next()
    queue.record(letters()[0].id, outcome="sent")
    with statements() as said:
        assert "Hello Hand 2" in queue.page()
    assert len(said) <= 15, "\n".join(said)


@pytest.mark.parametrize(
    ("kind", "value", "address", "url"),
    [
        (
            "forum:gfan.com",
            "米粉 1/2",
            "https://bbs.gfan.com/u/{}",
            "https://bbs.gfan.com/u/%E7%B1%B3%E7%B2%89%201%2F2",
        ),
        ("forum:gfan.com", "x", "", "https://gfan.com/"),
        ("qq", "10001", "", "https://user.qzone.qq.com/10001"),
        ("phone", "1", "", None),
    ],
)
def test_where_a_person_is_seen(kind: str, value: str, address: str, url: str | None) -> None:
    assert profile_url(kind, value, address) == url


def test_what_opens_the_app() -> None:
    assert app_url("telegram", "@bo") == "tg://resolve?domain=bo"
    assert str(app_url("qq", "1&2")).endswith("uin=1%262")
    assert app_url("forum:gfan.com", "x") is None
