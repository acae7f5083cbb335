"""Groups, their places, who is in them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flask_babel import gettext as _
from sqlalchemy import ScalarSelect, func, select

from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.paging import Page, SortKey, page
from crm.groups.models import Group, GroupKey, MatrixRoom, MemberList, Membership, Place
from crm.groups.rules import RUNNING, PlaceState, is_nearly_full
from crm.people.models import Person

IN_ORDER = (Group.position, Group.id)
MANY = 500


class Filling(NamedTuple):
    """A group that takes people: how many are in it, and for how many a place is held."""

    group: Group
    inside: int
    held: int

    @property
    def free(self) -> int:
        return max(0, self.group.capacity - self.inside - self.held)

    @property
    def is_nearly_full(self) -> bool:
        return is_nearly_full(self.group.capacity, self.inside + self.held)


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


def _held() -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(Place.group_id == Group.id, Place.state == PlaceState.HELD)
        .correlate(Group)
        .scalar_subquery()
    )


def groups_page(after: str | None, before: str | None) -> Page:
    """All groups in the order in which they fill, with how many are in each; closed ones too."""
    columns = (Group.id, Group.kind, Group.name, Group.capacity, Group.closed_at, Group.position)
    query = select(*columns, _inside().label("inside"), _held().label("held"))
    return page(query, [SortKey(Group.position), SortKey(Group.id)], after=after, before=before)


def groups_to_join(limit: int = 500) -> list[tuple[Group, int]]:
    """Groups that are not closed, each with the places it has left; full ones last."""
    query = select(Group, _inside()).where(Group.closed_at.is_(None)).order_by(*IN_ORDER).limit(limit)
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


def fillings(group_id: int | None = None) -> list[Filling]:
    """The groups that are not closed, in the order in which they fill."""
    query = select(Group, _inside(), _held()).where(Group.closed_at.is_(None)).order_by(*IN_ORDER).limit(MANY)
    if group_id is not None:
        query = query.where(Group.id == group_id)
    return [Filling(group, inside, held) for group, inside, held in session().execute(query)]


def waiting_count() -> int:
    return session().scalar(select(func.count()).where(Place.state == PlaceState.WAITING)) or 0


def next_waiting() -> Place | None:
    """Who is first on the waiting list."""
    query = select(Place).where(Place.state == PlaceState.WAITING).order_by(Place.asked_at, Place.id).limit(1)
    return session().scalar(query.execution_options(populate_existing=True))


def place_of(person_id: int) -> Place | None:
    """The place that this person waits for or that is held for them."""
    return session().scalar(select(Place).where(Place.person_id == person_id, Place.state.in_(RUNNING)))


def number_on_the_list(place: Place) -> int:
    """1 for who is next."""
    before = select(func.count()).where(
        Place.state == PlaceState.WAITING,
        (Place.asked_at < place.asked_at) | ((Place.asked_at == place.asked_at) & (Place.id < place.id)),
    )
    return 1 + (session().scalar(before) or 0)


def group_of(person_id: int) -> Group | None:
    """A group that this person is in now, the latest join first."""
    query = (
        select(Group)
        .join(Membership, Membership.group_id == Group.id)
        .where(Membership.person_id == person_id, Membership.left_at.is_(None))
        .order_by(Membership.joined_at.desc(), Membership.id.desc())
        .limit(1)
    )
    return session().scalar(query)


def places_held(group_id: int, limit: int = MANY) -> list[tuple[Place, str]]:
    """Held places of a group with the names of their people, those first that lapse first."""
    query = (
        select(Place, Person.name)
        .join(Person, Person.id == Place.person_id)
        .where(Place.group_id == group_id, Place.state == PlaceState.HELD)
        .order_by(Place.held_until, Place.id)
        .limit(limit)
    )
    return [(place, name) for place, name in session().execute(query)]


def waiting_list(limit: int = MANY) -> list[tuple[Place, str]]:
    """Who waits for a place, in the order in which they get one."""
    query = (
        select(Place, Person.name)
        .join(Person, Person.id == Place.person_id)
        .where(Place.state == PlaceState.WAITING)
        .order_by(Place.asked_at, Place.id)
        .limit(limit)
    )
    return [(place, name) for place, name in session().execute(query)]


def untold() -> list[tuple[Place, str, str]]:
    """People who hold a place from the waiting list and could be sent no letter: place, name, group."""
    query = (
        select(Place, Person.name, Group.name)
        .join(Person, Person.id == Place.person_id)
        .join(Group, Group.id == Place.group_id)
        .where(Place.state == PlaceState.HELD, Place.told.is_(False))
        .order_by(Place.held_until, Place.id)
        .limit(MANY)
    )
    return [(place, name, group) for place, name, group in session().execute(query)]


def lapsed_places(at: datetime) -> list[int]:
    query = select(Place.id).where(Place.state == PlaceState.HELD, Place.held_until <= at)
    return list(session().scalars(query.order_by(Place.id)))


def key_of(group_id: int) -> GroupKey | None:
    return session().get(GroupKey, group_id)


def matrix_room_of(group_id: int) -> MatrixRoom | None:
    return session().get(MatrixRoom, group_id)


class Concerns(NamedTuple):
    """What staff should see of groups today: one question, as Home asks many rooms."""

    filling: list[Filling]
    troubles: list[tuple[Group, str]]
    waiting: int
    untold: int


def concerns() -> Concerns:
    """Open groups with their places; rooms that cannot be read; how many wait, and how many must be told by hand."""
    counts = select(func.count()).select_from(Place)
    waits = counts.where(Place.state == PlaceState.WAITING).scalar_subquery()
    to_tell = counts.where(Place.state == PlaceState.HELD, Place.told.is_(False)).scalar_subquery()
    query = select(Group, _inside(), _held(), MatrixRoom.trouble, waits, to_tell)
    rows = session().execute(query.outerjoin(MatrixRoom).order_by(*IN_ORDER).limit(MANY)).all()
    return Concerns(
        [Filling(row[0], row[1], row[2]) for row in rows if row[0].closed_at is None],
        [(row[0], row[3]) for row in rows if row[3]],
        rows[0][4] if rows else 0,
        rows[0][5] if rows else 0,
    )
