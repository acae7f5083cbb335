"""Editions: who is chosen, who of them is on it under which name, what has been drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select, union_all

from boot_screen.scene import alphabetical
from campaigns.audience.models import FrozenMember
from campaigns.credits.models import Consent, Edition, EditionName, Rendering
from campaigns.credits.queries.fitness import drawn_sizes
from campaigns.credits.rules import ConsentAnswer, EditionState, Part, Place, RuleKind, look_of, parts_of
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood
from crm.core.jobs import Job
from crm.core.paging import Page, SortKey, page
from crm.core.tokens import read, sign
from crm.funnel import queries as funnel
from crm.funnel.models import Standing
from crm.funnel.rules import Stage
from crm.people.models import Person, PersonTag, Tag
from crm.people.queries import listed

RENDER = "credits.render"
JOBS_LOOKED_AT = 100


class ChosenName(NamedTuple):
    """A person on an edition: the name as shown, and the kind of part that chose them."""

    person_id: int
    shown_name: str
    section: str


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


def _people_of(part: Part, as_of: datetime) -> Select[Any]:
    """The ids of everybody whom one part of a rule chooses. Raises NotUnderstood."""
    if part.kind is RuleKind.RETAINED:
        return funnel.retained_on(as_of)
    if part.kind is RuleKind.ACTIVE:
        return funnel.stood_at((Stage.ACTIVE, Stage.RETAINED), as_of)
    if part.kind is RuleKind.TAG:
        return select(PersonTag.person_id).join(Tag, Tag.id == PersonTag.tag_id).where(Tag.name == part.value)
    number = int(part.value) if part.value.isdecimal() and len(part.value) < 10 else 0
    if part.kind is RuleKind.FIRST:
        return select(funnel.first_active(number, as_of).subquery().c.person_id)
    return select(FrozenMember.person_id).where(FrozenMember.list_id == number)


def parts(edition: Edition) -> list[Part]:
    """Raises NotUnderstood for a rule that is not known here."""
    try:
        return parts_of(edition.rule)
    except (ValueError, KeyError, TypeError) as error:
        raise NotUnderstood(_("This boot screen chooses its people by a rule that is not known here.")) from error


def chosen(edition: Edition) -> Select[Any]:
    """The ids of everybody whom the edition's rule chooses, whatever they answered, as `id` with their `section`: the
    first part that chooses them."""
    found = [
        _people_of(part, edition.as_of).with_only_columns(
            _people_of(part, edition.as_of).selected_columns[0].label("id"), literal(place).label("part")
        )
        for place, part in enumerate(parts(edition))
    ]
    everybody = union_all(*found).subquery()
    return select(everybody.c.id, func.min(everybody.c.part).label("part")).group_by(everybody.c.id)


def _answer(of_chosen: ColumnElement[bool]) -> ColumnElement[str]:
    """Where somebody's own answer puts them."""
    return case(
        (~of_chosen, Place.NOT_CHOSEN.value),
        (Consent.person_id.is_(None), Place.UNANSWERED.value),
        (Consent.answer == ConsentAnswer.NO, Place.NO.value),
        (Consent.hidden_at.is_not(None), Place.HIDDEN.value),
        else_=Place.ON.value,
    )


def _places(edition: Edition) -> Select[Any]:
    """Everybody chosen, and whoever said yes without being chosen, with `place`, the name as it is or would be shown,
    and the number of the part that chose them."""
    choice = chosen(edition).subquery()
    answer = _answer(choice.c.id.is_not(None))
    said_yes = and_(Consent.answer == ConsentAnswer.YES, Consent.hidden_at.is_(None))
    base = select(Person.id).outerjoin(Consent, Consent.person_id == Person.id)
    base = base.outerjoin(choice, choice.c.id == Person.id)
    place, shown = answer, func.coalesce(Consent.shown_name, "")
    one_of = or_(choice.c.id.is_not(None), said_yes)
    if edition.state != EditionState.DRAFT:
        place = case(
            (EditionName.person_id.is_not(None), Place.ON.value), (answer == Place.ON, Place.LATE.value), else_=answer
        )
        shown = func.coalesce(EditionName.shown_name, Consent.shown_name, "")
        named = and_(EditionName.person_id == Person.id, EditionName.edition_id == edition.id)
        base = base.outerjoin(EditionName, named)
        one_of = or_(one_of, EditionName.person_id.is_not(None))
    return base.add_columns(
        Person.name, place.label("place"), shown.label("shown_name"), Consent.hidden_why, choice.c.part
    ).where(listed(), one_of)


def place_figures(edition: Edition) -> dict[str, int]:
    """How many of the chosen stand where, by Place."""
    places = _places(edition).subquery()
    counted = session().execute(select(places.c.place, func.count()).group_by(places.c.place))
    return {place.value: 0 for place in Place} | dict(counted.all())


def people_page(edition: Edition, place: Place, after: str | None, before: str | None) -> Page:
    """The chosen who stand at `place`, by person."""
    places = _places(edition).subquery()
    return page(select(places).where(places.c.place == place.value), [SortKey(places.c.id)], after=after, before=before)


def names_of(edition: Edition) -> list[ChosenName]:
    """In their order: those kept when it was frozen, for a draft those who would be kept now."""
    if edition.state != EditionState.DRAFT:
        kept = select(EditionName.person_id, EditionName.shown_name, EditionName.section)
        kept = kept.where(EditionName.edition_id == edition.id).order_by(EditionName.position)
        return [ChosenName(row[0], row[1], row[2]) for row in session().execute(kept)]
    kinds = [part.kind.value for part in parts(edition)]
    places = _places(edition).subquery()
    query = select(places.c.id, places.c.shown_name, places.c.part).where(places.c.place == Place.ON.value)
    if look_of(edition.look).order == "seniority":
        query = query.outerjoin(Standing, Standing.person_id == places.c.id)
        query = query.order_by(places.c.part, Standing.active_at, places.c.id)
        rows: Sequence[Any] = session().execute(query).all()
    else:
        found = session().execute(query).all()
        rows = sorted(found, key=lambda row: (row[2], alphabetical(row[1]), row[0]))
    return [ChosenName(row[0], row[1], kinds[row[2]]) for row in rows]


def withdrawn_since(edition: Edition) -> int:
    """How many of its names must not stand on another one: withdrawn or hidden since the freeze."""
    if edition.state == EditionState.DRAFT:
        return 0
    gone = or_(Consent.answer == ConsentAnswer.NO, Consent.hidden_at.is_not(None))
    count = select(func.count()).select_from(EditionName).join(Consent, Consent.person_id == EditionName.person_id)
    return session().scalar(count.where(EditionName.edition_id == edition.id, gone)) or 0


def renderings_of(edition_id: int) -> list[Rendering]:
    """What has been drawn of a frozen edition: one for each screen and language."""
    query = select(Rendering).where(Rendering.edition_id == edition_id)
    return list(session().scalars(query.order_by(Rendering.id)))


def is_drawn(edition: Edition) -> bool:
    """Whether every screen is there in every language."""
    look = look_of(edition.look)
    wanted = {(language, size) for language in look.wordings for size in drawn_sizes(look)}
    return bool(wanted) and wanted <= {(one.language, one.screen) for one in renderings_of(edition.id)}


def newest_job(edition_id: int) -> Job | None:
    """The last drawing of this edition, running or ended."""
    jobs = session().scalars(select(Job).where(Job.kind == RENDER).order_by(Job.id.desc()).limit(JOBS_LOOKED_AT))
    return next((job for job in jobs if job.args["edition_id"] == edition_id), None)


SHARED = "shared_name"


def share_token(edition_id: int, person_id: int) -> str:
    """What stands behind /boot-screen/ in the link that its owner may give to others."""
    return sign(SHARED, [edition_id, person_id])


def shared_name(token: str) -> tuple[Edition, EditionName]:
    """The name behind a link and its boot screen. Raises NotAllowed for a token that we have not made, and NotThere
    when it has not shipped, or when the name may not be shown any more."""
    found = read(SHARED, token)
    if not isinstance(found, list) or len(found) != 2:
        raise NotThere(_("There is no such boot screen."))
    edition = edition_or_404(found[0])
    name = session().get(EditionName, (edition.id, found[1]))
    consent = session().get(Consent, found[1])
    may_be_shown = consent is not None and consent.answer is ConsentAnswer.YES and consent.hidden_at is None
    if name is None or not may_be_shown or edition.state not in (EditionState.SHIPPED, EditionState.SUPERSEDED):
        raise NotThere(_("This name is not shown any more, or not yet."))
    return edition, name
