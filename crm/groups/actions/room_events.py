"""What a real room tells us: who joined, who left, who said which code. Told twice, it is done once.

A member is who has the identity; else whose invite code they gave, who gets the identity then; else somebody new.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import cast

from sqlalchemy import Table, func, select, update

from crm.core.bulk import chunks, insert_or_pass
from crm.core.db import session
from crm.core.restand import restand
from crm.core.tokens import keyed_hash
from crm.groups.actions.groups import hold
from crm.groups.actions.members import basis_of
from crm.groups.actions.stays import inside_of, record_joins, record_leaves
from crm.groups.models import Group, GroupEvent, Membership
from crm.groups.rules import EventKind, RoomEvent, Told
from crm.invites.models import Invite
from crm.invites.queries import by_codes
from crm.people.actions import add_identity, add_person, add_source, merge
from crm.people.models import Identity, Person, Source
from crm.people.queries import ids_by_identities, person_or_404
from crm.people.rules import LONGEST_NAME

EVENT = cast(Table, GroupEvent.__table__)
CHUNK = 5000
Pair = tuple[str, str]
BRACKETS = re.compile(r"[\s()\[\]{}<>|·,;:/\\_-]+$|^[\s()\[\]{}<>|·,;:/\\_-]+")


def take_events(group_id: int, events: Sequence[RoomEvent], at: datetime) -> list[Told]:
    """What became of each. The group's row is held, so that an event told twice at once is taken once."""
    group = hold(group_id)
    kept_as = {event.id: keyed_hash(event.id) for event in events}
    known = _known(group_id, kept_as)
    fresh = {event.id: event for event in events if event.id not in known}
    insert_or_pass(EVENT, [{"group_id": group_id, "event_id": kept_as[one], "received_at": at} for one in fresh])
    members = Members(group, list(fresh.values()), at)
    told: dict[str, Told] = {}
    for kind, run in groupby(fresh.values(), key=lambda event: event.kind):
        told |= _take(group_id, kind, list(run), members)
    seen: set[str] = set()
    answers = []
    for event in events:
        answers.append(Told.KNOWN if event.id in known or event.id in seen else told[event.id])
        seen.add(event.id)
    return answers


def _known(group_id: int, kept_as: Mapping[str, str]) -> set[str]:
    """Those of these event ids that were told before."""
    found: set[str] = set()
    for chunk in chunks(sorted(kept_as.values()), CHUNK):
        wanted = select(GroupEvent.event_id).where(GroupEvent.group_id == group_id, GroupEvent.event_id.in_(chunk))
        found.update(session().scalars(wanted))
    return {event_id for event_id, kept in kept_as.items() if kept in found}


def _take(group_id: int, kind: EventKind, run: list[RoomEvent], members: Members) -> dict[str, Told]:
    """A run of events of one kind, set-wise."""
    whose = {event.id: members.whose(event) for event in run}
    stays = [(person_id, event.at) for event in run if (person_id := whose[event.id]) is not None]
    before = inside_of(group_id, {person_id for person_id, _at in stays})
    if kind is EventKind.JOIN:
        record_joins(group_id, stays, seen_inside=True)
    elif kind is EventKind.LEAVE:
        record_leaves(group_id, stays)
    after = inside_of(group_id, {person_id for person_id, _at in stays})
    for event in run:
        members.put_down(event, whose[event.id])
    return {event.id: _told(whose[event.id], before, after) for event in run}


def _told(person_id: int | None, before: set[int], after: set[int]) -> Told:
    if person_id is None:
        return Told.UNMATCHED
    if (person_id in before) is (person_id in after):
        return Told.UNCHANGED
    return Told.JOINED if person_id in after else Told.LEFT


class Members:
    """Whose events these are."""

    def __init__(self, group: Group, events: Sequence[RoomEvent], at: datetime) -> None:
        self._group, self._at = group, at
        self._owners: dict[Pair, int] = ids_by_identities([one.identity for one in events if one.identity])
        self._invites = by_codes(code for one in events for code in one.codes)

    def _invite(self, event: RoomEvent) -> Invite | None:
        return next((self._invites[code] for code in event.codes if code in self._invites), None)

    def whose(self, event: RoomEvent) -> int | None:
        """None for somebody whom we do not know, unless they joined: then they are somebody new."""
        owner = self._owners.get(event.identity) if event.identity else None
        invite = self._invite(event)
        invited = person_or_404(invite.person_id).id if invite is not None else None
        if invited is not None and owner != invited:
            owner = self._bring_together(event, owner, invited)
        if owner is None and event.identity and event.kind is EventKind.JOIN:
            owner = self._meet(event, event.identity)
        if owner is not None and event.identity:
            self._owners[event.identity] = owner
        return owner

    def _bring_together(self, event: RoomEvent, owner: int | None, invited: int) -> int:
        """The code says who an identity belongs to, unless we know its owner from elsewhere than this room."""
        if owner is None and event.identity:
            add_identity(invited, *event.identity, at=self._at)
        elif owner is not None and not self._is_known_from_here_only(owner):
            return owner
        elif owner is not None:
            merge(invited, owner, at=self._at)
        return invited

    def _is_known_from_here_only(self, person_id: int) -> bool:
        person = session().get_one(Person, person_id)
        identities = session().scalar(select(func.count()).where(Identity.person_id == person_id))
        places = session().execute(select(Source.site, Source.board).where(Source.person_id == person_id)).all()
        here = all(tuple(place) == (self._group.kind, self._group.name) for place in places)
        return not person.is_staff and identities == 1 and bool(places) and here

    def _meet(self, event: RoomEvent, identity: Pair) -> int:
        person = add_person(_name(event) or identity[1], [identity], at=self._at)
        basis = basis_of(self._group)
        add_source(person.id, site=self._group.kind, board=self._group.name, basis=basis, at=self._at)
        return person.id

    def put_down(self, event: RoomEvent, person_id: int | None) -> None:
        """A stay of who gave a code came by that link, whichever they opened last."""
        invite = self._invite(event)
        if invite is None or person_id is None or person_or_404(invite.person_id).id != person_id:
            return
        session().execute(
            update(Membership)
            .where(
                Membership.group_id == self._group.id, Membership.person_id == person_id, Membership.left_at.is_(None)
            )
            .values(invite_id=invite.id, origin_id=invite.origin_id)
            .execution_options(synchronize_session=False)
        )
        restand([person_id], None)


def _name(event: RoomEvent) -> str:
    """What a member calls themselves, without their code and what no name holds."""
    name = "".join(sign for sign in event.name if sign.isprintable())
    for code in event.codes:
        name = re.sub(re.escape(code), "", name, flags=re.IGNORECASE)
    return BRACKETS.sub("", name)[:LONGEST_NAME]
