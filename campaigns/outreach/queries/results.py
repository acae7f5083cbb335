"""What came of a campaign: by step, variant, source and sender; the same clauses count the figures and open them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, select

from campaigns.outreach.models import Campaign, CampaignStep, StepWording
from crm.core.db import session
from crm.funnel.models import Standing
from crm.groups.models import Membership
from crm.invites.models import Invite
from crm.outbox.models import Letter, Sender, Touch
from crm.outbox.rules import Direction, LetterState, Outcome
from crm.people.models import Person, Source
from crm.people.queries import listed


class Cut(StrEnum):
    STEP = "step"
    VARIANT = "variant"
    SOURCE = "source"
    SENDER = "sender"


class Figure(StrEnum):
    """Counts people, each once in a line. What came later counts when a letter of that line had left before it.

    OPENED and BY_LINK: who opened their invite link of this campaign, and who joined a group after it as the last one.
    """

    PLANNED = "planned"
    SENT = "sent"
    BOUNCED = "bounced"
    REFUSED = "refused"
    REPLIED = "replied"
    OPENED = "opened"
    BY_LINK = "by_link"
    JOINED = "joined"
    ACTIVE = "active"
    RETAINED = "retained"


LATER = (Figure.REPLIED, Figure.OPENED, Figure.BY_LINK, Figure.JOINED, Figure.ACTIVE, Figure.RETAINED)
"""What came after a letter."""


@dataclass(frozen=True, slots=True)
class Line:
    key: str
    counts: dict[Figure, int]


def _figure(figure: Figure) -> ColumnElement[bool]:
    replied = exists().where(
        Touch.person_id == Letter.person_id,
        Touch.direction == Direction.IN,
        Touch.outcome == Outcome.REPLIED,
        Touch.at >= Letter.sent_at,
    )
    by_link = exists().where(Membership.invite_id == Invite.id, Membership.joined_at >= Letter.sent_at)
    return {
        Figure.PLANNED: literal(True),
        Figure.SENT: Letter.sent_at.is_not(None),
        Figure.BOUNCED: Letter.state == LetterState.BOUNCED,
        Figure.REFUSED: Letter.state == LetterState.REFUSED,
        Figure.REPLIED: replied,
        Figure.OPENED: Invite.last_opened_at >= Letter.sent_at,
        Figure.BY_LINK: by_link,
        Figure.JOINED: Standing.joined_at >= Letter.sent_at,
        Figure.ACTIVE: Standing.active_at >= Letter.sent_at,
        Figure.RETAINED: Standing.retained_at >= Letter.sent_at,
    }[figure]


def _site() -> Any:
    """Where a person was first found."""
    first = (
        select(Source.site).where(Source.person_id == Letter.person_id).order_by(Source.found_at, Source.id).limit(1)
    )
    return func.coalesce(first.scalar_subquery(), "")


def _key(cut: Cut) -> Any:
    return {
        Cut.STEP: CampaignStep.position,
        Cut.VARIANT: StepWording.variant,
        Cut.SOURCE: _site(),
        Cut.SENDER: func.coalesce(Sender.name, ""),
    }[cut]


def _letters(campaign: Campaign, *columns: Any) -> Select[Any]:
    """Its letters, with the step and variant of each, whoever stands for themselves."""
    return (
        select(*columns)
        .select_from(Letter)
        .join(StepWording, StepWording.wording_id == Letter.wording_id)
        .join(CampaignStep, and_(CampaignStep.id == StepWording.step_id, CampaignStep.campaign_id == campaign.id))
        .join(Person, Person.id == Letter.person_id)
        .outerjoin(Standing, Standing.person_id == Letter.person_id)
        .outerjoin(Sender, Sender.id == Letter.sender_id)
        .outerjoin(Invite, and_(Invite.person_id == Letter.person_id, Invite.origin_id == campaign.origin_id))
        .where(Letter.origin_id == campaign.origin_id, listed())
    )


def results(campaign: Campaign, cut: Cut, position: int | None = None) -> list[Line]:
    """A line for each value of the cut; `position`: of one step only, of which a person has one letter. Where there may
    be more, each person's are laid together first.
    """
    lettered = _letters(
        campaign, _key(cut).label("cut"), Person.id.label("person"), *(_figure_of(figure) for figure in Figure)
    )
    if position is not None:
        lettered = lettered.where(CampaignStep.position == position)
    people = lettered.subquery()
    if cut is not Cut.STEP and position is None:
        any_of = [func.max(people.c[figure.value]).label(figure.value) for figure in Figure]
        people = select(people.c.cut, *any_of).group_by(people.c.cut, people.c.person).subquery()
    sums = [func.sum(people.c[figure.value]) for figure in Figure]
    rows = session().execute(select(people.c.cut, *sums).group_by(people.c.cut).order_by(people.c.cut))
    return [Line(str(row[0]), {figure: int(row[i + 1] or 0) for i, figure in enumerate(Figure)}) for row in rows]


def _figure_of(figure: Figure) -> Any:
    return case((_figure(figure), 1), else_=0).label(figure.value)


def people_of_figure(
    campaign: Campaign, cut: Cut, key: str, figure: Figure, position: int | None, after: int, limit: int
) -> list[tuple[int, str]]:
    """(person, how they are shown) of those whom a figure counts, by their numbers."""
    value: Any = int(key) if cut is Cut.STEP and key.isdecimal() and len(key) < 10 else key
    if cut is Cut.STEP and not isinstance(value, int):
        return []
    query = _letters(campaign, Person).where(_key(cut) == value, _figure(figure), Person.id > after)
    if position is not None:
        query = query.where(CampaignStep.position == position)
    found = session().scalars(query.distinct().order_by(Person.id).limit(limit))
    return [(person.id, person.shown) for person in found]


def every_letter(campaign: Campaign, chunk: int) -> Iterator[tuple[Any, ...]]:
    """Each letter with its person, step, variant, state and moments, in pieces by the letters' numbers."""
    after = 0
    columns = (
        Letter.id,
        Person.id,
        Person.name,
        Letter.identity_kind,
        Letter.identity_value,
        CampaignStep.position,
        StepWording.variant,
        StepWording.language,
        Sender.name,
        Letter.state,
        Letter.reason,
        Letter.sent_at,
        *(_figure_of(figure) for figure in LATER),
    )
    while True:
        page = _letters(campaign, *columns).where(Letter.id > after).order_by(Letter.id).limit(chunk)
        rows = session().execute(page).all()
        yield from (tuple(row) for row in rows)
        if len(rows) < chunk:
            return
        after = rows[-1][0]
