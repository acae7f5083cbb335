"""Places in the programme."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.builds.rules import SeatState
from crm.core.db import Numbered, state_type


class Seat(Numbered):
    """A place in the programme for a platform, or one's turn on its waiting list."""

    __tablename__ = "seat"
    __table_args__ = (
        UniqueConstraint("platform", "person_id"),
        Index("ix_seat_waiting", "platform", "state", "since"),
    )

    platform: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    state: Mapped[SeatState] = mapped_column(state_type(SeatState))
    since: Mapped[datetime]
