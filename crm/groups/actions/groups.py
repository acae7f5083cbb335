"""Making a group, changing it, closing it."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from flask_babel import gettext as _
from sqlalchemy import Table, func, select

from crm.core import journal
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood, Refusal
from crm.groups.models import Group
from crm.groups.queries import IN_ORDER, running_count
from crm.groups.rules import GROUP_KINDS

GROUP = cast(Table, Group.__table__)


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
    last = session().scalar(select(func.max(Group.position))) or 0
    row = {
        "kind": kind,
        "name": name,
        "capacity": capacity,
        "address": address,
        "position": last + 1,
        "created_at": at,
    }
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


def move_group(group_id: int, *, later: bool, at: datetime) -> None:
    """One place earlier or later in the order in which groups fill; at the end of it nothing changes."""
    order = list(session().scalars(select(Group).order_by(*IN_ORDER).with_for_update()))
    here = next((number for number, group in enumerate(order) if group.id == group_id), None)
    if here is None:
        raise NotThere(_("There is no such group."))
    there = here + (1 if later else -1)
    if not 0 <= there < len(order):
        return
    order[here], order[there] = order[there], order[here]
    for number, group in enumerate(order, start=1):
        group.position = number
    journal.record(
        "move_group", f"chat_group:{group_id}", at=at, before={"position": here + 1}, after={"position": there + 1}
    )


def hold(group_id: int) -> Group:
    """The group, locked until the commit: two who join at once cannot both have its last place."""
    group = (
        session()
        .scalars(select(Group).where(Group.id == group_id).with_for_update().execution_options(populate_existing=True))
        .first()
    )
    if group is None:
        raise NotThere(_("There is no such group."))
    return group


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
