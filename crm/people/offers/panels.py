"""This room's parts of Home and of a person's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from crm.core.db import session
from crm.core.guards import May
from crm.core.offers import Panel
from crm.people.actions.merging import last_merges
from crm.people.models import MergeProposal, Note, PeopleImport, Person, PersonTag, Source, Tag
from crm.people.offers.conditions import ROLES
from crm.people.rules import ImportState, ProposalState


def _waiting(_viewer_id: int, _at: datetime) -> dict[str, Any] | None:
    proposals = session().scalar(
        select(func.count()).select_from(MergeProposal).where(MergeProposal.state == ProposalState.OPEN)
    )
    running = list(session().scalars(select(PeopleImport).where(PeopleImport.state == ImportState.RUNNING)))
    return {"proposals": proposals, "running": running} if proposals or running else None


def _known(person_id: int, _at: datetime) -> dict[str, Any] | None:
    """Identities, sources, tags, notes and merges of one person."""
    person = session().get_one(Person, person_id)
    worn = select(Tag.name).join(PersonTag, PersonTag.tag_id == Tag.id).where(PersonTag.person_id == person_id)
    notes = select(Note, Person.name).outerjoin(Person, Person.id == Note.author_id)
    return {
        "person": person,
        "identities": list(person.identities),
        "sources": list(
            session().scalars(select(Source).where(Source.person_id == person_id).order_by(Source.found_at))
        ),
        "tags": list(session().scalars(worn.order_by(Tag.name))),
        "notes": list(session().execute(notes.where(Note.person_id == person_id).order_by(Note.at.desc()))),
        "merges": last_merges(person_id),
        "roles": ROLES,
        "owner": session().scalar(select(Person.name).where(Person.id == person.owner_id)) if person.owner_id else None,
    }


HOME = (Panel("people.waiting", "people/_waiting.html", _waiting, order=40, may=May.PEOPLE),)
PERSON = (Panel("people.known", "people/_known.html", _known, order=20),)
