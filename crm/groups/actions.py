"""Making a group, joining it and leaving it. A join moves where somebody stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from flask_babel import gettext as _
from sqlalchemy import Table, bindparam, select, update

from crm.core import journal
from crm.core.bulk import chunks, insert_or_pass, load
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood, Refusal
from crm.core.restand import restand
from crm.groups.models import Group, Membership
from crm.groups.queries import running_count
from crm.groups.rules import GROUP_KINDS

CHUNK = 5000
GROUP = cast(Table, Group.__table__)
MEMBERSHIP = cast(Table, Membership.__table__)
Stay = tuple[int, datetime]


class GroupFull(Refusal):
    """More people than places: nobody was added."""

    def __init__(self, group: Group, places: int, wanted: int) -> None:
        super().__init__(
            _(
                "%(name)s has %(places)s places left and %(wanted)s people are to join: nobody was added. "
                "Raise its capacity, or open another group.",
                name=group.name,
                places=places,
                wanted=wanted,
            )
        )
        self.places = places


class GroupClosed(Refusal):
    """The group takes nobody any more."""


class GroupKnown(Refusal):
    """There is a group of this kind and name already."""


def create_group(kind: str, name: str, capacity: int, *, at: datetime, address: str = "") -> Group:
    """Raises NotUnderstood for an unknown kind, no name or no places, GroupKnown for a name that is taken."""
    name = name.strip()
    if kind not in GROUP_KINDS:
        raise NotUnderstood(_("A group is one of: %(kinds)s.", kinds=", ".join(GROUP_KINDS)))
    if not name:
        raise NotUnderstood(_("A group needs a name."))
    if capacity < 1:
        raise NotUnderstood(_("A group needs at least one place."))
    row = {"kind": kind, "name": name, "capacity": capacity, "address": address, "created_at": at}
    if not insert_or_pass(GROUP, [row]):
        raise GroupKnown(_("There is a group %(name)s already.", name=name))
    group = session().scalars(select(Group).where(Group.kind == kind, Group.name == name)).one()
    journal.record("create_group", f"chat_group:{group.id}", at=at, after={"kind": kind, "name": name})
    return group


def change_group(group_id: int, *, capacity: int, address: str, at: datetime) -> Group:
    """Raises Refusal when more people are in it than it would have places."""
    group = hold(group_id)
    inside = running_count(group_id)
    if capacity < max(1, inside):
        raise Refusal(_("%(inside)s people are in %(name)s: it needs as many places.", inside=inside, name=group.name))
    before = {"capacity": group.capacity, "address": group.address}
    group.capacity, group.address = capacity, address
    journal.record(
        "change_group", f"chat_group:{group_id}", at=at, before=before, after={"capacity": capacity, "address": address}
    )
    return group


def hold(group_id: int) -> Group:
    """The group, locked until the commit: two who join at once cannot both have its last place."""
    group = session().scalars(
        select(Group).where(Group.id == group_id).with_for_update().execution_options(populate_existing=True)
    ).first()
    if group is None:
        raise NotThere(_("There is no such group."))
    return group


def inside_of(group_id: int, person_ids: Iterable[int]) -> set[int]:
    """Those of these people who are in the group now."""
    found: set[int] = set()
    for chunk in chunks(person_ids, CHUNK):
        found.update(
            session().scalars(
                select(Membership.person_id).where(
                    Membership.group_id == group_id,
                    Membership.left_at.is_(None),
                    Membership.person_id.in_(chunk),
                )
            )
        )
    return found


def record_joins(group_id: int, joins: Sequence[Stay], origin_id: int | None = None) -> int:
    """Adds those who are not in the group yet (a person named twice joins at the earlier time); returns how many.

    Raises GroupFull, adding nobody, when they are more than there are places.
    """
    group = hold(group_id)
    if group.closed_at is not None:
        raise GroupClosed(_("%(name)s is closed and takes nobody any more.", name=group.name))
    earliest: dict[int, datetime] = {}
    for person_id, at in joins:
        earliest[person_id] = min(at, earliest.get(person_id, at))
    for known in inside_of(group_id, earliest):
        del earliest[known]
    if not earliest:
        return 0
    places = group.capacity - running_count(group_id)
    if len(earliest) > places:
        raise GroupFull(group, max(0, places), len(earliest))
    load(
        MEMBERSHIP,
        ("group_id", "person_id", "joined_at", "origin_id"),
        [(group_id, person_id, at, origin_id) for person_id, at in earliest.items()],
    )
    restand(earliest, min(earliest.values()))
    return len(earliest)


def record_leaves(group_id: int, leaves: Sequence[Stay]) -> int:
    """Ends running memberships; returns how many. Passes over who is not in the group, or joined later than that."""
    if not leaves:
        return 0
    hold(group_id)
    ending = (
        update(MEMBERSHIP)
        .where(
            MEMBERSHIP.c.group_id == group_id,
            MEMBERSHIP.c.person_id == bindparam("leaver"),
            MEMBERSHIP.c.left_at.is_(None),
            MEMBERSHIP.c.joined_at <= bindparam("moment", type_=MEMBERSHIP.c.left_at.type),
        )
        .values(left_at=bindparam("moment", type_=MEMBERSHIP.c.left_at.type))
    )
    ended = 0
    for chunk in chunks(leaves, CHUNK):
        rows = [{"leaver": person_id, "moment": at} for person_id, at in chunk]
        ended += session().connection().execute(ending, rows).rowcount
    return ended


def close_group(group_id: int, at: datetime) -> None:
    """It takes nobody any more; who is in it stays in it."""
    group = hold(group_id)
    if group.closed_at is None:
        group.closed_at = at
        journal.record("close_group", f"chat_group:{group_id}", at=at)


def reopen_group(group_id: int, at: datetime) -> None:
    group = hold(group_id)
    if group.closed_at is not None:
        group.closed_at = None
        journal.record("reopen_group", f"chat_group:{group_id}", at=at)
