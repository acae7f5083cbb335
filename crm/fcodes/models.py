"""F-codes: scarce friend codes with a giver, an expiry, and one redemption by another person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Numbered


class FCode(Numbered):
    __tablename__ = "fcode"
    __table_args__ = (
        Index("ix_fcode_giver", "giver_id", "issued_at"),
        CheckConstraint("redeemed_by_id != giver_id", name="not_by_the_giver"),
        CheckConstraint("(redeemed_by_id IS NULL) = (redeemed_at IS NULL)", name="redeemed_whole"),
        CheckConstraint("redeemed_at IS NULL OR revoked_at IS NULL", name="not_both_ends"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    giver_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    redeemed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    redeemed_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
