from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from crm.core.db import session
from crm.core.errors import NotAllowed, NotUnderstood
from crm.outbox.actions import (
    AccountDraft,
    NewPost,
    add_post,
    add_posts,
    free_lease,
    next_by_hand,
    record_by_hand,
    remove_post,
    save_account,
    set_account_active,
    set_account_users,
)
from crm.outbox.actions.accounts import AccountKnown, PostKnown
from crm.outbox.models import Letter, SeedingPost, Sender
from crm.outbox.queries.accounts import account_or_404, accounts_over
from crm.outbox.rules import HandEnd, next_day_in
from crm.people.actions import make_origin
from crm.people.models import Person
from crm.people.rules import OriginKind
from tests import make
from tests.crm.outbox.conftest import Write
from tests.make import T0

TODAY = T0.date()
DAY = timedelta(days=1)


@pytest.fixture
def queue(people: list[Person], write: Write, lin: Person) -> int:
    write(people[:5], "c:1", origin="spring", hand=True)
    return make_origin(OriginKind.CAMPAIGN, "spring", "spring")


def account(name: str = "seed_qq", **more: int) -> Sender:
    return save_account(None, AccountDraft(name, "qq", zone="Asia/Shanghai", **more), at=T0)  # type: ignore[arg-type]  # numbers


def written(staff: Person, queue: int, sender: Sender, at: datetime) -> bool:
    letter = next_by_hand(staff.id, queue, at, sender.id)
    if letter is None:
        return False
    record_by_hand(letter.id, HandEnd.SENT, staff.id, at, recorded_at=at, account_id=sender.id)
    return True


def test_an_account_writes_as_many_as_its_day_holds_and_goes_on_the_next(queue: int, lin: Person) -> None:
    """T0 is five in the afternoon in Shanghai: its day ends seven hours later."""
    sender = account(per_day=2)
    assert [written(lin, queue, sender, T0) for _turn in range(3)] == [True, True, False]
    now = account_or_404(sender.id, T0)
    assert (now.sent, now.left, now.opens_at) == (2, 0, datetime(2026, 1, 5, 16, tzinfo=UTC))
    assert not written(lin, queue, sender, now.opens_at - timedelta(seconds=1))
    assert written(lin, queue, sender, now.opens_at)
    assert set(session().scalars(select(Letter.sender_id).where(Letter.sent_at.is_not(None)))) == {sender.id}


def test_what_is_on_a_screen_counts_against_the_day(queue: int, lin: Person) -> None:
    sender, mei = account(per_day=1), make.staff("Mei")
    held = next_by_hand(lin.id, queue, T0, sender.id)
    assert held is not None
    assert next_by_hand(mei.id, queue, T0, sender.id) is None
    free_lease(held.id, T0)
    assert next_by_hand(mei.id, queue, T0, sender.id) is not None


def test_a_new_account_offers_nobody_before_its_log_is_long_enough(queue: int, lin: Person) -> None:
    sender = account(level=1, needs_level=3, needs_posts=2)
    assert account_or_404(sender.id, T0).lacks == (2, 2)
    assert next_by_hand(lin.id, queue, T0, sender.id) is None
    add_posts(
        sender.id,
        [
            NewPost(TODAY - DAY, "gfan.com", "https://gfan.com/1", level_after=3),
            NewPost(TODAY - 3 * DAY, "gfan.com", "https://gfan.com/2", level_after=2),
        ],
        today=TODAY,
        at=T0,
    )
    assert account_or_404(sender.id, T0).lacks == (0, 0)
    assert next_by_hand(lin.id, queue, T0, sender.id) is not None


def test_a_post_stands_once_and_can_be_taken_out(lin: Person) -> None:
    sender = account()
    post = NewPost(TODAY, "gfan.com", "https://gfan.com/1")
    add_post(sender.id, post, today=TODAY, at=T0, by_id=lin.id)
    with pytest.raises(PostKnown):
        add_post(sender.id, post, today=TODAY, at=T0)
    without_link = NewPost(TODAY, "gfan.com", note="said hello")
    assert add_posts(sender.id, [without_link, without_link, post], today=TODAY, at=T0) == (1, 2)
    for number in session().scalars(select(SeedingPost.id)).all():
        remove_post(sender.id, number, at=T0)
    assert account_or_404(sender.id, T0).posts == 0


@pytest.mark.parametrize(
    "post",
    [
        NewPost(TODAY + DAY, "gfan.com"),
        NewPost(TODAY, " "),
        NewPost(TODAY, "gfan.com", "javascript:alert(1)"),
        NewPost(TODAY, "gfan.com", level_after=-1),
        NewPost(TODAY, "x" * 501),
    ],
)
def test_a_post_that_cannot_be_is_refused(lin: Person, post: NewPost) -> None:
    sender = account()
    with pytest.raises(NotUnderstood):
        add_posts(sender.id, [NewPost(TODAY, "gfan.com"), post], today=TODAY, at=T0)
    assert account_or_404(sender.id, T0).posts == 0


def test_an_account_of_others_offers_nobody(queue: int, lin: Person) -> None:
    sender, mei = account(), make.staff("Mei")
    set_account_users(sender.id, [mei.id], at=T0)
    with pytest.raises(NotAllowed):
        next_by_hand(lin.id, queue, T0, sender.id)
    assert next_by_hand(mei.id, queue, T0, sender.id) is not None
    set_account_users(sender.id, [], at=T0)
    assert next_by_hand(lin.id, queue, T0, sender.id) is not None


def test_a_letter_meant_for_an_account_is_offered_to_no_other(queue: int, lin: Person) -> None:
    meant, other = account("meant"), account("other")
    for letter in session().scalars(select(Letter)):
        letter.sender_id = meant.id
    session().flush()
    assert next_by_hand(lin.id, queue, T0, other.id) is None
    assert next_by_hand(lin.id, queue, T0, meant.id) is not None


def test_changing_the_account_keeps_who_is_on_the_screen_if_they_fit(queue: int, lin: Person) -> None:
    first, second = account("first"), account("second")
    held = next_by_hand(lin.id, queue, T0, first.id)
    again = next_by_hand(lin.id, queue, T0, second.id)
    assert held is not None
    assert again is not None
    assert held.id == again.id


def test_a_stopped_account_is_not_offered(queue: int, lin: Person) -> None:
    sender = account()
    set_account_active(sender.id, False, at=T0)
    assert accounts_over(["qq"], T0) == []
    assert next_by_hand(lin.id, queue, T0, sender.id) is None


@pytest.mark.parametrize(
    "draft",
    [
        AccountDraft("", "qq"),
        AccountDraft("x", "email"),
        AccountDraft("x", "nowhere"),
        AccountDraft("x", "qq", zone="Asia/Nowhere"),
        AccountDraft("x", "qq", zone="../etc/passwd"),
        AccountDraft("x", "qq", address="javascript:alert(1)"),
    ],
)
def test_an_account_that_cannot_be_is_refused(lin: Person, draft: AccountDraft) -> None:
    with pytest.raises(NotUnderstood):
        save_account(None, draft, at=T0)


def test_two_senders_never_share_a_name(lin: Person) -> None:
    account("same")
    with pytest.raises(AccountKnown):
        account("same")


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)),
    ],
)
def test_a_day_of_23_or_25_hours_ends_at_its_midnight(at: datetime, opens: datetime) -> None:
    assert next_day_in(ZoneInfo("Europe/Berlin"), at) == opens


def test_what_lies_a_day_back_in_the_log_does_not_set_the_level(lin: Person) -> None:
    sender = account(level=1)
    for day, level in ((date(2026, 1, 4), 3), (date(2026, 1, 2), 2)):
        add_post(sender.id, NewPost(day, "gfan.com", level_after=level), today=TODAY, at=T0)
    assert account_or_404(sender.id, T0).level == 3
