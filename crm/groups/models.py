"""Chat rooms, their places, who joined and left, who waits for a place, and how the rooms tell us of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Model, Numbered, state_type
from crm.groups.rules import PlaceState


class Group(Numbered):
    """A chat room. `kind` is the identity kind that its members are known by (`qq`, `wechat`, `matrix`, `telegram`).

    Groups fill in the order of `position`: the next takes people when those before it are full.
    """

    __tablename__ = "chat_group"
    __table_args__ = (UniqueConstraint("kind", "name"), CheckConstraint("capacity > 0", name="has_places"))

    kind: Mapped[str]
    name: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    capacity: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Membership(Numbered):
    """One stay in a group; a person can be in it once at a time.

    `origin_id` and `invite_id` are the last touch: the invite link that the person opened last before the join.
    """

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
        Index(
            "ix_membership_invite",
            "invite_id",
            sqlite_where=text("invite_id IS NOT NULL"),
            postgresql_where=text("invite_id IS NOT NULL"),
        ),
        CheckConstraint("left_at >= joined_at", name="left_after_joined"),
    )

    group_id: Mapped[int] = mapped_column(ForeignKey("chat_group.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("origin.id"))
    invite_id: Mapped[int | None] = mapped_column(ForeignKey("invite.id", ondelete="SET NULL"))


class Place(Numbered):
    """A place that somebody asked for by their invite link: on the waiting list, or held in a group until a moment."""

    __tablename__ = "group_place"
    __table_args__ = (
        Index(
            "uq_group_place_running",
            "person_id",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'held')"),
            postgresql_where=text("state IN ('waiting', 'held')"),
        ),
        Index("ix_group_place_state", "state", "group_id", "asked_at"),
        Index("ix_group_place_invite", "invite_id"),
        CheckConstraint(
            "state != 'held' OR (group_id IS NOT NULL AND held_until IS NOT NULL)", name="held_is_somewhere"
        ),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    state: Mapped[PlaceState] = mapped_column(state_type(PlaceState))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("chat_group.id"))
    invite_id: Mapped[int | None] = mapped_column(ForeignKey("invite.id", ondelete="SET NULL"))
    asked_at: Mapped[datetime]
    held_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    told: Mapped[bool] = mapped_column(default=True)


class GroupKey(Model):
    """The key with which a room's own program signs the joins and leaves that it tells us of."""

    __tablename__ = "group_key"

    group_id: Mapped[int] = mapped_column(
        ForeignKey("chat_group.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sealed: Mapped[str]
    made_at: Mapped[datetime]


class GroupEvent(Model):
    """An event of a room that has been taken: told again, it changes nothing.

    Its id is kept as a keyed hash: some rooms name members in it, and forgetting a person must leave nothing behind.
    """

    __tablename__ = "group_event"
    __table_args__ = ({"sqlite_with_rowid": False},)

    group_id: Mapped[int] = mapped_column(ForeignKey("chat_group.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]


class MatrixRoom(Model):
    """Where a group's Matrix room is read. `since` is how far it has been; `trouble` why the last try failed."""

    __tablename__ = "matrix_room"

    group_id: Mapped[int] = mapped_column(
        ForeignKey("chat_group.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    homeserver: Mapped[str]
    room: Mapped[str]
    account: Mapped[str]
    sealed: Mapped[str]
    since: Mapped[str | None]
    read_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(default="")


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
