"""Senders with mail servers of their own: each alone with its server, its limits and its troubles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core import clock, programme
from crm.core.db import session, start_writing
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.journal import JournalEntry
from crm.core.lines import Rests
from crm.core.mailboxes import Tls
from crm.core.sealed import unseal
from crm.outbox import actions, tasks
from crm.outbox.actions import MailAccountDraft, NewLetter, put_wording
from crm.outbox.actions.claiming import take_due
from crm.outbox.actions.leaving import record_sent
from crm.outbox.actions.mail_accounts import AddressNotUnderstood, PasswordMissing, SenderKnown
from crm.outbox.models import Letter, MailAccount, Sender
from crm.outbox.queries.leaving import obstacle
from crm.outbox.queries.limits import counted
from crm.outbox.queries.mail_accounts import MailState, mail_sender_or_404
from crm.outbox.queries.ways import PURPOSE, url_of, way_of
from crm.outbox.rules import Channel, Lane, LetterState
from crm.outbox.tasks import rounds
from crm.people.actions import make_origin
from crm.people.models import Person
from crm.people.rules import OriginKind
from tests import make
from tests.crm.outbox.conftest import Server, Write
from tests.make import T0

NOON = datetime(2026, 1, 20, 4, tzinfo=UTC)  # 12:00 in Shanghai
HOUR = timedelta(hours=1)
DRAFT = MailAccountDraft(
    name="news", from_name="Orange 新闻", address="news@news.example", host="127.0.0.1", port=1, tls=Tls.NONE,
    user="", password=None, zone="Asia/Shanghai", fills_in=False, per_hour=None, per_day=None, domain_per_hour=None,
    domain_per_day=None,
    warm_from=None, warm_first=None,
)  # fmt: skip
Put = Callable[..., int]


@pytest.fixture
def put(request: pytest.FixtureRequest) -> Put:
    """Makes an account: put("news", port=..., per_hour=...)."""

    def make_one(name: str = "news", **more: object) -> int:
        draft = replace(DRAFT, name=name, address=f"{name}@{name}.example", **more)  # type: ignore[arg-type]  # as named
        made = actions.put_mail_account(None, draft, T0).id
        session().commit()
        return made

    return make_one


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Server]]:
    """Starts mail servers on this machine; none that was away in another test still rests."""
    monkeypatch.setattr(rounds, "rests", Rests())
    with ExitStack() as stack:

        def start() -> Server:
            running = Server()
            running.start()

            def stop() -> None:
                with suppress(ConnectionError):
                    running.stop()

            stack.callback(stop)
            return running

        yield start


@pytest.fixture
def own(house: Flask) -> Iterator[Flask]:
    """Inside an installation whose commits stay: each sender's letters leave over a connection of their own."""
    with house.app_context():
        start_writing()
        yield house


def letters_from(senders: list[int | None], count: int, lane: Lane = Lane.CAMPAIGN) -> None:
    """So many letters from each of these."""
    wording = put_wording("spring", "en", "Hello", "Dear {{ name }}", T0)
    origin = make_origin(OriginKind.CAMPAIGN, "spring", "spring") if lane is Lane.CAMPAIGN else None
    letters = []
    for sender_id in senders:
        for number in range(count):
            who = make.person(f"P{sender_id}-{number}", identities={"email": f"p{number}@{lane}{sender_id}.example"})
            letters.append(
                NewLetter(
                    who.id, f"s:{lane}:{sender_id}:{number}", Channel.MAIL, lane, wording, {"name": "x"}, "email",
                    who.identities[0].value, origin_id=origin, sender_id=sender_id,
                )
            )  # fmt: skip
    actions.plan_letters(letters, T0)
    session().commit()


def states_of(sender_id: int | None) -> Counter[LetterState]:
    session().expire_all()
    where = Letter.sender_id.is_(None) if sender_id is None else Letter.sender_id == sender_id
    return Counter(session().scalars(select(Letter.state).where(where)))


def test_each_senders_letters_leave_over_its_own_server_from_its_own_address(
    own: Flask, servers: Callable[[], Server], put: Put
) -> None:
    shared, one, two = servers(), servers(), servers()
    own.config["SMTP_URL"] = shared.url
    first, second = put("one", port=one.port), put("two", port=two.port, from_name="")
    letters_from([None, first, second], 30)
    assert tasks.send_due.run() == 90
    assert [len(server.got) for server in (shared, one, two)] == [30, 30, 30]
    assert {mail["From"] for mail in shared.got} == {"Orange <seedbed@orange.example>"}
    assert {mail["From"] for mail in one.got} == {"Orange 新闻 <one@one.example>"}
    assert {mail["From"] for mail in two.got} == {"Orange <two@two.example>"}
    assert {str(mail["Message-ID"]).rpartition("@")[2] for mail in one.got} == {"one.example>"}
    assert tasks.send_due.run() == 0


def test_a_server_that_is_away_holds_up_no_other(
    own: Flask, servers: Callable[[], Server], put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    up, late = servers(), Server()
    good, bad = put("good", port=up.port), put("bad", port=late.port)
    own.config["SMTP_URL"] = ""
    letters_from([bad, good], 40)
    assert tasks.send_due.run() == 40
    assert states_of(good) == {LetterState.SENT: 40}
    assert states_of(bad) == {LetterState.QUEUED: 40}
    assert {letter.attempts for letter in session().query(Letter).filter_by(sender_id=bad)} == {0}
    found = mail_sender_or_404(bad, clock.now())
    assert (found.state, found.waiting) == (MailState.AWAY, 40)
    assert found.account.said
    assert mail_sender_or_404(good, clock.now()).state is MailState.SENDS
    session().commit()
    late.start()
    monkeypatch.setattr(rounds, "rests", Rests())
    assert tasks.send_due.run() == 40
    late.stop()
    assert mail_sender_or_404(bad, clock.now()).state is MailState.SENDS


def test_a_stopped_senders_letters_wait_until_it_goes_on(own: Flask, servers: Callable[[], Server], put: Put) -> None:
    server = servers()
    own.config["SMTP_URL"] = ""
    number = put(port=server.port)
    letters_from([number], 10)
    actions.set_mail_account_active(number, False, T0)
    session().commit()
    assert tasks.send_due.run() == 0
    with pytest.raises(MoveRefused, match="stopped"):
        actions.mail_accounts.send_test(number, make.staff().id, T0)
    actions.set_mail_account_active(number, True, T0)
    session().commit()
    assert tasks.send_due.run() == 10


def test_letters_are_handed_on_before_a_sender_is_given_up(own: Flask, servers: Callable[[], Server], put: Put) -> None:
    server = servers()
    own.config["SMTP_URL"] = ""
    gone, stays = put("gone", user="me", password="secret", tls=Tls.TLS), put("stays", port=server.port)
    letters_from([gone], 10)
    with pytest.raises(MoveRefused, match="hand them on"):
        actions.retire_mail_account(gone, T0)
    with pytest.raises(MoveRefused):
        actions.hand_letters_on(gone, gone, T0)
    assert actions.hand_letters_on(gone, stays, T0) == 10
    actions.retire_mail_account(gone, T0)
    session().commit()
    assert tasks.send_due.run() == 10
    assert {mail["From"] for mail in server.got} == {"Orange 新闻 <stays@stays.example>"}
    assert session().get_one(MailAccount, gone).sealed_password == ""
    with pytest.raises(MoveRefused):
        actions.set_mail_account_active(gone, True, T0)


def test_without_a_common_server_one_sender_can_stand_in_for_it(
    own: Flask, servers: Callable[[], Server], put: Put
) -> None:
    server = servers()
    own.config["SMTP_URL"] = ""
    assert obstacle() == "no_server"
    number = put(port=server.port, fills_in=True)
    assert obstacle() == ""
    letters_from([None], 1, Lane.ASKED)
    letters_from([None, number], 3)
    assert tasks.send_due.run() == 7
    assert {mail["From"] for mail in server.got} == {"Orange 新闻 <news@news.example>"}
    zone = ZoneInfo("Asia/Shanghai")
    assert counted(number, zone, clock.now())[1] == 7, "what it sends for others counts as its own"
    other = put("other", port=server.port, fills_in=True)
    assert [one.sender_id for one in session().query(MailAccount).filter_by(fills_in=True)] == [other]


def test_without_a_postal_address_only_what_was_asked_for_leaves_by_any_sender(
    own: Flask, servers: Callable[[], Server], put: Put
) -> None:
    server = servers()
    own.config["SMTP_URL"] = server.url
    number = put(port=server.port)
    programme.required().postal_address = " "
    for lane in Lane:
        letters_from([None, number], 2, lane)
    assert tasks.send_due.run() == 4
    assert obstacle() == "no_postal_address"
    programme.required().postal_address = "1 Seed Street"
    session().commit()
    assert tasks.send_due.run() == 8
    assert obstacle() == ""


def test_letters_on_their_way_stop_at_the_next_round_once_the_postal_address_is_gone(
    own: Flask, servers: Callable[[], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = servers()
    own.config["SMTP_URL"] = server.url
    letters_from([None], 200)
    end = actions.end

    def emptied(*answers: Any) -> int:
        programme.required().postal_address = ""
        return end(*answers)

    monkeypatch.setattr(actions, "end", emptied)
    assert 0 < tasks.send_due.run() < 200


def leave(sender_id: int | None, at: datetime) -> int:
    """As a worker does, in an hour's worth of a moment."""
    way = way_of(sender_id)
    assert way is not None
    taken = take_due(at, 100, way.sender_id, asked_only=not actions.has_room(way, at))
    return len(record_sent(actions.within_limits(way, taken, at), at))


def test_each_sender_has_limits_of_its_own_in_its_own_zone(put: Put, people: list[Person], write: Write) -> None:
    honolulu = put("early", per_day=2, zone="Pacific/Honolulu")
    hourly = put("hourly", per_hour=3)
    write(people, "a", origin="spring", sender_id=honolulu)
    write(people, "b", origin="spring", sender_id=hourly)
    write(people, "c", origin="spring")
    assert [leave(one, NOON) for one in (honolulu, hourly, None)] == [2, 3, 6]
    assert [leave(one, NOON + HOUR) for one in (honolulu, hourly)] == [0, 3]
    tomorrow = datetime(2026, 1, 20, 10, tzinfo=UTC)  # midnight in Honolulu
    assert leave(honolulu, tomorrow - timedelta(seconds=1)) == 0
    assert leave(honolulu, tomorrow) == 2
    assert counted(honolulu, ZoneInfo("Pacific/Honolulu"), NOON) == (2, 2)


def test_a_new_sender_is_warmed_up_and_spares_a_domain(put: Put, people: list[Person], write: Write) -> None:
    new = put("new", warm_from=NOON.date(), warm_first=2)
    spares = put("spares", domain_per_hour=1)
    write(people, "a", origin="spring", sender_id=new)
    write(people, "b", origin="spring", sender_id=spares)
    assert [leave(new, NOON + timedelta(days=day)) for day in range(3)] == [2, 3, 1]
    assert [leave(spares, NOON + number * HOUR) for number in range(3)] == [1, 1, 1]


def test_a_password_of_any_signs_reaches_the_server_as_it_is(put: Put) -> None:
    number = put(user="me@here", password="p@ss:w/rd %41#?", tls=Tls.STARTTLS, host="::1", port=587)
    account = session().get_one(MailAccount, number)
    parts = urlsplit(url_of(account))
    assert (parts.scheme, parts.hostname, parts.port) == ("smtp+starttls", "::1", 587)
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == ("me@here", "p@ss:w/rd %41#?")
    assert "p@ss" not in account.sealed_password
    told = session().scalars(select(JournalEntry).where(JournalEntry.action == "sender.put")).one()
    assert "p@ss" not in str(told.after)


def test_a_password_under_another_key_is_told_and_stops_nobody(
    database: Flask, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = put(user="me", password="secret")
    monkeypatch.setitem(database.config, "SECRET_KEY", "another one, which opens nothing of the first")
    monkeypatch.setattr("crm.outbox.queries.ways._opened", _unsealed)
    assert mail_sender_or_404(number, T0).state is MailState.SEALED
    assert way_of(number) is None


def _unsealed(sealed: str) -> str:
    return unseal(PURPOSE, sealed)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"address": "not an address"}, AddressNotUnderstood),
        ({"address": "a@b.example, c@d.example"}, AddressNotUnderstood),
        ({"name": "taken"}, SenderKnown),
        ({"user": "me"}, PasswordMissing),
        ({"zone": "Nowhere/At_All"}, NotUnderstood),
    ],
)
def test_what_cannot_be_a_sender_is_told(more: dict[str, str], kind: type[Exception], put: Put, lin: Person) -> None:
    put("taken")
    with pytest.raises(kind):
        actions.put_mail_account(None, replace(DRAFT, **more), T0)  # type: ignore[arg-type]  # as named
    assert session().query(Sender).filter_by(name="news").count() == 0


TYPED = {
    "name": "news", "address": "news@news.example", "from_name": "新闻", "host": "127.0.0.1", "tls": "none",
    "zone": "Asia/Shanghai", "per_hour": "200", "per_day": "50", "warm_from": "2026-01-20", "warm_first": "60",
}  # fmt: skip


def test_pages_make_try_and_change_a_sender(server: Server, lins_browser: FlaskClient) -> None:
    typed = TYPED | {"port": str(server.port)}
    page = lins_browser.post("/settings/senders/new", data=typed, follow_redirects=True).text
    assert "It works" in page
    assert "/ 50" in page
    number = session().scalars(select(Sender.id).where(Sender.name == "news")).one()
    page = lins_browser.post(f"/settings/senders/{number}/edit", data=typed | {"port": "1"}, follow_redirects=True).text
    assert "does not let us in" in page
    assert "refused" in lins_browser.get("/settings/senders").text
    lins_browser.post(f"/settings/senders/{number}/edit", data=typed)
    assert "refused" not in lins_browser.get("/settings/senders").text
    lins_browser.post(f"/settings/senders/{number}/test")
    letter = session().scalars(select(Letter).where(Letter.sender_id == number)).one()
    assert (letter.lane, letter.identity_value) == (Lane.ASKED, "lin@orange.example")
    for verb, told in (("stop", "Stopped"), ("resume", "leave again")):
        assert told in lins_browser.post(f"/settings/senders/{number}/{verb}", follow_redirects=True).text
    refused = lins_browser.post(f"/settings/senders/{number}/retire")
    assert refused.status_code == 409
    assert "hand them on" in refused.text
    handed = lins_browser.post(f"/settings/senders/{number}/hand-on", data={"to": ""}, follow_redirects=True).text
    assert "1 letter was handed on" in handed
    assert "any more" in lins_browser.post(f"/settings/senders/{number}/retire", follow_redirects=True).text


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong(lins_browser: FlaskClient) -> None:
    for more, told in (
        ({"host": "http://mail"}, "A host name only"),
        ({"per_hour": "0"}, "A whole number from 1 on"),
        ({"warm_first": ""}, "leave both empty"),
        ({"address": "nonsense"}, "Write an address alone"),
        ({"user": "me"}, "A user needs a password"),
        ({"zone": "Mars/Base"}, "no such time zone"),
    ):
        answer = lins_browser.post("/settings/senders/new", data=TYPED | more)
        assert answer.status_code == 422
        assert told in answer.text
        assert "新闻" in answer.text
    assert session().query(Sender).count() == 0
