"""Our accounts in forums, QQ, WeChat ...: what each may still do today, and what a new one lacks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, ScalarSelect, and_, func, select

from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.outbox.models import AccountUser, Letter, SeedingPost, Sender, SenderDay, WritingAs
from crm.outbox.rules import LetterState, SenderKind, day_in, left_today, next_day_in, seeding_left
from crm.people.models import Person

MOST = 500


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it stands at a moment. `held` are letters on somebody's screen that will be written from it."""

    sender: Sender
    level: int | None
    posts: int
    sent: int
    held: int
    users: frozenset[int]
    opens_at: datetime

    @property
    def lacks(self) -> tuple[int, int]:
        """(levels, posts)"""
        return seeding_left(self.level, self.posts, self.sender.needs_level, self.sender.needs_posts)

    @property
    def left(self) -> int | None:
        return left_today(self.sender.per_day, self.sent, self.held)

    @property
    def may_send(self) -> bool:
        return self.sender.active and self.lacks == (0, 0)

    @property
    def has_room(self) -> bool:
        return self.may_send and self.left != 0

    def is_for(self, staff_id: int) -> bool:
        return not self.users or staff_id in self.users


def zone_of(sender: Sender) -> ZoneInfo:
    return ZoneInfo(sender.zone or programme.required().zone)


def _holds(at: datetime) -> ScalarSelect[int]:
    """Letters on a screen that will be written from the account."""
    on_screen = and_(Letter.held_by_id == WritingAs.staff_id, Letter.origin_id == WritingAs.origin_id)
    return (
        select(func.count())
        .select_from(WritingAs)
        .join(Letter, on_screen)
        .where(WritingAs.sender_id == Sender.id, Letter.state == LetterState.QUEUED, Letter.lease_until > at)
        .correlate(Sender)
        .scalar_subquery()
    )


def day_moment(at: datetime) -> datetime:
    """A day is the programme's: while its time is held, it is always the same one."""
    return programme.required().held_at or at


def _sent(senders: Sequence[Sender], at: datetime) -> dict[int, int]:
    days = {sender.id: day_in(zone_of(sender), day_moment(at)) for sender in senders}
    rows = session().execute(
        select(SenderDay.sender_id, SenderDay.day, SenderDay.sent).where(
            SenderDay.sender_id.in_(days), SenderDay.day.in_(set(days.values()))
        )
    )
    return {row[0]: row[2] for row in rows if days[row[0]] == row[1]}


def _users(ids: Sequence[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    rows = session().execute(select(AccountUser.sender_id, AccountUser.person_id).where(AccountUser.sender_id.in_(ids)))
    for sender_id, person_id in rows:
        found.setdefault(sender_id, set()).add(person_id)
    return found


def _with_log(at: datetime, *where: ColumnElement[bool]) -> list[tuple[Sender, int | None, int, int]]:
    """(account, its level, how many posts, how many on screens).

    The level is the newest one in its log, else that it began with.
    """
    mine = SeedingPost.sender_id == Sender.id
    posts = select(func.count()).where(mine).correlate(Sender).scalar_subquery()
    newest = (
        select(SeedingPost.level_after)
        .where(mine, SeedingPost.level_after.is_not(None))
        .order_by(SeedingPost.posted_on.desc(), SeedingPost.id.desc())
        .limit(1)
        .correlate(Sender)
        .scalar_subquery()
    )
    query = select(Sender, func.coalesce(newest, Sender.level), posts, _holds(at)).where(
        Sender.kind == SenderKind.ACCOUNT, *where
    )
    rows = session().execute(query.order_by(Sender.active.desc(), Sender.channel, Sender.name).limit(MOST))
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def _standing(at: datetime, *where: ColumnElement[bool]) -> list[Account]:
    found = _with_log(at, *where)
    senders = [row[0] for row in found]
    ids = [sender.id for sender in senders]
    if not ids:
        return []
    sent, users = _sent(senders, at), _users(ids)
    return [
        Account(
            sender=sender,
            level=level,
            posts=posts,
            sent=sent.get(sender.id, 0),
            held=held,
            users=frozenset(users.get(sender.id, ())),
            opens_at=next_day_in(zone_of(sender), day_moment(at)),
        )
        for sender, level, posts, held in found
    ]


def accounts(at: datetime) -> list[Account]:
    """All of them, those that are stopped last."""
    return _standing(at)


def accounts_over(kinds: Collection[str], at: datetime) -> list[Account]:
    """The running accounts that write to these kinds of identity."""
    return _standing(at, Sender.active.is_(True), Sender.channel.in_(kinds)) if kinds else []


def account_or_404(sender_id: int, at: datetime) -> Account:
    found = _standing(at, Sender.id == sender_id)
    if not found:
        raise NotThere(_("There is no such account."))
    return found[0]


def names_of(person_ids: Collection[int]) -> dict[int, str]:
    rows = session().execute(select(Person.id, Person.name).where(Person.id.in_(person_ids)))
    return {row[0]: row[1] or f"#{row[0]}" for row in rows}


def staff_choices() -> list[tuple[int, str]]:
    query = select(Person.id, Person.name).where(Person.is_staff.is_(True), Person.forgotten_at.is_(None))
    return [(number, name or f"#{number}") for number, name in session().execute(query.order_by(Person.name))]


def posts_of(sender_id: int, limit: int | None = None) -> list[SeedingPost]:
    """The seeding log, the newest first."""
    query = select(SeedingPost).where(SeedingPost.sender_id == sender_id)
    return list(session().scalars(query.order_by(SeedingPost.posted_on.desc(), SeedingPost.id.desc()).limit(limit)))
