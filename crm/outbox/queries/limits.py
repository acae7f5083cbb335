"""What the mail server may be given, and what it has been given."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime

from sqlalchemy import select

from crm.core import programme
from crm.core.db import session
from crm.outbox.models import MailCount, MailLimits
from crm.outbox.rules import Span
from crm.outbox.rules.limits import Limits, day_of, hour_of

ALL = ""
"""Stands for the domain where letters to all of them are counted."""


def mail_limits() -> Limits:
    """As they are set; without any, nothing is limited."""
    return limits_of(session().get(MailLimits, 1))


def limits_of(row: MailLimits | None) -> Limits:
    return Limits() if row is None else Limits(**{one.name: getattr(row, one.name) for one in fields(Limits)})


def counted(at: datetime) -> tuple[int, int]:
    """How many letters have left in this hour, and on this day of the programme's zone."""
    zone = programme.required().tz
    rows = session().execute(
        select(MailCount.span, MailCount.since, MailCount.sent).where(
            MailCount.domain == ALL, MailCount.since.in_([hour_of(at), day_of(zone, at)])
        )
    )
    found = {(span, since): sent for span, since, sent in rows}
    return found.get((Span.HOUR, hour_of(at)), 0), found.get((Span.DAY, day_of(zone, at)), 0)


def counted_by_domain(domains: Collection[str], at: datetime) -> dict[str, int]:
    """How many letters to each of these domains have left in this hour."""
    rows = session().execute(
        select(MailCount.domain, MailCount.sent).where(
            MailCount.domain.in_(domains), MailCount.span == Span.HOUR, MailCount.since == hour_of(at)
        )
    )
    return {row[0]: row[1] for row in rows}
