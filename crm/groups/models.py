"""Chat rooms, their places, who joined and left."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Numbered


class Group(Numbered):
    """A chat room. `kind` is the identity kind that its members are known by (`qq`, `wechat`, `matrix`, `telegram`)."""

    __tablename__ = "chat_group"
    __table_args__ = (UniqueConstraint("kind", "name"), CheckConstraint("capacity > 0", name="has_places"))

    kind: Mapped[str]
    name: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    capacity: Mapped[int]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Membership(Numbered):
    """One stay in a group; a person can be in it once at a time."""

    __tablename__ = "membership"
    __table_args__ = (
        Index(
            "uq_membership_running",
            "group_id",
            "person_id",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
        Index("ix_membership_person", "person_id", "joined_at"),
        CheckConstraint("left_at >= joined_at", name="left_after_joined"),
    )

    group_id: Mapped[int] = mapped_column(ForeignKey("chat_group.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("origin.id"))


class MemberList(Numbered):
    """One imported member list, with the rows that were refused and why."""

    __tablename__ = "member_list"

    group_id: Mapped[int] = mapped_column(ForeignKey("chat_group.id"), index=True)
    file_name: Mapped[str]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    read: Mapped[int]
    joined: Mapped[int]
    known: Mapped[int]
    new_people: Mapped[int]
    refused: Mapped[list[Any]]
