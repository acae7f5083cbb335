"""Two people who are one: every room's rows move to the one who is kept, remembered so that they can go back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import select, update

from crm.core import journal
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, Refusal
from crm.core.offers import offers
from crm.core.owned import move_back, move_rows
from crm.core.restand import restand
from crm.people.models import Merge, MergeProposal, Person
from crm.people.queries import person_or_404
from crm.people.rules import ProposalState


def merge(keep_id: int, lose_id: int, *, at: datetime, by_id: int | None = None) -> Merge:
    """`lose` stands for themselves no longer. Raises Refusal for one person, or for two members of staff."""
    keep, lose = person_or_404(keep_id), person_or_404(lose_id)
    if keep.id == lose.id:
        raise Refusal(gettext("This is one person already."))
    if lose.is_staff:
        raise Refusal(gettext("%(name)s is staff: keep them, and merge the other into them.", name=lose.shown))
    moved = {room.room: {"rows": move_rows(room.owned, keep.id, lose.id)} for room in offers()}
    lose.merged_into_id = keep.id
    session().flush()
    for room in offers():
        if room.merge is not None:
            moved[room.room]["hook"] = room.merge(keep.id, lose.id, at)
    made = Merge(keep_id=keep.id, lose_id=lose.id, moved=moved, at=at, by_id=by_id)
    session().add(made)
    session().flush()
    _settle_proposals(keep.id, lose.id, at, by_id)
    restand([keep.id, lose.id], None)
    journal.record("people.merge", f"person:{keep.id}", at=at, about_id=keep.id, after={"merged": lose.id})
    session().expire_all()
    return made


def _settle_proposals(keep_id: int, lose_id: int, at: datetime, by_id: int | None) -> None:
    first, second = sorted((keep_id, lose_id))
    session().execute(
        update(MergeProposal)
        .where(MergeProposal.first_id == first, MergeProposal.second_id == second)
        .where(MergeProposal.state == ProposalState.OPEN)
        .values(state=ProposalState.MERGED, decided_at=at, decided_by_id=by_id)
    )


def unmerge(merge_id: int, *, at: datetime) -> Merge:
    """Gives both people back what was theirs. Raises MoveRefused when a later merge stands on it."""
    made = session().get(Merge, merge_id)
    if made is None:
        raise NotThere(gettext("There is no such merge."))
    keep, lose = session().get_one(Person, made.keep_id), session().get_one(Person, made.lose_id)
    if made.undone_at is None and not keep.is_listed:
        raise MoveRefused(
            gettext("Person %(id)s has been merged or forgotten since: undo the later merge first.", id=keep.id)
        )
    if made.undone_at is None and (lose.forgotten_at is not None or lose.merged_into_id != keep.id):
        raise MoveRefused(gettext("Person %(id)s cannot be given back: they were forgotten.", id=lose.id))
    undone = session().execute(
        update(Merge).where(Merge.id == merge_id, Merge.undone_at.is_(None)).values(undone_at=at).returning(Merge.id)
    )
    if undone.first() is None:
        raise MoveRefused(gettext("This merge has been undone already."))
    lose.merged_into_id = None
    session().flush()
    parts: dict[str, dict[str, Any]] = made.moved
    for room in reversed(offers()):
        move_back(room.owned, parts.get(room.room, {}).get("rows", {}), lose.id)
    for room in reversed(offers()):  # what a room derives from its rows, it derives from those that are back
        if room.unmerge is not None:
            room.unmerge(keep.id, lose.id, parts.get(room.room, {}).get("hook"), at)
    restand([keep.id, lose.id], None)
    journal.record("people.unmerge", f"person:{keep.id}", at=at, about_id=keep.id, after={"given_back": lose.id})
    session().expire_all()
    return made


def reject_proposal(proposal_id: int, *, at: datetime, by_id: int | None) -> None:
    """They are two people; the pair is not proposed again. Raises MoveRefused when it was decided before."""
    moved = session().execute(
        update(MergeProposal)
        .where(MergeProposal.id == proposal_id, MergeProposal.state == ProposalState.OPEN)
        .values(state=ProposalState.REJECTED, decided_at=at, decided_by_id=by_id)
        .returning(MergeProposal.id)
    )
    if moved.first() is None:
        raise MoveRefused(gettext("This proposal has been decided already."))
    journal.record("people.reject_proposal", f"merge_proposal:{proposal_id}", at=at)


def accept_proposal(proposal_id: int, keep_id: int, *, at: datetime, by_id: int | None) -> Merge:
    """Merges the two; `keep_id` is one of them. Raises MoveRefused, NotThere, Refusal."""
    proposal = session().get(MergeProposal, proposal_id)
    if proposal is None or keep_id not in (proposal.first_id, proposal.second_id):
        raise NotThere(gettext("There is no such proposal."))
    if proposal.state is not ProposalState.OPEN:
        raise MoveRefused(gettext("This proposal has been decided already."))
    proposal.state, proposal.decided_at, proposal.decided_by_id = ProposalState.MERGED, at, by_id
    session().flush()
    return merge(keep_id, proposal.first_id + proposal.second_id - keep_id, at=at, by_id=by_id)


FILLED = ("name", "language", "zone", "owner_id")


def fill_from(keep_id: int, lose_id: int, _at: datetime) -> dict[str, Any]:
    """What the kept person lacked and the other had; this room's part of a merge."""
    keep, lose = session().get_one(Person, keep_id), session().get_one(Person, lose_id)
    filled = {key: getattr(lose, key) for key in FILLED if not getattr(keep, key) and getattr(lose, key)}
    for key, value in filled.items():
        setattr(keep, key, value)
    if lose.collected_at < keep.collected_at:
        filled["collected_at"] = keep.collected_at.isoformat()
        keep.collected_at = lose.collected_at
    session().flush()
    return filled


def empty_again(keep_id: int, _lose_id: int, filled: Any, _at: datetime) -> None:
    """The reverse of `fill_from`, but for what has been edited since."""
    keep = session().get_one(Person, keep_id)
    for key, value in (filled or {}).items():
        if key == "collected_at":
            keep.collected_at = datetime.fromisoformat(value)
        elif getattr(keep, key) == value:
            setattr(keep, key, "" if key == "name" else None)
    session().flush()


def last_merges(person_id: int) -> list[Merge]:
    """The merges in which this person was kept, newest first, that can still be undone."""
    return list(
        session().scalars(
            select(Merge).where(Merge.keep_id == person_id, Merge.undone_at.is_(None)).order_by(Merge.id.desc())
        )
    )
