"""People who stayed, and editions in a state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from campaigns.credits.actions import answer_consent, create_edition
from campaigns.credits.models import Edition, EditionName
from campaigns.credits.rules import ConsentAnswer, EditionState, Look, Part, RuleKind, Wording, rule_of
from crm.core.db import session
from crm.funnel.models import Move, Standing
from crm.funnel.rules import Stage
from crm.people.models import Person
from tests import make

AT = make.T0 + timedelta(weeks=60)
LOOK = Look(sizes=("480x800",), wordings={"en": Wording("Thank you")})
RETAINED = rule_of([Part(RuleKind.RETAINED)])


def retained(name: str, *, since: datetime = AT - timedelta(days=1), **fields: Any) -> Person:
    """A tester who reached retained at that moment."""
    who = make.tester(name, **fields)
    session().add(
        Standing(person_id=who.id, stage=Stage.RETAINED, since=since, reached=4, retained_at=since, week=2900)
    )
    session().add(
        Move(person_id=who.id, from_stage=Stage.ACTIVE, to_stage=Stage.RETAINED, at=since, recorded_at=since, why={})
    )
    session().flush()
    return who


def says_yes(who: Person, name: str = "", *, at: datetime = AT) -> Person:
    answer_consent(who.id, ConsentAnswer.YES, name or who.name, at)
    return who


def edition(name: str = "First", *, state: EditionState = EditionState.DRAFT, **fields: Any) -> Edition:
    made = create_edition(name, RETAINED, AT, LOOK, at=AT)
    if state != EditionState.DRAFT or fields:
        made.state = state
        for key, value in fields.items():
            setattr(made, key, value)
        session().flush()
    return made


def named_on(people: Sequence[Person], name: str = "First", **fields: Any) -> Edition:
    """An edition that has these people on it, in this order."""
    made = edition(name, **{"frozen_at": AT, "shipped_at": AT} | fields)
    for position, who in enumerate(people, start=1):
        session().add(EditionName(edition_id=made.id, person_id=who.id, shown_name=who.name, position=position))
    session().flush()
    return made
