"""Who answered what, and on which editions somebody stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from campaigns.credits.models import Consent, Edition, EditionName
from campaigns.credits.rules import ConsentAnswer, EditionState
from crm.accounts.queries import testers
from crm.core.db import session


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


def appearances(person_id: int) -> Sequence[Any]:
    """The boot screens that left with this person's name, the newest first: id, name, shown_name, shipped_at."""
    return (
        session()
        .execute(
            select(Edition.id, Edition.name, EditionName.shown_name, Edition.shipped_at)
            .join(EditionName, EditionName.edition_id == Edition.id)
            .where(
                EditionName.person_id == person_id,
                Edition.state.in_((EditionState.SHIPPED, EditionState.SUPERSEDED)),
            )
            .order_by(Edition.shipped_at.desc(), Edition.id.desc())
        )
        .all()
    )
