"""Who answered what, which names look alike, on which editions somebody stands, and which of them are withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, case, exists, func, literal_column, or_, select

from campaigns.credits.models import Consent, Edition, EditionName
from campaigns.credits.rules import ConsentAnswer, EditionState
from campaigns.credits.rules.likeness import likenesses
from crm.accounts.queries import staff_people, testers
from crm.builds.models import Build
from crm.builds.queries import standing_person
from crm.core.bulk import among
from crm.core.db import session
from crm.core.errors import NotAllowed
from crm.core.paging import Page, SortKey, page
from crm.core.tokens import read, sign
from crm.people.models import Person
from crm.people.queries import listed

LINK = "my_name"
HAS_LEFT = (EditionState.SHIPPED, EditionState.SUPERSEDED)


def my_name_token(person_id: int) -> str:
    """What stands behind /n/ in the link that this room's letters carry."""
    return sign(LINK, person_id)


def read_my_name_token(token: str) -> int:
    """Whose link it is, or who stands for them after merges. Raises NotAllowed for a token that we have not made."""
    found = read(LINK, token)
    if not isinstance(found, int):
        raise NotAllowed(_("This link is not valid: copy it whole, or ask for a new one."))
    return standing_person(found)


def consent_of(person_id: int) -> Consent | None:
    """None: not answered."""
    return session().get(Consent, person_id)


def consent_figures() -> dict[str, int]:
    """Testers who said yes, said no, and have not answered."""
    counted = session().execute(
        select(Consent.answer, func.count()).where(Consent.person_id.in_(testers())).group_by(Consent.answer)
    )
    answers = {str(answer): count for answer, count in counted}
    everybody = session().scalar(select(func.count()).select_from(testers().subquery())) or 0
    return {
        ConsentAnswer.YES: answers.get(ConsentAnswer.YES, 0),
        ConsentAnswer.NO: answers.get(ConsentAnswer.NO, 0),
        "unanswered": everybody - sum(answers.values()),
    }


def looks_like_staff(names: Sequence[tuple[int, str]]) -> set[int]:
    """Of (person, name) those whose name may be taken for that of a member of staff who is somebody else."""
    staff = [(who.id, likenesses(who.name)) for who in staff_people()]
    return {
        person_id
        for person_id, name in names
        for alike in (likenesses(name),)
        if any(alike & theirs for staff_id, theirs in staff if staff_id != person_id)
    }


def is_taken(person_id: int, name: str) -> bool:
    """Whether another person's chosen name may be taken for this one: one question, over an index."""
    alike = likenesses(name)
    if not alike:
        return False
    another = exists().where(
        Consent.likeness.in_(sorted(alike)),
        Consent.likeness != literal_column("''"),  # as the index says it, or SQLite does not use it
        Consent.person_id != person_id,
        Consent.hidden_at.is_(None),
        Person.id == Consent.person_id,
        listed(),
    )
    return bool(session().scalar(select(another)))


def appearances(person_id: int) -> Sequence[Any]:
    """The boot screens that left with this person's name, the newest first: id, name, shown_name, shipped_at, build."""
    build = case((Build.id.is_not(None), Build.platform + " " + Build.version))
    return (
        session()
        .execute(
            select(Edition.id, Edition.name, EditionName.shown_name, Edition.shipped_at, build.label("build"))
            .join(EditionName, EditionName.edition_id == Edition.id)
            .outerjoin(Build, Build.id == Edition.build_id)
            .where(EditionName.person_id == person_id, Edition.state.in_(HAS_LEFT))
            .order_by(Edition.shipped_at.desc(), Edition.id.desc())
        )
        .all()
    )


def withdrawn_at(consent: Consent) -> datetime | None:
    """Since when this name may be shown no more; None while it may, and for a name that never might."""
    if consent.answer is ConsentAnswer.NO:
        return consent.withdrawn_at or consent.answered_at
    return consent.hidden_at


def _gone() -> ColumnElement[bool]:
    return or_(Consent.answer == ConsentAnswer.NO, Consent.hidden_at.is_not(None))


def _withdrawn_after_shipping() -> Select[Any]:
    since = case(
        (Consent.answer == ConsentAnswer.NO, func.coalesce(Consent.withdrawn_at, Consent.answered_at)),
        else_=Consent.hidden_at,
    )
    return (
        select(
            EditionName.person_id,
            EditionName.edition_id,
            Person.name,
            EditionName.shown_name,
            Edition.name.label("edition"),
            case((Build.id.is_not(None), Build.platform + " " + Build.version)).label("build"),
            since.label("since"),
            Consent.answer,
            Consent.hidden_why,
        )
        .join(Edition, Edition.id == EditionName.edition_id)
        .join(Consent, Consent.person_id == EditionName.person_id)
        .join(Person, Person.id == EditionName.person_id)
        .outerjoin(Build, Build.id == Edition.build_id)
        .where(Edition.state.in_(HAS_LEFT), _gone())
    )


def withdrawn_page(after: str | None, before: str | None) -> Page:
    """Names that may be shown no more and still stand on boot screens that have left; the newest of these first."""
    keys = [SortKey(EditionName.edition_id, descending=True), SortKey(EditionName.person_id)]
    return page(_withdrawn_after_shipping(), keys, after=after, before=before)


def count_withdrawn() -> int:
    """How many such names there are; one on two boot screens counts twice."""
    return session().scalar(select(func.count()).select_from(_withdrawn_after_shipping().subquery())) or 0


def chosen_since_hidden(person_ids: Sequence[int]) -> set[int]:
    """Those of them whose name is hidden and who have answered anew since: somebody should look."""
    hidden = select(Consent.person_id).where(among(Consent.person_id, person_ids))
    return set(session().scalars(hidden.where(Consent.answered_at > Consent.hidden_at)))
