"""The list of people: one page of ids in the order asked for, then what each row tells, set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from crm.core.db import session
from crm.core.paging import Page, SortKey, page
from crm.funnel.models import Standing
from crm.funnel.rules import Stage
from crm.outbox.models import Contact
from crm.people.models import Identity, Person, Source
from crm.people.queries import clauses, listed
from crm.people.queries.counting import count_matching

SORTS = ("newest", "name", "touch", "stage")
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
IDENTITIES_SHOWN = 3
NEVER_CONTACTED = {"never_contacted": "1", "stage": Stage.PROSPECT.value}
"""As conditions: whom we collected and never wrote to. Who has come by themselves is no prospect any more."""
READ_EVERYTHING = {"q", "basis"}  # conditions that compare every name, identity or basis


@dataclass
class PersonRow:
    """One line of the list."""

    id: int
    name: str
    stage: Stage = Stage.PROSPECT
    since: datetime | None = None
    owner: str = ""
    owner_id: int | None = None
    source: str = ""
    last_touch_at: datetime | None = None
    identities: list[str] = field(default_factory=list)
    more: int = 0


def _ordered(sort: str) -> tuple[Any, list[SortKey]]:
    if sort == "name":
        return select(Person.id, Person.name), [SortKey(Person.name), SortKey(Person.id)]
    if sort == "touch":
        touched = func.coalesce(Contact.last_touch_at, NEVER).label("touched_at")
        query = select(Person.id, touched).outerjoin(Contact, Contact.person_id == Person.id)
        return query, [SortKey(touched, descending=True), SortKey(Person.id, descending=True)]
    if sort == "stage":
        since = func.coalesce(Standing.since, Person.collected_at).label("stands_since")
        query = select(Person.id, since).outerjoin(Standing, Standing.person_id == Person.id)
        return query, [SortKey(since, descending=True), SortKey(Person.id, descending=True)]
    query = select(Person.id, Person.collected_at)
    return query, [SortKey(Person.collected_at, descending=True), SortKey(Person.id, descending=True)]


def people_page(filters: Mapping[str, str], sort: str, at: datetime, *, after: str | None, before: str | None) -> Page:
    """Ids of listed people for whom every condition holds. Raises NotUnderstood for a value that cannot be read."""
    query, keys = _ordered(sort)
    return page(query.where(listed(), *clauses(filters, at)), keys, after=after, before=before)


def is_counted(filters: Mapping[str, str]) -> bool:
    """Whether the list says how many there are: not where that would mean to read every name and identity."""
    return not READ_EVERYTHING & filters.keys()


def count_of(filters: Mapping[str, str], at: datetime) -> int | None:
    """How many there are; None where that is not counted."""
    return count_matching(filters, at) if is_counted(filters) else None


def never_contacted(at: datetime, *, after: str | None, before: str | None) -> Page:
    """Prospects whom nobody has written to, the oldest first: id, collected_at."""
    query = select(Person.id, Person.collected_at).where(listed(), *clauses(NEVER_CONTACTED, at))
    return page(query, [SortKey(Person.collected_at), SortKey(Person.id)], after=after, before=before)


def count_never_contacted(at: datetime) -> int:
    return count_of(NEVER_CONTACTED, at) or 0


def rows_of(ids: Sequence[int]) -> list[PersonRow]:
    """What the list tells of these people, in this order."""
    if not ids:
        return []
    found: dict[int, PersonRow] = {}
    query = (
        select(
            Person.id, Person.name, Person.owner_id, Person.collected_at, Standing.stage, Standing.since,
            Contact.last_touch_at,
        )
        .outerjoin(Standing, Standing.person_id == Person.id)
        .outerjoin(Contact, Contact.person_id == Person.id)
        .where(Person.id.in_(ids))
    )  # fmt: skip
    for person_id, name, owner_id, collected_at, stage, since, touched_at in session().execute(query):
        found[person_id] = PersonRow(
            person_id, name, stage or Stage.PROSPECT, since or collected_at, "", owner_id, "", touched_at
        )
    _add_owners(found)
    _add_sources(found)
    _add_identities(found)
    return [found[person_id] for person_id in ids if person_id in found]


def _add_owners(found: dict[int, PersonRow]) -> None:
    owner_ids = {row.owner_id for row in found.values() if row.owner_id is not None}
    if not owner_ids:
        return
    owners = session().execute(select(Person.id, Person.name).where(Person.id.in_(owner_ids)))
    names = {row.id: row.name for row in owners}
    for row in found.values():
        if row.owner_id is not None:
            row.owner = names.get(row.owner_id, "")


def _add_sources(found: dict[int, PersonRow]) -> None:
    """The first place where each was found."""
    rows = select(Source.person_id, Source.site).where(Source.person_id.in_(found)).order_by(Source.found_at.desc())
    for person_id, site in session().execute(rows):
        found[person_id].source = site


def _add_identities(found: dict[int, PersonRow]) -> None:
    known: dict[int, list[str]] = defaultdict(list)
    rows = select(Identity.person_id, Identity.kind, Identity.value).where(Identity.person_id.in_(found))
    for person_id, kind, value in session().execute(rows.order_by(Identity.kind, Identity.value)):
        known[person_id].append(f"{kind}:{value}")
    for person_id, written in known.items():
        found[person_id].identities = written[:IDENTITIES_SHOWN]
        found[person_id].more = len(written) - IDENTITIES_SHOWN if len(written) > IDENTITIES_SHOWN else 0
