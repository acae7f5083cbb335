"""Editions: who is chosen, who of them is on it under which name, what has been drawn."""

from __future__ import annotations

import unicodedata
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from campaigns.credits.models import Consent, Edition, EditionName, Rendering
from campaigns.credits.rules import ConsentAnswer, EditionState, Place, RuleKind
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood
from crm.core.jobs import Job
from crm.core.paging import Page, SortKey, page
from crm.funnel import queries as funnel
from crm.people.models import Person
from crm.people.queries import listed

RENDER = "credits.render"
JOBS_LOOKED_AT = 100


def edition_or_404(edition_id: int) -> Edition:
    found = session().get(Edition, edition_id, populate_existing=True)
    if found is None:
        raise NotThere(_("There is no such boot screen."))
    return found


def editions_page(after: str | None, before: str | None) -> Page:
    """The newest first, with how many names are on each; a draft has none yet."""
    names = (
        select(func.count()).select_from(EditionName).where(EditionName.edition_id == Edition.id).correlate(Edition)
    ).scalar_subquery()
    query = select(
        Edition.id, Edition.name, Edition.state, Edition.as_of, Edition.shipped_at, Edition.look, names.label("names")
    )
    return page(query, [SortKey(Edition.id, descending=True)], after=after, before=before)


def chosen(edition: Edition) -> Select[Any]:
    """The ids of everybody whom the edition's rule chooses, whatever they answered."""
    if edition.rule.get("kind") == RuleKind.RETAINED:
        return funnel.retained_on(edition.as_of)
    raise NotUnderstood(_("This boot screen chooses its people by a rule that is not known here."))


def _answer() -> ColumnElement[str]:
    """Where somebody's own answer puts them."""
    return case(
        (Consent.person_id.is_(None), Place.UNANSWERED.value),
        (Consent.answer == ConsentAnswer.NO, Place.NO.value),
        (Consent.hidden_at.is_not(None), Place.HIDDEN.value),
        else_=Place.ON.value,
    )


def _places(edition: Edition) -> Select[Any]:
    """Everybody chosen, with `place` and the name as it is or would be shown."""
    if edition.state == EditionState.DRAFT:
        shown: ColumnElement[str] = func.coalesce(Consent.shown_name, "")
        place = _answer()
        base = select(Person.id).outerjoin(Consent, Consent.person_id == Person.id)
        base = base.where(Person.id.in_(chosen(edition)))
    else:
        answer = _answer()
        place = case(
            (EditionName.person_id.is_not(None), Place.ON.value), (answer == Place.ON, Place.LATE.value), else_=answer
        )
        shown = func.coalesce(EditionName.shown_name, Consent.shown_name, "")
        named = select(EditionName.person_id).where(EditionName.edition_id == edition.id)
        base = (
            select(Person.id)
            .outerjoin(Consent, Consent.person_id == Person.id)
            .outerjoin(EditionName, and_(EditionName.person_id == Person.id, EditionName.edition_id == edition.id))
            .where(or_(Person.id.in_(chosen(edition)), Person.id.in_(named)))
        )
    return base.add_columns(Person.name, place.label("place"), shown.label("shown_name"), Consent.hidden_why).where(
        listed()
    )


def place_figures(edition: Edition) -> dict[str, int]:
    """How many of the chosen stand where, by Place."""
    places = _places(edition).subquery()
    counted = session().execute(select(places.c.place, func.count()).group_by(places.c.place))
    return {place.value: 0 for place in Place} | dict(counted.all())


def people_page(edition: Edition, place: Place, after: str | None, before: str | None) -> Page:
    """The chosen who stand at `place`, by person."""
    places = _places(edition).subquery()
    return page(select(places).where(places.c.place == place.value), [SortKey(places.c.id)], after=after, before=before)


def _findable(name: str, person_id: int) -> tuple[str, int]:
    """The order of names: as one looks them up, whatever their case and width."""
    return unicodedata.normalize("NFKC", name).casefold().strip(), person_id


def names_of(edition: Edition) -> list[tuple[int, str]]:
    """(person, shown name) in their order: those kept when it was frozen, for a draft those who would be kept now."""
    if edition.state != EditionState.DRAFT:
        kept = select(EditionName.person_id, EditionName.shown_name).where(EditionName.edition_id == edition.id)
        return [(row[0], row[1]) for row in session().execute(kept.order_by(EditionName.position))]
    places = _places(edition).subquery()
    found = session().execute(select(places.c.id, places.c.shown_name).where(places.c.place == Place.ON.value))
    return sorted(((row[0], row[1]) for row in found), key=lambda row: _findable(row[1], row[0]))


def withdrawn_since(edition: Edition) -> int:
    """How many of its names must not stand on another one: withdrawn or hidden since the freeze."""
    if edition.state == EditionState.DRAFT:
        return 0
    gone = or_(Consent.answer == ConsentAnswer.NO, Consent.hidden_at.is_not(None))
    count = select(func.count()).select_from(EditionName).join(Consent, Consent.person_id == EditionName.person_id)
    return session().scalar(count.where(EditionName.edition_id == edition.id, gone)) or 0


def rendering_of(edition_id: int) -> Rendering | None:
    """What has been drawn of a frozen edition; its names and look cannot change, so there is one."""
    newest = select(Rendering).where(Rendering.edition_id == edition_id).order_by(Rendering.id.desc()).limit(1)
    return session().scalar(newest)


def newest_job(edition_id: int) -> Job | None:
    """The last drawing of this edition, running or ended."""
    jobs = session().scalars(select(Job).where(Job.kind == RENDER).order_by(Job.id.desc()).limit(JOBS_LOOKED_AT))
    return next((job for job in jobs if job.args["edition_id"] == edition_id), None)
