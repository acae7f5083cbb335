"""Where one person stands, and who stood where on a day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import aliased

from crm.core.db import session
from crm.funnel.models import Move, Standing
from crm.funnel.rules import Stage


def standing_of(person_id: int) -> Standing | None:
    """None for a prospect whom nobody has contacted."""
    return session().get(Standing, person_id)


def stage_of(person_id: int) -> Stage:
    found = session().scalar(select(Standing.stage).where(Standing.person_id == person_id))
    return found or Stage.PROSPECT


def retained_on(moment: datetime) -> Select[Any]:
    """The numbers of those who stood at retained at a moment."""
    return stood_at((Stage.RETAINED,), moment)


def stood_at(stages: Collection[Stage], moment: datetime) -> Select[Any]:
    """The numbers of those who stood at one of these stages at a moment: their last move till then led there."""
    later = aliased(Move)
    is_later = and_(
        later.person_id == Move.person_id,
        later.superseded_at.is_(None),
        later.at <= moment,
        later.id != Move.id,
        (later.at > Move.at) | ((later.at == Move.at) & (later.id > Move.id)),
    )
    return (
        select(Move.person_id)
        .join(Standing, Standing.person_id == Move.person_id)
        .where(Move.to_stage.in_(stages), Move.at <= moment, Move.superseded_at.is_(None))
        .where(~select(later.id).where(is_later).exists())
    )


def first_active(count: int, moment: datetime) -> Select[Any]:
    """The numbers of the first so many people who ever became active, till a moment, the earliest first."""
    query = select(Standing.person_id).where(Standing.active_at <= moment)
    return query.order_by(Standing.active_at, Standing.person_id).limit(count)


def moves_of(person_id: int, before: datetime | None = None, limit: int = 100) -> list[Move]:
    """Newest first."""
    query = select(Move).where(Move.person_id == person_id)
    if before is not None:
        query = query.where(Move.at < before)
    return list(session().scalars(query.order_by(Move.at.desc(), Move.id.desc()).limit(limit)))
