"""Reads of what came in."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from crm.core.bulk import among, chunks
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.paging import Page, SortKey, page
from crm.inbound.models import Alarm, Incoming, Limits, MailAnswer, Mailbox
from crm.inbound.rules import IncomingKind
from crm.outbox.models import Letter, Touch
from crm.outbox.queries.rendering import message_id
from crm.outbox.rules import Outcome
from crm.people.models import Person
from crm.people.queries import ids_by_identities

CHUNK = 5000


def limits() -> Limits:
    """As they are set, or as they come."""
    return session().get(Limits, 1) or Limits(
        id=1, soft_bounces=5, soft_days=30, bounces_per_10_000=500, complaints_per_10_000=10, least_sent=100
    )


def mailboxes() -> list[Mailbox]:
    return list(session().scalars(select(Mailbox).order_by(Mailbox.name)))


def mailbox_or_404(mailbox_id: int) -> Mailbox:
    found = session().get(Mailbox, mailbox_id)
    if found is None:
        raise NotThere(_("There is no such mailbox."))
    return found


def incoming_or_404(incoming_id: int) -> Incoming:
    found = session().get(Incoming, incoming_id)
    if found is None:
        raise NotThere(_("There is no such mail."))
    return found


def known_keys(mailbox_id: int) -> set[str]:
    return set(session().scalars(select(Incoming.key).where(Incoming.mailbox_id == mailbox_id)))


def letter_named(ids: Sequence[str]) -> Letter | None:
    """The first letter whose id of ours is among these and genuine: its keyed hash says so."""
    for one in ids[:50]:
        number = int(one.removeprefix("letter-").partition(".")[0])
        if number < 2**63 and hmac.compare_digest(f"<{one}", message_id(number, "").partition("@")[0]):
            found = session().get(Letter, number)
            if found is not None:
                return found
    return None


def last_letter_to(address: str) -> Letter | None:
    """The newest letter that has left to this address."""
    query = select(Letter).where(
        Letter.identity_kind == "email", Letter.identity_value == address, Letter.sent_at.is_not(None)
    )
    owner = person_at(address)
    if owner is None:
        return None
    return session().scalar(query.where(Letter.person_id == owner).order_by(Letter.id.desc()).limit(1))


def person_at(address: str) -> int | None:
    """Who has this mail address."""
    return ids_by_identities([("email", address)]).get(("email", address)) if address else None


def soft_bounces(person_id: int, since: datetime) -> int:
    query = select(func.count()).where(
        Incoming.person_id == person_id, Incoming.kind == IncomingKind.SOFT_BOUNCE, Incoming.at >= since
    )
    return session().scalar(query) or 0


def has_replied_since(person_ids: Collection[int], at: datetime) -> set[int]:
    """Who of these people has written to us since then, over any channel: a campaign's sequence stops for them."""
    found: set[int] = set()
    for some in chunks(sorted(set(person_ids)), CHUNK):
        query = select(Touch.person_id).where(
            among(Touch.person_id, some), Touch.outcome == Outcome.REPLIED, Touch.at >= at
        )
        found.update(session().scalars(query))
    return found


def incoming_page(kind: IncomingKind | None, after: str | None, before: str | None) -> Page:
    query = select(Incoming, Incoming.id, Person.name.label("name")).outerjoin(Person, Person.id == Incoming.person_id)
    if kind is not None:
        query = query.where(Incoming.kind == kind)
    return page(query, [SortKey(Incoming.id, descending=True)], after=after, before=before)


def last_reply_of(person_id: int) -> Incoming | None:
    """The newest mail of theirs that waits for, or has had, an answer."""
    query = select(Incoming).where(Incoming.person_id == person_id, Incoming.kind == IncomingKind.REPLY)
    return session().scalar(query.order_by(Incoming.id.desc()).limit(1))


def answers_on_their_way(person_id: int) -> int:
    query = select(func.count()).select_from(MailAnswer).join(Letter, Letter.id == MailAnswer.letter_id)
    return session().scalar(query.where(Letter.person_id == person_id, ~MailAnswer.settled)) or 0


def last_alarm(origin_id: int) -> Alarm | None:
    return session().scalar(select(Alarm).where(Alarm.origin_id == origin_id).order_by(Alarm.id.desc()).limit(1))


def complaints_of(origin_id: int) -> int:
    """People who complained about a letter of this origin."""
    query = select(func.count(Incoming.person_id.distinct())).join(Letter, Letter.id == Incoming.letter_id)
    return session().scalar(query.where(Letter.origin_id == origin_id, Incoming.kind == IncomingKind.COMPLAINT)) or 0


def events_of(person_id: int, before: datetime | None, limit: int) -> list[Any]:
    """What came in from a person and made no touch, the newest first."""
    silent = (IncomingKind.AUTO_REPLY, IncomingKind.SOFT_BOUNCE, IncomingKind.DELAYED)
    query = select(Incoming).where(Incoming.person_id == person_id, Incoming.kind.in_(silent))
    if before is not None:
        query = query.where(Incoming.at < before)
    return list(session().scalars(query.order_by(Incoming.at.desc(), Incoming.id.desc()).limit(limit)))
