"""Reads over people: by identity, by filter, who must not be written to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, Select, and_, exists, func, select, text

from crm.core.bulk import among, chunks
from crm.core.db import is_postgres, session
from crm.core.errors import NotThere, NotUnderstood
from crm.core.offers import Rows, conditions
from crm.core.tokens import keyed_hash
from crm.people.models import Identity, Person, PersonTag, Suppression, Tag
from crm.people.rules import LIFTABLE, SuppressionReason

Pair = tuple[str, str]
MANY = 10_000
FEW = 20  # identities whose hashes are looked up sooner than asking first whether there is a list


def listed() -> ColumnElement[bool]:
    """People who stand for themselves: neither merged into another nor forgotten."""
    return and_(Person.merged_into_id.is_(None), Person.forgotten_at.is_(None))


def person_or_404(person_id: int) -> Person:
    """The person, or the one who stands for them since a merge. Raises NotThere, also for the forgotten."""
    found = session().get(Person, person_id)
    while found is not None and found.merged_into_id is not None:
        found = session().get(Person, found.merged_into_id)
    if found is None or found.forgotten_at is not None:
        raise NotThere(gettext("There is no such person, or they have been forgotten."))
    return found


def standing_in(person_ids: Collection[int]) -> dict[int, int]:
    """Each of these people, with the one who stands for them since a merge: most stand for themselves."""
    found = {one: one for one in person_ids}
    while into := _merged(set(found.values())):
        found = {one: into.get(last, last) for one, last in found.items()}
    return found


def _merged(person_ids: Collection[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for some in chunks(sorted(person_ids), MANY):
        query = select(Person.id, Person.merged_into_id).where(
            among(Person.id, some), Person.merged_into_id.is_not(None)
        )
        rows: Iterable[Any] = session().execute(query)
        found.update({row[0]: row[1] for row in rows})
    return found


def all_that_are(person_ids: Collection[int]) -> set[int]:
    """These people under every number that they have had: who stands for them, and all who were merged into those."""
    found = set(standing_in(person_ids).values())
    for some in chunks(sorted(found), MANY):
        merged = [Person.merged_into_id.is_not(None), among(Person.merged_into_id, some)]  # so that its index serves
        found.update(session().scalars(select(Person.id).where(*merged)))
    return found | set(person_ids)


def standing_for(person_id: int) -> int | None:
    """The person, or the one who stands for them since a merge; None for the forgotten."""
    found = session().get(Person, person_id)
    while found is not None and found.merged_into_id is not None:
        found = session().get(Person, found.merged_into_id)
    return found.id if found is not None and found.forgotten_at is None else None


BY_VALUE = {
    True: "SELECT value, person_id FROM identity"
    " WHERE kind = :kind AND value IN (SELECT json_array_elements_text(:values))",
    False: "SELECT identity.value, identity.person_id FROM json_each(:values) AS wanted"
    " CROSS JOIN identity ON identity.kind = :kind AND identity.value = wanted.value",
}


def ids_by_identities(pairs: Iterable[Pair]) -> dict[Pair, int]:
    """Who has these (normalised) identities. Identities move with a merge, so it is the one who stands for both."""
    by_kind: dict[str, set[str]] = defaultdict(set)
    for kind, value in pairs:
        by_kind[kind].add(value)
    statement = text(BY_VALUE[is_postgres()])
    found: dict[Pair, int] = {}
    for kind, values in by_kind.items():
        for some in chunks(sorted(values), MANY):
            wanted = {"kind": kind, "values": json.dumps(some, ensure_ascii=False)}
            for value, person_id in session().connection().execute(statement, wanted):
                found[kind, value] = person_id
    return found


def identities_of(person_ids: Collection[int]) -> list[tuple[int, str, str]]:
    """(person_id, kind, value), in no order."""
    found: list[tuple[int, str, str]] = []
    for some in chunks(person_ids, MANY):
        rows = session().execute(
            select(Identity.person_id, Identity.kind, Identity.value).where(among(Identity.person_id, some))
        )
        found.extend((row[0], row[1], row[2]) for row in rows)
    return found


def addresses(person_ids: Collection[int], kind: str) -> dict[int, str]:
    """One identity of this kind for each person who has one; when there are several, the first in order of those that
    are not on the suppression list.
    """
    found: dict[int, list[str]] = {}
    for some in chunks(person_ids, MANY):
        rows = session().execute(
            select(Identity.person_id, Identity.value)
            .where(among(Identity.person_id, some), Identity.kind == kind)
            .order_by(Identity.value)
        )
        for person_id, value in rows:
            found.setdefault(person_id, []).append(value)
    listed_ones = suppressed_pairs([(kind, value) for values in found.values() if len(values) > 1 for value in values])
    return {
        person_id: next((value for value in values if (kind, value) not in listed_ones), values[0])
        for person_id, values in found.items()
    }


def owners(person_ids: Collection[int]) -> dict[int, int | None]:
    """Of those who are listed."""
    found: dict[int, int | None] = {}
    for some in chunks(sorted(set(person_ids)), MANY):
        rows = session().execute(select(Person.id, Person.owner_id).where(listed(), among(Person.id, some)))
        found.update({row[0]: row[1] for row in rows})
    return found


def without_tag(person_ids: Collection[int], name: str) -> list[int]:
    """Those who are listed and do not wear it."""
    worn = exists().where(PersonTag.person_id == Person.id, PersonTag.tag_id == Tag.id, Tag.name == name)
    found: list[int] = []
    for some in chunks(sorted(set(person_ids)), MANY):
        found.extend(session().scalars(select(Person.id).where(listed(), among(Person.id, some), ~worn)))
    return found


def has_suppressions() -> bool:
    return bool(session().scalar(select(exists().select_from(Suppression))))


def reasons_of(pairs: Collection[Pair]) -> dict[Pair, SuppressionReason]:
    """Which of these identities are on the suppression list, and why."""
    if not pairs or (len(pairs) > FEW and not has_suppressions()):
        return {}
    by_hash = {keyed_hash(f"{kind}:{value}"): (kind, value) for kind, value in pairs}
    found: dict[Pair, SuppressionReason] = {}
    for some in chunks(by_hash, MANY):
        rows = session().execute(select(Suppression.hash, Suppression.reason).where(Suppression.hash.in_(some)))
        found.update({by_hash[row[0]]: row[1] for row in rows})
    return found


def suppressed_pairs(pairs: Collection[Pair]) -> set[Pair]:
    """Which of these identities are on the suppression list."""
    return set(reasons_of(pairs))


def suppressed_hashes(hashes: Collection[str]) -> set[str]:
    found: set[str] = set()
    for some in chunks(hashes, MANY):
        found.update(session().scalars(select(Suppression.hash).where(Suppression.hash.in_(some))))
    return found


def suppression_of(kind: str, value: str) -> Suppression | None:
    """Its line on the suppression list."""
    return session().get(Suppression, keyed_hash(f"{kind}:{value}"))


def suppression_counts() -> dict[SuppressionReason, int]:
    """How many identities are on the list, by reason."""
    rows = session().execute(select(Suppression.reason, func.count()).group_by(Suppression.reason))
    return {row[0]: row[1] for row in rows}


def suppressed(person_ids: Collection[int], kind: str | None = "email") -> set[int]:
    """Those to whom nothing may be written over this kind of identity: any one of their identities is on the list for
    what they want, or all that they have of this kind are on it, such as addresses whose mail comes back.

    None: over none at all, for what they want.
    """
    if not has_suppressions():
        return set()
    theirs = identities_of(person_ids)
    why = reasons_of({(kind, value) for _person_id, kind, value in theirs})
    usable = {person_id for person_id, of, value in theirs if of == kind and (of, value) not in why}
    return {
        person_id
        for person_id, of, value in theirs
        if (reason := why.get((of, value))) and (reason not in LIFTABLE or (of == kind and person_id not in usable))
    }


Addressed = tuple[int, str, str]
"""Who, and the identity that something is written to: its kind, its value."""


def barred_addresses(addressed: Collection[Addressed]) -> set[Addressed]:
    """Those at which nothing may be written: the identity is on the list, or one of the person's is for what they
    want."""
    if not addressed or not has_suppressions():
        return set()
    theirs = identities_of({person_id for person_id, _kind, _value in addressed})
    why = reasons_of({(kind, value) for _person_id, kind, value in (*theirs, *addressed)})
    final = {pair for pair, reason in why.items() if reason not in LIFTABLE}
    declined = {person_id for person_id, kind, value in theirs if (kind, value) in final}
    return {one for one in addressed if one[0] in declined or one[1:] in why}


def asked(filters: Mapping[str, str], at: datetime) -> list[ColumnElement[bool] | Rows]:
    """What a filter asks; empty values ask for nothing. Raises NotUnderstood for an unknown condition."""
    known = conditions()
    found = []
    for key, value in filters.items():
        if key not in known:
            raise NotUnderstood(gettext("“%(key)s” is no condition on people.", key=key))
        if value:
            found.append(known[key].clause(value, at))
    return found


def _clauses(rows: Rows) -> list[ColumnElement[bool]]:
    also = [] if rows.also is None else [rows.also]
    if rows.none or rows.each:
        there = exists().where(rows.person == Person.id, rows.holds)
        return [~there if rows.none else there, *also]
    return [Person.id.in_(select(rows.person).where(rows.holds)), *also]


def clauses(filters: Mapping[str, str], at: datetime) -> list[ColumnElement[bool]]:
    """The WHEREs of a filter; empty values ask for nothing. Raises NotUnderstood for an unknown condition."""
    found = asked(filters, at)
    return [clause for one in found for clause in (_clauses(one) if isinstance(one, Rows) else [one])]


def matching(filters: Mapping[str, str], at: datetime) -> Select[Any]:
    """The ids of listed people for whom every condition holds."""
    return select(Person.id).where(listed(), *clauses(filters, at))


def tag_names() -> list[str]:
    """All tags, by name."""
    return list(session().scalars(select(Tag.name).order_by(Tag.name)))
