"""Joining a group and leaving it. A join moves where somebody stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast

from flask_babel import gettext as _
from sqlalchemy import Table, bindparam, case, delete, select, update

from crm.core.bulk import among, chunks, load
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.restand import restand
from crm.groups.actions.groups import hold
from crm.groups.models import Group, Membership, Place
from crm.groups.queries import running_count
from crm.groups.rules import RUNNING, PlaceState
from crm.invites.queries import last_touches

CHUNK = 5000
MEMBERSHIP = cast(Table, Membership.__table__)
Stay = tuple[int, datetime]


class GroupFull(Refusal):
    """More people than places: nobody was added."""

    def __init__(self, group: Group, places: int, wanted: int) -> None:
        super().__init__(
            _(
                "%(name)s takes %(places)s more, and %(wanted)s would join: nobody was added. "
                "Raise its capacity, or open another group.",
                name=group.name,
                places=places,
                wanted=wanted,
            )
        )
        self.places = places


class GroupClosed(Refusal):
    """The group takes nobody any more."""


class NotInside(Refusal):
    """This person is not in the group."""


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


def record_joins(
    group_id: int, joins: Sequence[Stay], origin_id: int | None = None, *, seen_inside: bool = False
) -> int:
    """Adds those who are not in the group yet (a person named twice joins at the earlier time); returns how many.

    Each join is put down to the invite link that the person opened last, else to `origin_id`. Raises GroupFull,
    adding nobody, when they are more than there are places; `seen_inside`: the room itself says that they are in it,
    which is so whatever its capacity is.
    """
    group = hold(group_id)
    if group.closed_at is not None and not seen_inside:
        raise GroupClosed(_("%(name)s is closed and takes nobody any more.", name=group.name))
    earliest: dict[int, datetime] = {}
    for person_id, at in joins:
        earliest[person_id] = min(at, earliest.get(person_id, at))
    for known in inside_of(group_id, earliest):
        del earliest[known]
    if not earliest:
        return 0
    places = group.capacity - running_count(group_id)
    if len(earliest) > places and not seen_inside:
        raise GroupFull(group, max(0, places), len(earliest))
    _add_stays(group_id, earliest, origin_id)
    _take_places(earliest)
    restand(earliest, min(earliest.values()))
    return len(earliest)


def _add_stays(group_id: int, earliest: Mapping[int, datetime], origin_id: int | None) -> None:
    for chunk in chunks(earliest.items(), CHUNK):
        touched = last_touches([person_id for person_id, _at in chunk])
        load(
            MEMBERSHIP,
            ("group_id", "person_id", "joined_at", "invite_id", "origin_id"),
            [(group_id, person_id, at, *touched.get(person_id, (None, origin_id))) for person_id, at in chunk],
        )


def _take_places(joined: Mapping[int, datetime]) -> None:
    """Who is in a group waits for none, and holds no other place."""
    for chunk in chunks(joined, CHUNK):
        session().execute(
            update(Place)
            .where(among(Place.person_id, chunk), Place.state.in_(RUNNING))
            .values(state=PlaceState.TAKEN, ended_at=min(joined[person_id] for person_id in chunk))
            .execution_options(synchronize_session=False)
        )


def take_back_join(group_id: int, person_id: int, at: datetime) -> None:
    """A join that was recorded by mistake at this moment has not been, and the place that it took is theirs again or
    waited for again; without effect when they have left since.
    """
    hold(group_id)
    gone = session().scalar(
        delete(Membership)
        .where(
            Membership.group_id == group_id,
            Membership.person_id == person_id,
            Membership.joined_at == at,
            Membership.left_at.is_(None),
        )
        .returning(Membership.id)
    )
    if gone is not None:
        _give_place_back(person_id, at)
    restand([person_id], None)


def _give_place_back(person_id: int, joined_at: datetime) -> None:
    its = select(Place.id).where(Place.person_id == person_id)
    if session().scalar(its.where(Place.state.in_(RUNNING)).limit(1)) is not None:
        return  # they have asked anew since
    ended = its.where(Place.state == PlaceState.TAKEN, Place.ended_at == joined_at).order_by(Place.id.desc()).limit(1)
    before = case((Place.held_until.is_not(None), PlaceState.HELD.value), else_=PlaceState.WAITING.value)
    session().execute(
        update(Place)
        .where(Place.id == ended.scalar_subquery())
        .values(state=before, ended_at=None)
        .execution_options(synchronize_session=False)
    )


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
