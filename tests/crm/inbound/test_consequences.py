from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from crm.core import clock
from crm.core.db import session
from crm.core.tokens import keyed_hash
from crm.inbound.models import Mailbox
from crm.inbound.queries import has_replied_since
from crm.inbound.rules import IncomingKind
from crm.outbox.actions import put_wording, sweep_leases, take_due, write_letter
from crm.outbox.models import Contact, Letter, Touch
from crm.outbox.rules import Lane, LetterState, Outcome
from crm.people.actions import merge, suppress
from crm.people.models import Person, Suppression
from crm.people.queries import suppressed
from crm.people.rules import SuppressionReason
from tests import make
from tests.crm.inbound.conftest import SentLetter, arrives
from tests.crm.inbound.mails import complaint, reply, report
from tests.make import T0


def reason_of(value: str) -> SuppressionReason | None:
    query = select(Suppression.reason).where(Suppression.hash == keyed_hash(f"email:{value}"))
    return session().scalar(query)


def outcomes(person: Person) -> list[Outcome]:
    return list(session().scalars(select(Touch.outcome).where(Touch.person_id == person.id).order_by(Touch.id)))


def test_a_hard_bounce_ends_the_letter_and_suppresses_the_address(box: Mailbox, bo: Person, sent: SentLetter) -> None:
    letter = sent(bo)
    made = arrives(box, report(letter))
    session().expire_all()
    assert made is not None
    assert (made.kind, made.status, made.from_address) == (IncomingKind.HARD_BOUNCE, "5.1.1", "bo@prospects.example")
    assert (letter.state, letter.reason) == (LetterState.BOUNCED, "550 5.1.1 no such user")
    assert reason_of("bo@prospects.example") is SuppressionReason.BOUNCED
    assert outcomes(bo) == [Outcome.SENT, Outcome.NOT_FOUND]
    assert session().get_one(Contact, bo.id).waiting_since is None


def test_the_same_report_twice_counts_once(box: Mailbox, bo: Person, sent: SentLetter) -> None:
    letter = sent(bo)
    assert arrives(box, report(letter)) is not None
    assert arrives(box, b"Received: by another way\r\n" + report(letter)) is None
    assert outcomes(bo) == [Outcome.SENT, Outcome.NOT_FOUND]


def test_nobody_forges_a_bounce(box: Mailbox, bo: Person, sent: SentLetter) -> None:
    letter = sent(bo)
    digits = keyed_hash(f"letter:{letter.id}")[:16].encode()
    made = arrives(box, report(letter).replace(digits, b"0" * 16))
    session().expire_all()
    assert made is not None
    assert (made.proved, made.letter_id) == (False, letter.id)  # by the address it names
    assert letter.state is LetterState.SENT
    assert suppressed([bo.id]) == set()


def test_soft_bounces_suppress_when_there_are_enough(box: Mailbox, bo: Person, sent: SentLetter) -> None:
    letters = [sent(bo, f"notice:{number}") for number in range(5)]
    for letter in letters[:4]:
        arrives(box, report(letter, status="4.2.2", said="452 mailbox full"))
    assert suppressed([bo.id]) == set()
    arrives(box, report(letters[4], status="4.2.2", said="452 mailbox full"))
    session().expire_all()
    assert reason_of("bo@prospects.example") is SuppressionReason.BOUNCED
    assert [one.state for one in letters] == [LetterState.SENT] * 4 + [LetterState.BOUNCED]


def test_soft_bounces_of_long_ago_do_not_count(box: Mailbox, bo: Person, sent: SentLetter) -> None:
    for number in range(5):
        made = arrives(box, report(sent(bo, f"notice:{number}"), status="4.2.2"), later=timedelta(days=number * 20))
        assert made is not None
        made.at = clock.now() + timedelta(days=number * 20)
    assert suppressed([bo.id]) == set()


def test_a_delay_is_no_bounce(box: Mailbox, bo: Person, sent: SentLetter) -> None:
    for number in range(6):
        arrives(box, report(sent(bo, f"notice:{number}"), action="delayed", status="4.4.1"))
    assert suppressed([bo.id]) == set()


def test_a_complaint_is_a_refusal_over_all_identities(box: Mailbox, bo: Person, sent: SentLetter) -> None:
    made = arrives(box, complaint(sent(bo)))
    assert made is not None
    assert made.kind is IncomingKind.COMPLAINT
    assert {row.reason for row in session().scalars(select(Suppression))} == {SuppressionReason.COMPLAINT}
    assert session().query(Suppression).count() == 2  # QQ too
    assert outcomes(bo)[-1] is Outcome.REFUSED


def test_a_refusal_after_a_bounce_is_final(box: Mailbox, bo: Person, sent: SentLetter) -> None:
    letter = sent(bo)
    arrives(box, report(letter))
    arrives(box, complaint(letter))
    assert reason_of("bo@prospects.example") is SuppressionReason.COMPLAINT
    suppress([bo.id], SuppressionReason.BOUNCED, T0)
    assert reason_of("bo@prospects.example") is SuppressionReason.COMPLAINT


def test_an_automatic_answer_is_recorded_and_is_no_reply(box: Mailbox, bo: Person, sent: SentLetter) -> None:
    letter = sent(bo)
    for more in ("Auto-Submitted: auto-replied\r\n", "X-Autoreply: yes\r\n"):
        made = arrives(box, reply(letter, more=more))
        assert made is not None
        assert made.kind is IncomingKind.AUTO_REPLY
    assert outcomes(bo) == [Outcome.SENT]


def test_an_answer_without_a_thread_is_known_by_its_address(box: Mailbox, bo: Person, sent: SentLetter) -> None:
    made = arrives(box, reply(None, by="BO@Prospects.example"))
    assert made is not None
    assert (made.kind, made.person_id, made.proved) == (IncomingKind.REPLY, bo.id, False)


def test_mail_from_nobody_we_know_is_listed_only(box: Mailbox, bo: Person) -> None:
    made = arrives(box, reply(None, by="who@elsewhere.example"))
    assert made is not None
    assert (made.kind, made.person_id) == (IncomingKind.OTHER, None)
    assert session().query(Touch).count() == 0


def test_an_answer_from_another_address_belongs_to_the_letters_person(
    box: Mailbox, bo: Person, sent: SentLetter
) -> None:
    made = arrives(box, reply(sent(bo), by="bo@private.example"))
    assert made is not None
    assert made.person_id == bo.id


def test_who_has_answered_since_is_known(box: Mailbox, bo: Person, ada: Person, sent: SentLetter) -> None:
    before = clock.now() - timedelta(minutes=1)
    arrives(box, reply(sent(bo)))
    assert has_replied_since([bo.id, ada.id], before) == {bo.id}
    assert has_replied_since([bo.id, ada.id], clock.now() + timedelta(days=1)) == set()


def test_a_second_answer_to_a_letter_is_a_touch_too(box: Mailbox, bo: Person, sent: SentLetter) -> None:
    letter = sent(bo)
    arrives(box, reply(letter, text="first"))
    arrives(box, reply(letter, text="second"))
    assert outcomes(bo) == [Outcome.SENT, Outcome.REPLIED, Outcome.REPLIED]


def test_a_bounce_tells_that_an_uncertain_letter_had_left(box: Mailbox, bo: Person, sent: SentLetter) -> None:

    put_wording("notice", "en", "Come and see", "Dear {{ name }}", T0)
    number = write_letter(bo.id, "notice:9", "notice", {"name": "Bo"}, lane=Lane.NOTICE, at=T0)
    assert len(take_due(T0, 1)) == 1
    sweep_leases(T0 + timedelta(hours=1))
    letter = session().get_one(Letter, number, populate_existing=True)
    states = [letter.state]
    arrives(box, report(letter))
    session().expire_all()
    assert [*states, letter.state] == [LetterState.UNCERTAIN, LetterState.BOUNCED]


def test_a_bounce_of_a_merged_persons_letter_is_that_of_who_stands_for_both(
    box: Mailbox, bo: Person, sent: SentLetter
) -> None:

    letter, keep = sent(bo), make.person("Bob")
    merge(keep.id, bo.id, at=T0)
    made = arrives(box, report(letter))
    assert made is not None
    assert made.person_id == keep.id


def test_one_of_us_who_writes_there_waits_for_no_answer(box: Mailbox, lin: Person) -> None:
    made = arrives(box, reply(None, by="lin@orange.example"))
    assert made is not None
    assert (made.kind, made.person_id) == (IncomingKind.OTHER, None)
