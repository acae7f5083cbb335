"""How devices learn of builds by themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Model, Numbered


class FeedKey(Numbered):
    """What opens one tester's update feeds. The address carries its number, signed; a revoked one opens nothing."""

    __tablename__ = "feed_key"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class FeedSigner(Model):
    """The programme's Ed25519 key: `sealed` is the private one, `public` its 32 bytes in base64, for Sparkle."""

    __tablename__ = "feed_signer"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[str]
    public: Mapped[str]
    made_at: Mapped[datetime]
