"""What a mail server may be given, and what it has been given."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Table, select

from crm.core.db import session
from crm.outbox.models import MailCount, MailLimits
from crm.outbox.rules import Span
from crm.outbox.rules.limits import Limits, day_of, hour_of

ALL = ""
"""Stands for the domain where letters to all of them are counted."""
SETTINGS = 0
"""Stands for the sender where letters over the mail server of the settings are counted."""


LIMITS = select(*cast(Table, MailLimits.__table__).c).where(MailLimits.id == 1)


def mail_limits() -> Limits:
    """As they are set; without any, nothing is limited."""
    return limits_of(session().execute(LIMITS).first())


def limits_of(row: Any) -> Limits:
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


def counted_by_domain(
    counts_as: int, zone: ZoneInfo, domains: Collection[str], at: datetime
) -> tuple[dict[str, int], dict[str, int]]:
    """How many letters to each of these domains have left in this hour, and on this day of the sender's zone."""
    starts = {Span.HOUR: hour_of(at), Span.DAY: day_of(zone, at)}
    rows = session().execute(
        select(MailCount.span, MailCount.since, MailCount.domain, MailCount.sent).where(
            MailCount.sender_id == counts_as, MailCount.domain.in_(domains), MailCount.since.in_(starts.values())
        )
    )
    found: dict[Span, dict[str, int]] = {span: {} for span in starts}
    for span, since, domain, sent in rows:
        if since == starts[span]:
            found[span][domain] = sent
    return found[Span.HOUR], found[Span.DAY]
