"""Member lists: who is in the group joins it; who is not known yet becomes a new person, found in this group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, cast

from flask_babel import gettext as _
from sqlalchemy import Table

from crm.core.bulk import load, reserve_ids
from crm.core.db import session
from crm.groups.actions.groups import hold
from crm.groups.actions.member_rows import Member, Pair, read_members
from crm.groups.actions.stays import inside_of, record_joins
from crm.groups.models import Group, MemberList
from crm.groups.queries import running_count
from crm.people.actions import add_person, add_source
from crm.people.identities import normalise, parse
from crm.people.models import Identity, Person, Source
from crm.people.queries import ids_by_identities
from crm.people.rules import is_identity_kind

PERSON = cast(Table, Person.__table__)
IDENTITY = cast(Table, Identity.__table__)
SOURCE = cast(Table, Source.__table__)
REASONS_KEPT = 1000


@dataclass
class Sorted:
    """The rows of a list, sorted: known people with their first line, rows of new people, rows refused."""

    read: int = 0
    known: dict[int, int] = field(default_factory=dict)
    new: list[Member] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        self.refused.append({"line": line, "reason": reason})


def basis_of(group: Group) -> str:
    return str(_("is in our group %(group)s", group=group.name))


def meet(group: Group, written: str, *, at: datetime) -> int:
    """The person behind an identity (of the group's kind, or kind:value); a new one when nobody has it."""
    head = written.partition(":")[0].strip().casefold()
    has_kind = ":" in written and (is_identity_kind(head) or head == "forum")
    pair = parse(written) if has_kind else (group.kind, normalise(group.kind, written))
    known = ids_by_identities([pair]).get(pair)
    if known is not None:
        return known
    person = add_person(pair[1], [pair], at=at)
    add_source(person.id, site=group.kind, board=group.name, basis=basis_of(group), at=at)
    return person.id


def _sort(members: list[Member]) -> Sorted:
    owners = ids_by_identities({pair for member in members for pair in member.pairs})
    found, seen = Sorted(read=len(members)), set[Pair]()
    for member in members:
        whose = {owners[pair] for pair in member.pairs if pair in owners}
        if member.fault:
            found.refuse(member.line, member.fault)
        elif len(whose) > 1:
            found.refuse(member.line, _("this row names two people whom we know: merge them first"))
        elif whose:
            found.known.setdefault(whose.pop(), member.line)
        elif seen.isdisjoint(member.pairs):
            seen.update(member.pairs)
            found.new.append(member)
    return found


def _make_people(group: Group, members: list[Member], at: datetime) -> list[int]:
    """New people set-wise, each with their identities and the group as their source."""
    numbers = reserve_ids(PERSON, len(members))
    basis = basis_of(group)
    made = list(zip(numbers, members, strict=True))
    load(
        PERSON,
        ("id", "name", "is_staff", "collected_at"),
        [(number, member.name or member.pairs[0][1], False, at) for number, member in made],
    )
    load(
        IDENTITY,
        ("kind", "value", "person_id"),
        [(kind, value, number) for number, member in made for kind, value in dict.fromkeys(member.pairs)],
    )
    load(
        SOURCE,
        ("person_id", "site", "board", "basis", "found_at"),
        [(number, group.kind, group.name, basis, at) for number in numbers],
    )
    return numbers


def _refuse_beyond(places: int, lines: Iterable[int], rows: Sorted) -> None:
    """Those on the list after the last place."""
    for line in list(lines)[places:]:
        rows.refuse(line, _("the group is full"))


def import_members(
    group_id: int, stream: BinaryIO, file_name: str, *, at: datetime, by_id: int | None = None
) -> MemberList:
    """Joins everybody on the list who is not in the group yet, as long as there are places; the others are refused.

    Nobody leaves by it: who is missing on the list may have hidden. The same list again changes nothing.
    """
    group = hold(group_id)
    rows = _sort(list(read_members(stream, group.kind)))
    inside = inside_of(group_id, rows.known)
    coming = {person_id: line for person_id, line in rows.known.items() if person_id not in inside}
    places = max(0, group.capacity - running_count(group_id))
    left = max(0, places - len(coming))
    _refuse_beyond(places, coming.values(), rows)
    _refuse_beyond(left, (member.line for member in rows.new), rows)
    made = _make_people(group, rows.new[:left], at)
    joined = record_joins(group_id, [(person_id, at) for person_id in [*list(coming)[:places], *made]])
    taken = MemberList(
        group_id=group_id,
        file_name=file_name[:200],
        at=at,
        by_id=by_id,
        read=rows.read,
        joined=joined,
        known=rows.read - joined - len(rows.refused),
        new_people=len(made),
        refused=sorted(rows.refused, key=lambda row: int(row["line"]))[:REASONS_KEPT],
    )
    session().add(taken)
    session().flush()
    return taken
