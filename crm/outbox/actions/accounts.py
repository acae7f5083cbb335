"""Our accounts in forums, QQ, WeChat ...: made, changed, stopped; and the log of what a new one posts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask_babel import gettext as _
from sqlalchemy import Table, delete, select

from crm.core import journal
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood, Refusal
from crm.outbox.models import AccountUser, SeedingPost, Sender
from crm.outbox.rules import SenderKind
from crm.people.rules import is_identity_kind

LONGEST = 500
USER = cast(Table, AccountUser.__table__)
POST = cast(Table, SeedingPost.__table__)


class AccountKnown(Refusal):
    """There is a sender of this name already."""


class PostKnown(Refusal):
    """This account's log has the post already."""


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """What can be said of an account. `address`: where one of its members is seen, with {} for their name there."""

    name: str
    channel: str
    level: int | None = None
    per_day: int | None = None
    zone: str | None = None
    needs_level: int | None = None
    needs_posts: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class NewPost:
    posted_on: date
    forum: str
    link: str = ""
    note: str = ""
    level_after: int | None = None


def account_row(sender_id: int) -> Sender:
    found = session().get(Sender, sender_id)
    if found is None or found.kind is not SenderKind.ACCOUNT:
        raise NotThere(_("There is no such account."))
    return found


def _check(draft: AccountDraft, known_id: int | None) -> None:
    if not draft.name:
        raise NotUnderstood(_("An account needs a name: the one it writes under."))
    if not is_identity_kind(draft.channel) or draft.channel == "email":
        raise NotUnderstood(_("Choose where the account writes: QQ, WeChat, or a forum such as forum:gfan.com."))
    if draft.address and not draft.address.startswith(("https://", "http://")):
        raise NotUnderstood(_("The address of a member begins with https:// and holds {} where the name goes."))
    try:
        ZoneInfo(draft.zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise NotUnderstood(_("There is no such time zone. Write one like Asia/Shanghai.")) from error
    other = session().scalar(select(Sender.id).where(Sender.name == draft.name))
    if other is not None and other != known_id:
        raise AccountKnown(_("There is a sender called “%(name)s” already: choose another name.", name=draft.name))


def save_account(sender_id: int | None, draft: AccountDraft, *, at: datetime) -> Sender:
    """Makes an account (None) or changes one. Raises NotUnderstood, AccountKnown, NotThere."""
    _check(draft, sender_id)
    new = asdict(draft)
    if sender_id is None:
        sender, before = Sender(kind=SenderKind.ACCOUNT, **new), None
        session().add(sender)
    else:
        sender = account_row(sender_id)
        before = {name: getattr(sender, name) for name in new}
        for name, value in new.items():
            setattr(sender, name, value)
    session().flush()
    if before != new:
        verb = "account.create" if before is None else "account.change"
        journal.record(verb, f"sender:{sender.id}", at=at, before=before, after=new)
    return sender


def set_account_users(sender_id: int, person_ids: Collection[int], *, at: datetime) -> None:
    """Who writes from it; nobody named: everybody who writes letters."""
    account_row(sender_id)
    was = set(session().scalars(select(AccountUser.person_id).where(AccountUser.sender_id == sender_id)))
    now = set(person_ids)
    if was == now:
        return
    session().execute(delete(AccountUser).where(AccountUser.sender_id == sender_id, AccountUser.person_id.not_in(now)))
    insert_or_pass(USER, [{"sender_id": sender_id, "person_id": one} for one in sorted(now - was)])
    before, after = {"users": sorted(was)}, {"users": sorted(now)}
    journal.record("account.users", f"sender:{sender_id}", at=at, before=before, after=after)


def set_account_active(sender_id: int, active: bool, *, at: datetime) -> None:
    """A stopped account offers no letters; what it has written stays counted."""
    sender = account_row(sender_id)
    if sender.active is not active:
        sender.active = active
        session().flush()
        journal.record("account.resume" if active else "account.stop", f"sender:{sender_id}", at=at)


def _sound(post: NewPost, today: date) -> NewPost:
    forum, link, note = post.forum.strip(), post.link.strip(), post.note.strip()
    if not forum:
        raise NotUnderstood(_("Say in which forum or board it was posted."))
    if max(len(forum), len(link), len(note)) > LONGEST:
        raise NotUnderstood(_("That is too long: %(most)s characters at most.", most=LONGEST))
    if link and not link.startswith(("https://", "http://")):
        raise NotUnderstood(_("A link begins with https:// or http://."))
    if post.posted_on > today:
        raise NotUnderstood(_("This day has not come yet."))
    if post.level_after is not None and not 0 <= post.level_after <= 1_000_000:
        raise NotUnderstood(_("A level is a number, 0 or more."))
    return NewPost(post.posted_on, forum, link, note, post.level_after)


def _has(sender_id: int, post: NewPost) -> bool:
    """The same post, also where it has no link by which the key would know it."""
    same = [getattr(SeedingPost, name) == value for name, value in asdict(post).items() if value is not None]
    if post.level_after is None:
        same.append(SeedingPost.level_after.is_(None))
    return session().scalar(select(SeedingPost.id).where(SeedingPost.sender_id == sender_id, *same)) is not None


def add_posts(
    sender_id: int, posts: Iterable[NewPost], *, today: date, at: datetime, by_id: int | None = None
) -> tuple[int, int]:
    """(how many are new, how many the log had already). Raises NotUnderstood, and then adds none."""
    account_row(sender_id)
    new = known = 0
    for post in [_sound(post, today) for post in posts]:
        row = {"sender_id": sender_id, "by_id": by_id, **asdict(post)}
        added = 0 if _has(sender_id, post) else insert_or_pass(POST, [row])
        new, known = new + bool(added), known + (not added)
    if new:
        journal.record("account.posts", f"sender:{sender_id}", at=at, after={"posts": new})
    return new, known


def add_post(sender_id: int, post: NewPost, *, today: date, at: datetime, by_id: int | None = None) -> None:
    """Raises NotUnderstood, or PostKnown."""
    if add_posts(sender_id, [post], today=today, at=at, by_id=by_id) == (0, 1):
        raise PostKnown(_("This post is in the log already."))


def remove_post(sender_id: int, post_id: int, *, at: datetime) -> None:
    """Without effect when it is gone already."""
    gone = session().scalar(
        delete(SeedingPost)
        .where(SeedingPost.id == post_id, SeedingPost.sender_id == sender_id)
        .returning(SeedingPost.link)
    )
    if gone is not None:
        journal.record("account.remove_post", f"sender:{sender_id}", at=at, before={"post": post_id, "link": gone})
