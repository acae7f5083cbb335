"""How letters leave by mail: keys that sign them, paces, limits."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Model, Numbered, state_type
from crm.core.dkim import Algorithm
from crm.core.mailboxes import Tls
from crm.outbox.rules import KeyState, Span, WhenUncertain


class DkimKey(Numbered):
    """What a domain signs its letters with. `sealed` is the private key, `record` what the domain's DNS says of it."""

    __tablename__ = "dkim_key"
    __table_args__ = (
        UniqueConstraint("domain", "selector"),
        Index(
            "uq_dkim_key_active",
            "domain",
            "algorithm",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    domain: Mapped[str]
    selector: Mapped[str]
    algorithm: Mapped[Algorithm] = mapped_column(state_type(Algorithm))
    state: Mapped[KeyState] = mapped_column(state_type(KeyState), default=KeyState.WAITING)
    sealed: Mapped[str]
    record: Mapped[str]
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        """Where its record stands in the DNS."""
        return f"{self.selector}._domainkey.{self.domain}"


class Pace(Model):
    """How fast the letters of one origin leave (None: as fast as they can), and whether they leave at all.

    `next_at` is when the next one may: it moves on with each that is taken, so a restart forgets nothing. A pause that
    is for good, because the campaign was stopped, lasts until NEVER. `today` have been taken on `day`, an ISO date of
    the programme's zone, while it had a pace; those that did not leave are taken off again.
    """

    __tablename__ = "pace"
    __table_args__ = (
        CheckConstraint("per_hour IS NULL OR per_hour > 0", name="moves"),
        CheckConstraint("per_day IS NULL OR per_day > 0", name="moves_each_day"),
    )

    origin_id: Mapped[int] = mapped_column(
        ForeignKey("origin.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    per_hour: Mapped[int | None]
    per_day: Mapped[int | None]
    day: Mapped[str] = mapped_column(default="")
    today: Mapped[int] = mapped_column(default=0)
    paused: Mapped[bool] = mapped_column(default=False)
    next_at: Mapped[datetime]


class UncertainDefault(Model):
    """What becomes by itself of the letters of one origin of which nobody knows whether they arrived; no row: a person
    is asked."""

    __tablename__ = "uncertain_default"

    origin_id: Mapped[int] = mapped_column(
        ForeignKey("origin.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    what: Mapped[WhenUncertain] = mapped_column(state_type(WhenUncertain))


class Repeat(Model):
    """A letter that was sent again by itself: that happens once, afterwards a person is asked."""

    __tablename__ = "letter_repeat"

    letter_id: Mapped[int] = mapped_column(
        ForeignKey("letter.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]


class MailLimits(Model):
    """How many letters the mail server of the settings is given, in the programme's zone, and the hours in which
    campaigns are silent where their readers live, whoever sends them. No limit is None.

    A server that nobody knows yet is warmed up: `warm_first` letters on the day `warm_from`, then half as many again
    each day, up to `per_day`.
    """

    __tablename__ = "mail_limits"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet_has_both_ends"),
        CheckConstraint("(warm_from IS NULL) = (warm_first IS NULL)", name="warm_up_is_whole"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    per_hour: Mapped[int | None]
    per_day: Mapped[int | None]
    domain_per_hour: Mapped[int | None]
    domain_per_day: Mapped[int | None]
    quiet_from: Mapped[int | None]
    quiet_to: Mapped[int | None]
    warm_from: Mapped[date | None]
    warm_first: Mapped[int | None]


class MailAccount(Model):
    """The mail server of a sender that is a mailbox: how it is reached, and what it may be given. No limit is None.

    Letters an hour and a day stand with the sender, and are counted in its zone.

    `fills_in`: letters of no sender of their own leave by it while SMTP_URL is not set. `said` is why the server could
    not be reached, since `away_since`.
    """

    __tablename__ = "mail_account"
    __table_args__ = (
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        CheckConstraint("(warm_from IS NULL) = (warm_first IS NULL)", name="warm_up_is_whole"),
        CheckConstraint("(said IS NULL) = (away_since IS NULL)", name="away_has_reason"),
        Index(
            "uq_mail_account_fills_in",
            "fills_in",
            unique=True,
            sqlite_where=text("fills_in"),
            postgresql_where=text("fills_in"),
        ),
    )

    sender_id: Mapped[int] = mapped_column(
        ForeignKey("sender.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    host: Mapped[str]
    port: Mapped[int]
    tls: Mapped[Tls] = mapped_column(state_type(Tls))
    user: Mapped[str] = mapped_column(default="")
    sealed_password: Mapped[str] = mapped_column(default="")
    domain_per_hour: Mapped[int | None]
    domain_per_day: Mapped[int | None]
    warm_from: Mapped[date | None]
    warm_first: Mapped[int | None]
    fills_in: Mapped[bool] = mapped_column(default=False)
    said: Mapped[str | None]
    away_since: Mapped[datetime | None]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class MailCount(Model):
    """How many letters a sender's mail server was given in an hour or a day that began at `since`: of all, or to a
    domain. `sender_id` 0 is the server of the settings.
    """

    __tablename__ = "mail_count"

    since: Mapped[datetime] = mapped_column(primary_key=True)
    span: Mapped[Span] = mapped_column(state_type(Span), primary_key=True)
    domain: Mapped[str] = mapped_column(primary_key=True)
    sender_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=0)
    sent: Mapped[int]
