"""Credentials, sessions, links by letter, the tester agreement, API tokens. Secrets are stored as digests only.

The second step's secret is the one exception: codes are computed from it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.accounts.rules import LinkKind, Role
from crm.core.db import Model, Numbered, state_type


class Credential(Model):
    """How a member of staff signs in. No password yet: invited."""

    __tablename__ = "credential"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    mail: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    totp_secret: Mapped[str | None]
    totp_last_used: Mapped[int | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class StaffRole(Model):
    __tablename__ = "staff_role"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[Role] = mapped_column(state_type(Role), primary_key=True)


class RecoveryCode(Model):
    __tablename__ = "recovery_code"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


class SignInSession(Numbered):
    """One browser that is signed in; the cookie carries the secret, the row its digest."""

    __tablename__ = "sign_in_session"

    digest: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    as_staff: Mapped[bool]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    agent: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")


class AccountLink(Numbered):
    """A link sent by letter that works once."""

    __tablename__ = "account_link"

    kind: Mapped[LinkKind] = mapped_column(state_type(LinkKind))
    digest: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AgreementText(Numbered):
    """One version of the tester agreement, in one language. The newest version is the one to accept."""

    __tablename__ = "agreement_text"
    __table_args__ = (UniqueConstraint("version", "language"),)

    version: Mapped[int]
    language: Mapped[str]
    body: Mapped[str]
    published_at: Mapped[datetime]


class Agreement(Numbered):
    """A person's acceptance of the tester agreement; one at a time is running."""

    __tablename__ = "agreement"
    __table_args__ = (
        Index(
            "uq_agreement_running",
            "person_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_agreement_person", "person_id", "accepted_at"),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    version: Mapped[int]
    accepted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("origin.id"))


class ApiToken(Numbered):
    __tablename__ = "api_token"

    digest: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Attempt(Numbered):
    """A try to sign in, kept to limit the rate; swept after a day. `key` is a keyed hash of whose it was."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_key_at", "key", "at"),)

    key: Mapped[str]
    at: Mapped[datetime]
    failed: Mapped[bool]
