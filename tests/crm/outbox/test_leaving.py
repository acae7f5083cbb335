from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from crm.core.db import session
from crm.core.programme import required
from crm.core.restand import Restand
from crm.core.smtp import Answer, Fate
from crm.outbox.actions import (
    cancel_letters,
    deliver_due,
    end,
    hand_back,
    refuse_by_letter,
    set_pace,
    still_welcome,
    sweep_leases,
    take_due,
)
from crm.outbox.models import CampaignRefusal, Contact, Letter, Sender, SenderDay, Touch
from crm.outbox.rules import Lane, LeaveAlone, LetterState, Outcome, SenderKind, next_day_in
from crm.people.actions import make_origin, merge, suppress
from crm.people.actions.suppressing import suppress_pairs
from crm.people.models import Identity, Person
from crm.people.rules import OriginKind, SuppressionReason
from tests.crm.outbox.conftest import Write
from tests.make import T0

HOUR = timedelta(hours=1)


def states() -> Counter[LetterState]:
    session().expire_all()
    return Counter(session().scalars(select(Letter.state)))


def origin(key: str) -> int:
    return make_origin(OriginKind.CAMPAIGN, key, key)


def test_the_same_occasion_is_written_once(people: list[Person], write: Write) -> None:
    for _time in range(2):
        write(people, "n:1")
    assert states() == {LetterState.QUEUED: 6}


def test_a_sent_letter_makes_a_touch_and_a_contact(people: list[Person], write: Write) -> None:
    write(people, "c:1", origin="spring")
    assert deliver_due(T0 + HOUR) == 6
    assert states() == {LetterState.SENT: 6}
    touches = session().scalars(select(Touch)).all()
    assert {(touch.outcome, touch.channel, touch.origin_id) for touch in touches} == {
        (Outcome.SENT, "email", origin("spring"))
    }
    contact = session().get_one(Contact, people[0].id)
    assert (contact.first_sent_at, contact.first_origin_id) == (T0 + HOUR, origin("spring"))
    assert session().scalar(select(func.count()).select_from(Restand)) == 6
    assert deliver_due(T0 + HOUR) == 0


def test_nothing_leaves_before_it_is_due_or_after_it_is_of_use(people: list[Person], write: Write) -> None:
    write(people[:3], "n:1", due_at=T0 + 2 * HOUR)
    write(people[3:], "n:1", expires_at=T0 + HOUR)
    assert deliver_due(T0 + HOUR) == 0
    assert states() == {LetterState.QUEUED: 3, LetterState.EXPIRED: 3}


@pytest.mark.parametrize("first", ["merged", "suppressed"])
def test_a_letter_of_two_who_became_one_does_not_leave_when_either_is_suppressed(
    people: list[Person], write: Write, first: str
) -> None:
    write(people[:2], "c:1", origin="spring")
    if first == "merged":
        merge(people[0].id, people[1].id, at=T0)
        suppress([people[0].id], SuppressionReason.UNSUBSCRIBED, T0)
    else:
        suppress([people[0].id], SuppressionReason.UNSUBSCRIBED, T0)
        merge(people[0].id, people[1].id, at=T0)
    assert {letter.person_id for letter in session().scalars(select(Letter))} == {people[0].id, people[1].id}
    assert deliver_due(T0 + HOUR) == 0
    assert states() == {LetterState.SUPPRESSED: 2}


def test_a_letter_does_not_leave_to_an_address_on_the_list_that_its_person_has_no_more(
    people: list[Person], write: Write
) -> None:
    write(people[:2], "n:1")
    session().query(Identity).filter_by(person_id=people[0].id).delete()
    suppress_pairs([("email", "p0@people.example")], SuppressionReason.BOUNCED, T0)
    assert deliver_due(T0 + HOUR) == 1
    assert states() == {LetterState.SUPPRESSED: 1, LetterState.SENT: 1}


@pytest.mark.parametrize("fate", [Fate.PUT_OFF, Fate.KEPT])
def test_who_ends_campaigns_while_a_letter_leaves_does_not_get_it_when_it_comes_back(
    people: list[Person], write: Write, fate: Fate
) -> None:
    write(people[:2], "c:1", origin="spring")
    write(people[:1], "n:1")
    taken = take_due(T0, 10)
    mine = next(letter for letter in taken if letter.lane is Lane.CAMPAIGN and letter.person_id == people[0].id)
    refuse_by_letter(mine.id, T0, LeaveAlone.CAMPAIGNS)
    assert end([(letter, Answer(fate, "451 later")) for letter in taken], T0) == 0
    assert deliver_due(T0 + HOUR) == 2
    session().expire_all()
    stopped = session().get_one(Letter, mine.id)
    assert (stopped.state, stopped.reason) == (LetterState.SUPPRESSED, "no_campaigns")


def test_who_ends_campaigns_gets_no_letter_that_waits_under_an_earlier_number(
    people: list[Person], write: Write
) -> None:
    write(people[:2], "c:1", origin="spring")
    session().add(CampaignRefusal(person_id=people[0].id, at=T0))
    merge(people[0].id, people[1].id, at=T0)
    assert deliver_due(T0 + HOUR) == 0
    assert states() == {LetterState.SUPPRESSED: 2}


def test_while_nobody_has_refused_anything_one_question_says_so(
    people: list[Person], write: Write, queries_of: Callable[[Callable[[], object]], int]
) -> None:
    write(people, "c:1", origin="spring")
    taken = take_due(T0, 10)
    assert queries_of(lambda: still_welcome(taken, T0)) == 1


def test_suppressed_people_get_only_what_they_asked_for(people: list[Person], write: Write) -> None:
    write(people[:2], "n:0")
    suppress([person.id for person in people], SuppressionReason.DECLINED, T0)
    write(people[2:4], "n:1")
    write(people[4:], "link:1", lane=Lane.ASKED)
    assert deliver_due(T0 + HOUR) == 2
    assert states() == {LetterState.SUPPRESSED: 4, LetterState.SENT: 2}


def test_what_was_asked_for_goes_before_notices_and_these_before_campaigns(people: list[Person], write: Write) -> None:
    write(people[:2], "c:1", origin="spring")
    write(people[2:4], "n:1")
    write(people[4:], "link:1", lane=Lane.ASKED)
    taken = take_due(T0 + HOUR, 5)
    assert [letter.lane for letter in taken] == [Lane.ASKED] * 2 + [Lane.NOTICE] * 2 + [Lane.CAMPAIGN]


def test_campaigns_take_fair_turns(people: list[Person], write: Write) -> None:
    for name in ("spring", "summer", "autumn"):
        write(people, f"c:{name}", origin=name)
    taken = take_due(T0 + HOUR, 9)
    assert Counter(letter.origin_id for letter in taken) == {origin(n): 3 for n in ("spring", "summer", "autumn")}
    rest = take_due(T0 + HOUR, 100)
    assert len(rest) == 9


def test_what_one_campaign_does_not_need_goes_to_the_others(people: list[Person], write: Write) -> None:
    write(people[:1], "c:spring", origin="spring")
    write(people, "c:summer", origin="summer")
    assert len(take_due(T0 + HOUR, 6)) == 6


def test_a_letter_that_one_worker_has_taken_is_not_taken_by_another(people: list[Person], write: Write) -> None:
    write(people, "n:1")
    assert len(take_due(T0, 4)) == 4
    assert len(take_due(T0, 4)) == 2
    assert take_due(T0 + HOUR, 10) == [], "nor later: what was being sent is for a person to decide"


def test_the_pace_spreads_letters_over_the_hour(people: list[Person], write: Write) -> None:
    write(people, "c:spring", origin="spring")
    set_pace(origin("spring"), 4, paused=False, at=T0)
    left = [deliver_due(T0 + timedelta(minutes=minute)) for minute in range(0, 61, 5)]
    assert left == [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1]


def test_a_stop_is_not_caught_up_with_in_one_go(people: list[Person], write: Write) -> None:
    write(people, "c:spring", origin="spring")
    set_pace(origin("spring"), 60, paused=False, at=T0)
    assert deliver_due(T0 + 5 * HOUR) <= 2


def test_a_campaign_keeps_within_its_day_of_the_programmes_zone(people: list[Person], write: Write) -> None:
    write(people, "c:1", origin="spring")
    set_pace(origin("spring"), None, 2, paused=False, at=T0)
    end_of_day = next_day_in(required().tz, T0)
    assert [deliver_due(T0), deliver_due(end_of_day - timedelta(seconds=1)), deliver_due(end_of_day)] == [2, 0, 2]
    set_pace(origin("spring"), None, 3, paused=False, at=end_of_day)
    assert deliver_due(end_of_day) == 1, "one more than it was"


def test_what_a_server_did_not_take_is_not_counted_for_the_campaigns_day(people: list[Person], write: Write) -> None:
    write(people, "c:1", origin="spring")
    set_pace(origin("spring"), None, 2, paused=False, at=T0)
    hand_back(take_due(T0, 100))
    assert deliver_due(T0) == 2


def test_what_was_taken_before_midnight_gives_no_room_to_the_day_after_it(people: list[Person], write: Write) -> None:
    write(people, "c:1", origin="spring")
    set_pace(origin("spring"), None, 2, paused=False, at=T0)
    midnight = next_day_in(required().tz, T0)
    flying = take_due(midnight - timedelta(seconds=1), 100)
    assert (len(flying), len(take_due(midnight, 100))) == (2, 2)
    hand_back(flying)
    assert take_due(midnight, 100) == []


def test_what_came_too_late_is_not_counted_for_the_campaigns_day(people: list[Person], write: Write) -> None:
    write(people, "c:1", origin="spring")
    late = select(Letter.id).order_by(Letter.id).limit(2)
    session().execute(update(Letter).where(Letter.id.in_(late.subquery().select())).values(expires_at=T0))
    set_pace(origin("spring"), None, 3, paused=False, at=T0)
    assert deliver_due(T0) == 3


def test_a_limit_that_was_lifted_meanwhile_is_not_paid_back(people: list[Person], write: Write) -> None:
    write(people, "c:1", origin="spring")
    set_pace(origin("spring"), None, 2, paused=False, at=T0)
    assert deliver_due(T0) == 2
    set_pace(origin("spring"), None, None, paused=False, at=T0)
    hand_back(take_due(T0, 2))
    set_pace(origin("spring"), None, 2, paused=False, at=T0)
    assert take_due(T0, 100) == []


def test_a_paused_campaign_waits_and_then_keeps_its_pace(people: list[Person], write: Write) -> None:
    write(people, "c:spring", origin="spring")
    set_pace(origin("spring"), 4, paused=True, at=T0)
    assert deliver_due(T0 + HOUR) == 0
    set_pace(origin("spring"), 4, paused=False, at=T0 + 2 * HOUR)
    assert deliver_due(T0 + 2 * HOUR) == 1
    assert cancel_letters(origin("spring"), T0 + 3 * HOUR, "finished") == 5
    assert states() == {LetterState.SENT: 1, LetterState.CANCELLED: 5}


def test_letters_whose_worker_died_become_uncertain_and_stay_so(people: list[Person], write: Write) -> None:
    write(people, "n:1")
    assert len(take_due(T0, 1)) == 1
    assert sweep_leases(T0 + timedelta(seconds=30)) == 0
    assert sweep_leases(T0 + HOUR) == 1
    assert sweep_leases(T0 + HOUR) == 0
    assert deliver_due(T0 + 2 * HOUR) == 5
    assert states() == {LetterState.UNCERTAIN: 1, LetterState.SENT: 5}


def test_what_a_sender_has_sent_on_a_day_of_its_zone_is_counted(people: list[Person], write: Write) -> None:
    sender = Sender(kind=SenderKind.MAILBOX, name="post", zone="Asia/Shanghai")
    session().add(sender)
    session().flush()
    write(people, "n:1", sender_id=sender.id)
    deliver_due(T0, 4)
    deliver_due(T0 + 10 * HOUR)
    rows = session().execute(select(SenderDay.day, SenderDay.sent).order_by(SenderDay.day))
    assert [tuple(row) for row in rows] == [("2026-01-05", 4), ("2026-01-06", 2)]
