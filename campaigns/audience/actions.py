"""Audiences are saved, and frozen into lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, insert, literal, select

from campaigns.audience.models import Audience, FrozenList, FrozenMember
from campaigns.audience.queries import people_of
from crm.core import journal
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal
from crm.people.queries import matching


class NameTaken(Refusal):
    """Another audience has this name."""


def save_audience(
    name: str,
    filters: Mapping[str, str],
    *,
    at: datetime,
    by_id: int | None = None,
    audience_id: int | None = None,
) -> Audience:
    """Makes an audience, or gives a known one another name and filter. Raises NotUnderstood and NameTaken."""
    name = name.strip()
    if not name:
        raise NotUnderstood(_("An audience needs a name."))
    kept = {key: value for key, value in filters.items() if value}
    matching(kept, at)
    other = session().scalar(select(Audience).where(Audience.name == name))
    if other is not None and other.id != audience_id:
        raise NameTaken(_("There is an audience called “%(name)s” already: choose another name.", name=name))
    if audience_id is None:
        saved, before = Audience(name=name, filter=kept, created_at=at, created_by_id=by_id), None
        session().add(saved)
    else:
        saved = session().get_one(Audience, audience_id)
        before = {"name": saved.name, "filter": saved.filter}
        saved.name, saved.filter = name, kept
    session().flush()
    after = {"name": name, "filter": kept}
    journal.record("audience.save", f"audience:{saved.id}", at=at, before=before, after=after)
    return saved


def freeze(audience: int | Mapping[str, str], title: str, at: datetime) -> int:
    """Keeps who is in an audience (or found by a filter) at this moment as a list; returns its number."""
    saved_id = audience if isinstance(audience, int) else None
    people = people_of(audience, at) if isinstance(audience, int) else matching(audience, at)
    return freeze_people(people, title, at, audience_id=saved_id)


def freeze_people(people: Select[Any], title: str, at: datetime, audience_id: int | None = None) -> int:
    """Keeps the people that a query of their ids finds as a list; returns its number."""
    kept = FrozenList(audience_id=audience_id, title=title, at=at)
    session().add(kept)
    session().flush()
    found = people.subquery()
    session().execute(insert(FrozenMember).from_select(["list_id", "person_id"], select(literal(kept.id), found.c[0])))
    return kept.id
