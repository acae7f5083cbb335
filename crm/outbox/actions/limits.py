"""Letters keep within what the mail server may be given: counted before they leave, so that no crash gives it more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask_babel import gettext as _
from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from crm.core import journal, programme
from crm.core.bulk import among
from crm.core.db import is_postgres, session
from crm.core.errors import NotUnderstood
from crm.outbox.actions.claiming import Taken, hand_back
from crm.outbox.models import Letter, MailAccount, MailCount, MailLimits, Sender
from crm.outbox.queries.limits import ALL, SETTINGS, counted, counted_by_domain, limits_of, mail_limits
from crm.outbox.queries.ways import Way, limits_of_account, with_accounts
from crm.outbox.rules import Lane, Span
from crm.outbox.rules.limits import Limits, day_of, domain_free_at, hour_of, quiet_until, room
from crm.people.models import Person

KEPT = timedelta(days=3)


def set_mail_limits(limits: Limits, at: datetime) -> None:
    """Raises NotUnderstood. Holds from the next letter on."""
    if limits.quiet_from is not None and limits.quiet_from == limits.quiet_to:
        raise NotUnderstood(_("Quiet hours begin and end at different hours."))
    values, before = asdict(limits), asdict(mail_limits())
    row = session().get(MailLimits, 1)
    if row is None:
        session().add(MailLimits(id=1, **values))
    else:
        for name, value in values.items():
            setattr(row, name, value)
    session().flush()
    changed = [name for name in values if values[name] != before[name]]
    if changed:
        journal.record(
            "outbox.limits", "mail_limits:1", at=at, before=_told(before, changed), after=_told(values, changed)
        )


def _told(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value if (value := values[name]) is None or isinstance(value, int) else str(value) for name in names}


def _locked(way: Way) -> Limits:
    """The limits, and their row held until the commit: of two workers one counts after the other."""
    query: Any = select(MailLimits).where(MailLimits.id == 1).execution_options(populate_existing=True)
    if way.counts_as == SETTINGS:
        return limits_of(session().scalar(query.with_for_update() if is_postgres() else query))
    query = with_accounts(Sender.id == way.counts_as)
    row = session().execute(query.with_for_update(of=MailAccount) if is_postgres() else query).one()
    return limits_of_account(row[0], row[1])


def has_room(way: Way, at: datetime) -> bool:
    """Whether any letter may leave this way now that nobody asked for."""
    if not way.limits.any_count:
        return True
    return room(way.limits, way.zone, at, *counted(way.counts_as, way.zone, at)) != 0


def within_limits(way: Way, taken: Sequence[Taken], at: datetime) -> list[Taken]:
    """Those that may leave now, counted; the others are due when they may. Nothing stops what somebody asked for."""
    if way.counts_as == SETTINGS and not way.limits.any_count:
        return _awake(way.limits, taken, at)
    limits = _locked(way)
    awake = _awake(limits, taken, at)
    asked = [letter for letter in awake if letter.lane is Lane.ASKED]
    others = [letter for letter in awake if letter.lane is not Lane.ASKED]
    domains = _domains([letter.id for letter in awake])
    others = _within_domains(way, limits, others, domains, at)
    most = room(limits, way.zone, at, *counted(way.counts_as, way.zone, at))
    if most is not None:
        most = max(0, most - len(asked))
        hand_back(others[most:])
        others = others[:most]
    _count(way, asked + others, domains, at)
    return asked + others


def _awake(limits: Limits, taken: Sequence[Taken], at: datetime) -> list[Taken]:
    """Without letters of campaigns to people for whom it is night."""
    if limits.quiet_from is None:
        return list(taken)
    ids = {letter.person_id for letter in taken if letter.lane is Lane.CAMPAIGN}
    rows = session().execute(select(Person.id, Person.zone).where(among(Person.id, ids)))
    zones: dict[int, str | None] = {row[0]: row[1] for row in rows}
    here = programme.required().tz
    ends: dict[str | None, datetime | None] = {
        name: quiet_until(limits, _zone(name) or here, at) for name in set(zones.values())
    }
    asleep: dict[datetime, list[Taken]] = {}
    awake = []
    for letter in taken:
        end = ends[zones[letter.person_id]] if letter.lane is Lane.CAMPAIGN else None
        if end is None:
            awake.append(letter)
        else:
            asleep.setdefault(end, []).append(letter)
    for end, letters in asleep.items():
        hand_back(letters, end)
    return awake


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _domains(letter_ids: Sequence[int]) -> dict[int, str]:
    rows = session().execute(select(Letter.id, Letter.identity_value).where(among(Letter.id, letter_ids)))
    return {letter_id: value.rpartition("@")[2].lower() for letter_id, value in rows}


def _within_domains(
    way: Way, limits: Limits, letters: Sequence[Taken], domains: Mapping[int, str], at: datetime
) -> list[Taken]:
    """Without those that would be too many for their domain in this hour or on this day: they are spread over the
    next ones.
    """
    if limits.domain_per_hour is None and limits.domain_per_day is None:
        return list(letters)
    this_hour, this_day = map(Counter, counted_by_domain(way.counts_as, way.zone, set(domains.values()), at))
    allowed, later = [], dict[datetime, list[Taken]]()
    for letter in letters:
        domain = domains[letter.id]
        free_at = domain_free_at(limits, way.zone, at, this_hour[domain], this_day[domain])
        if free_at is None:
            allowed.append(letter)
        else:
            later.setdefault(free_at, []).append(letter)
        this_hour[domain] += 1
        this_day[domain] += 1
    for due_at, some in later.items():
        hand_back(some, due_at)
    return allowed


def _count(way: Way, letters: Sequence[Taken], domains: Mapping[int, str], at: datetime) -> None:
    if not letters:
        return
    hour, day = hour_of(at), day_of(way.zone, at)
    of_all = [(hour, Span.HOUR, ALL, len(letters)), (day, Span.DAY, ALL, len(letters))]
    by_domain = sorted(Counter(domains[letter.id] for letter in letters).items())
    spans = (hour, Span.HOUR), (day, Span.DAY)
    of_each = [(since, span, domain, count) for domain, count in by_domain if domain for since, span in spans]
    insert = postgresql.insert if is_postgres() else sqlite.insert
    statement = insert(cast(Table, MailCount.__table__))
    session().execute(
        statement.on_conflict_do_update(
            index_elements=["since", "span", "domain", "sender_id"],
            set_={"sent": MailCount.sent + statement.excluded.sent},
        ),
        [
            {"since": since, "span": span, "domain": domain, "sender_id": way.counts_as, "sent": sent}
            for since, span, domain, sent in of_all + of_each
        ],
    )
    session().execute(delete(MailCount).where(MailCount.since < at - KEPT))
