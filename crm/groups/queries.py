"""Groups, their places, who is in them."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import ScalarSelect, func, select

from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.paging import Page, SortKey, page
from crm.groups.models import Group, MemberList, Membership
from crm.people.models import Person


def group_or_404(group_id: int) -> Group:
    found = session().get(Group, group_id)
    if found is None:
        raise NotThere(_("There is no such group."))
    return found


def running_count(group_id: int) -> int:
    """How many are in the group now."""
    return (
        session().scalar(select(func.count()).where(Membership.group_id == group_id, Membership.left_at.is_(None))) or 0
    )


def _inside() -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(Membership.group_id == Group.id, Membership.left_at.is_(None))
        .correlate(Group)
        .scalar_subquery()
    )


def groups_page(after: str | None, before: str | None) -> Page:
    """All groups by name, with how many are in each; closed ones too."""
    query = select(Group.id, Group.kind, Group.name, Group.capacity, Group.closed_at, _inside().label("inside"))
    return page(query, [SortKey(Group.name), SortKey(Group.id)], after=after, before=before)


def groups_to_join(limit: int = 500) -> list[tuple[Group, int]]:
    """Groups that are not closed, each with the places it has left; full ones last."""
    query = select(Group, _inside()).where(Group.closed_at.is_(None)).order_by(Group.name).limit(limit)
    found = [(group, max(0, group.capacity - count)) for group, count in session().execute(query)]
    return sorted(found, key=lambda pair: not pair[1])


def stays_page(group_id: int, after: str | None, before: str | None) -> Page:
    """Every stay in a group, the latest join first."""
    query = (
        select(Membership.id, Membership.person_id, Person.name, Membership.joined_at, Membership.left_at)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.group_id == group_id)
    )
    keys = [SortKey(Membership.joined_at, descending=True), SortKey(Membership.id, descending=True)]
    return page(query, keys, after=after, before=before)


def lists_of(group_id: int, limit: int = 10) -> list[MemberList]:
    """The latest imported member lists."""
    query = select(MemberList).where(MemberList.group_id == group_id).order_by(MemberList.id.desc()).limit(limit)
    return list(session().scalars(query))


def member_list_or_404(list_id: int) -> MemberList:
    found = session().get(MemberList, list_id)
    if found is None:
        raise NotThere(_("There is no such member list."))
    return found


def stays_of(person_id: int, limit: int) -> list[tuple[Group, Membership]]:
    """A person's stays, the latest first."""
    query = (
        select(Group, Membership)
        .join(Membership, Membership.group_id == Group.id)
        .where(Membership.person_id == person_id)
        .order_by(Membership.joined_at.desc(), Membership.id.desc())
        .limit(limit)
    )
    return [(group, stay) for group, stay in session().execute(query)]


def open_groups(limit: int = 500) -> list[Group]:
    return list(session().scalars(select(Group).order_by(Group.closed_at.is_not(None), Group.name).limit(limit)))
