"""What this room does and shows for others."""

from __future__ import annotations

from typing import Any, cast

from flask_babel import lazy_gettext, lazy_pgettext
from sqlalchemy import Table

from crm.core.guards import May
from crm.core.offers import NavItem, RoomOffers
from crm.core.owned import Owned
from crm.people.actions.forgetting import reapply
from crm.people.actions.merging import empty_again, fill_from
from crm.people.models import (
    Identity,
    ImportedPerson,
    Merge,
    MergeProposal,
    Note,
    PeopleImport,
    Person,
    PersonTag,
    Source,
)
from crm.people.offers.conditions import CONDITIONS
from crm.people.offers.panels import HOME, PERSON
from crm.people.offers.timeline import timeline


def _owned(model: Any, column: str = "person_id", **more: Any) -> Owned:
    return Owned(cast(Table, model.__table__), column, **more)


def _named(model: Any, column: str) -> Owned:
    """A number of somebody who did something to others: moves with a merge, is nobody's data but theirs."""
    return _owned(model, column, forget="keep", exported=False)


OWNED = (
    _owned(Identity),
    _owned(Source, private=frozenset({"found_by_id", "recruiter_id"})),
    _named(Source, "found_by_id"),
    _named(Source, "recruiter_id"),
    _owned(PersonTag),
    _owned(Note),
    _named(Note, "author_id"),
    _owned(ImportedPerson),
    _owned(MergeProposal, "first_id", exported=False),
    _owned(MergeProposal, "second_id", exported=False),
    _named(MergeProposal, "decided_by_id"),
    _named(Merge, "by_id"),
    _named(PeopleImport, "by_id"),
    _named(Person, "owner_id"),
    _named(Person, "merged_into_id"),
)

PEOPLE = lazy_pgettext("navigation", "People")

OFFERS = RoomOffers(
    room="people",
    owned=OWNED,
    merge=fill_from,
    unmerge=empty_again,
    forget_again=reapply,
    timeline=timeline,
    conditions=CONDITIONS,
    home=HOME,
    person=PERSON,
    navigation=(
        NavItem(
            lazy_gettext("Imports"),
            "people.imports",
            May.PEOPLE,
            order=22,
            section=PEOPLE,
        ),
        NavItem(
            lazy_gettext("One or two?"),
            "people.proposals",
            May.PEOPLE,
            order=23,
            section=PEOPLE,
        ),
        NavItem(
            lazy_gettext("Left alone"),
            "people.suppressions",
            May.PEOPLE,
            order=24,
            section=PEOPLE,
        ),
    ),
)
