"""What a mail server may be given, and what it has been given."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from crm.core.db import session
from crm.outbox.models import MailCount, MailLimits
from crm.outbox.rules import Span
from crm.outbox.rules.limits import Limits, day_of, hour_of

ALL = ""
"""Stands for the domain where letters to all of them are counted."""
SETTINGS = 0
"""Stands for the sender where letters over the mail server of the settings are counted."""


def mail_limits() -> Limits:
    """As they are set; without any, nothing is limited."""
    return limits_of(session().get(MailLimits, 1))


def limits_of(row: MailLimits | None) -> Limits:
    return Limits() if row is None else Limits(**{one.name: getattr(row, one.name) for one in fields(Limits)})


def counted(counts_as: int, zone: ZoneInfo, at: datetime) -> tuple[int, int]:
    """How many letters have left in this hour, and on this day of the sender's zone."""
    hour, day = hour_of(at), day_of(zone, at)
    rows = session().execute(
        select(MailCount.span, MailCount.since, MailCount.sent).where(
            MailCount.sender_id == counts_as, MailCount.domain == ALL, MailCount.since.in_([hour, day])
        )
    )
    found = {(span, since): sent for span, since, sent in rows}
    return found.get((Span.HOUR, hour), 0), found.get((Span.DAY, day), 0)


def counted_by_domain(counts_as: int, domains: Collection[str], at: datetime) -> dict[str, int]:
    """How many letters to each of these domains have left in this hour."""
    rows = session().execute(
        select(MailCount.domain, MailCount.sent).where(
            MailCount.sender_id == counts_as,
            MailCount.domain.in_(domains),
            MailCount.span == Span.HOUR,
            MailCount.since == hour_of(at),
        )
    )
    return {row[0]: row[1] for row in rows}
