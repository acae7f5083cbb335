"""The programme this installation runs: its name, zone, languages, and whether time is held."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, has_app_context
from sqlalchemy import CheckConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from crm.core import clock
from crm.core.db import Model, session, state_type
from crm.core.errors import NotThere


class SignUp(StrEnum):
    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


class Programme(Model):
    __tablename__ = "programme"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    name: Mapped[str]
    zone: Mapped[str]
    languages: Mapped[list[Any]]
    sign_up: Mapped[SignUp] = mapped_column(state_type(SignUp), default=SignUp.INVITE)
    postal_address: Mapped[str] = mapped_column(default="")
    mail_from: Mapped[str] = mapped_column(default="")
    suppression_key_mark: Mapped[str] = mapped_column(default="")
    held_at: Mapped[datetime | None]
    story_scale: Mapped[str | None]
    created_at: Mapped[datetime]

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


def current() -> Programme | None:
    """The programme, or None before the first visit has made one. Read once per request."""
    if has_app_context() and "programme" in g:
        found: Programme | None = g.programme
        return found
    found = session().scalar(select(Programme))
    if has_app_context() and found is not None:
        g.programme = found
    return found


class NoProgramme(NotThere, LookupError):
    """Nobody has made the programme yet."""


def required() -> Programme:
    """Raises NoProgramme."""
    found = current()
    if found is None:
        raise NoProgramme("there is no programme yet: open the first page, or run `flask programme create`")
    return found


def moment() -> datetime:
    """Now, or the day on which the programme is held: what pages and actions of a held programme call now."""
    found = current()
    return found.held_at if found is not None and found.held_at is not None else clock.now()


def is_held() -> bool:
    found = current()
    return found is not None and found.held_at is not None
