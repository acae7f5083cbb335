"""Saved selections of people, and lists frozen from them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Model, Numbered


class Audience(Numbered):
    """A saved filter: condition keys and their values, all of which must hold (see core/offers.py)."""

    __tablename__ = "audience"

    name: Mapped[str] = mapped_column(unique=True)
    filter: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class FrozenList(Numbered):
    """Who was in an audience at one moment."""

    __tablename__ = "frozen_list"

    audience_id: Mapped[int | None] = mapped_column(ForeignKey("audience.id"), index=True)
    title: Mapped[str]
    at: Mapped[datetime]


class FrozenMember(Model):
    __tablename__ = "frozen_member"
    __table_args__ = ({"sqlite_with_rowid": False},)

    list_id: Mapped[int] = mapped_column(ForeignKey("frozen_list.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
