"""What testers want, who needs it too, and what we answered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Key, Model, Numbered, state_type
from crm.feedback.rules import COLD, RequestKind, RequestState, Severity


class Request(Numbered):
    """A fault or an idea. `heat` is log2 of the decayed sum of supporters (see rules.py): its order is the order by
    heat at any later moment; COLD when nobody supports it any more. The writer is its first supporter. A request whose
    text was erased with its writer has an empty title."""

    __tablename__ = "request"
    __table_args__ = (
        Index("ix_request_heat", "state", "heat", "id"),
        Index("ix_request_hottest", "heat", "id"),
        CheckConstraint("(kind = 'fault') = (severity IS NOT NULL)", name="fault_has_severity"),
        CheckConstraint("(state = 'shipped') = (shipped_in_id IS NOT NULL)", name="shipped_in_a_build"),
        CheckConstraint("supporters >= 0", name="no_negative_supporters"),
    )

    kind: Mapped[RequestKind] = mapped_column(state_type(RequestKind))
    severity: Mapped[Severity | None] = mapped_column(state_type(Severity))
    title: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    expected: Mapped[str] = mapped_column(default="")
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    language: Mapped[str] = mapped_column(default="")
    build_id: Mapped[int | None] = mapped_column(ForeignKey("build.id"))
    state: Mapped[RequestState] = mapped_column(state_type(RequestState), default=RequestState.OPEN)
    shipped_in_id: Mapped[int | None] = mapped_column(ForeignKey("build.id"), index=True)
    supporters: Mapped[int] = mapped_column(default=0)
    heat: Mapped[float] = mapped_column(Float, default=COLD)
    created_at: Mapped[datetime]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("request.id"))


class Support(Model):
    """Somebody needs this too; the second time is a no-op."""

    __tablename__ = "support"

    request_id: Mapped[int] = mapped_column(ForeignKey("request.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    at: Mapped[datetime]


class Answer(Numbered):
    """What staff said in public."""

    __tablename__ = "answer"

    request_id: Mapped[int] = mapped_column(ForeignKey("request.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    body: Mapped[str]
    at: Mapped[datetime]


class RequestToken(Model):
    """Words and CJK bigrams of titles, from which similar requests are found."""

    __tablename__ = "request_token"

    token: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(
        Key, ForeignKey("request.id", ondelete="CASCADE"), primary_key=True, index=True
    )
