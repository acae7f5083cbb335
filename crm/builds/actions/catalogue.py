"""Registering a build, its end; withdrawing and holding it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import BinaryIO, cast

from flask_babel import gettext as _
from sqlalchemy import Table, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute

from crm.builds.actions.artefacts import BadField, keep_file
from crm.builds.actions.notes import write_notes
from crm.builds.models import Build, CheckIn
from crm.builds.rules import CHANNEL, LIFETIME, LONGEST_CHANNEL, LONGEST_VERSION, PLATFORMS, Order
from crm.builds.rules.versions import goes_back
from crm.core import journal
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood, Refusal

BUILD = cast(Table, Build.__table__)
NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_CHANNEL - 1}}}")
JUST = timedelta(microseconds=1)
ROOM = timedelta(seconds=1)
LONGEST_LIFE = 3650


class BuildKnown(Refusal):
    """This platform has a build of this version already."""

    field = "version"


class GoesBack(Refusal):
    """A newer version is registered on this channel: somebody has to say in which order the two come."""

    field = "order"


def register_build(
    platform: str,
    version: str,
    notes: dict[str, str],
    *,
    at: datetime,
    by_id: int | None = None,
    channel: str = CHANNEL,
    order: Order | None = None,
    expires_days: int | None = None,
    to_test: dict[str, str] | None = None,
    file: BinaryIO | None = None,
    file_name: str | None = None,
) -> Build:
    """`notes` and `to_test` by language; empty ones are left out. `order` is needed only where a version goes back.

    Raises BuildKnown, GoesBack, and NotUnderstood for what cannot be a build. `file` is streamed to disk; when the
    transaction is rolled back afterwards, the caller removes what was stored.
    """
    version = version.strip()
    _check(platform, version, channel, expires_days)
    row = {
        "platform": platform,
        "version": version,
        "channel": channel,
        "registered_at": at,
        "ordered_at": _place(platform, version, channel, order, at),
        "registered_by_id": by_id,
        "expires_at": at + timedelta(days=expires_days) if expires_days else None,
    }
    if not insert_or_pass(BUILD, [row]):
        raise BuildKnown(
            _(
                "%(platform)s %(version)s is registered already: open it, or give this one another version.",
                platform=platform,
                version=version,
            )
        )
    build = session().scalars(select(Build).where(Build.platform == platform, Build.version == version)).one()
    write_notes(build.id, notes, to_test, at=at)
    _know_it_by_name(build)
    journal.record(
        "register_build",
        f"build:{build.id}",
        at=at,
        after={"platform": platform, "version": version, "channel": channel},
    )
    if file is not None:
        keep_file(build.id, file, file_name or f"{platform}-{version}", at=at)
    return build


def _know_it_by_name(build: Build) -> None:
    """Check-ins that named this version before it was registered are of this build, where no other bears that name."""
    others = exists().where(Build.version == build.version, Build.id != build.id)
    named = update(CheckIn).where(CheckIn.build_id.is_(None), CheckIn.version == build.version, ~others)
    session().execute(named.values(build_id=build.id).execution_options(synchronize_session=False))


def _check(platform: str, version: str, channel: str, expires_days: int | None) -> None:
    if platform not in PLATFORMS:
        raise NotUnderstood(_("A platform is one of: %(platforms)s.", platforms=", ".join(PLATFORMS)))
    if not version or len(version) > LONGEST_VERSION or not version.isprintable():
        raise BadField("version", _("A version is a line of 1 to %(most)s characters.", most=LONGEST_VERSION))
    if not NAME.fullmatch(channel):
        raise BadField("channel", _("A channel is a word such as beta or nightly: letters, digits and . _ -"))
    if expires_days is not None and not 1 <= expires_days <= LONGEST_LIFE:
        raise BadField("expires_days", _("A build ends after 1 to %(most)s days, or not by itself.", most=LONGEST_LIFE))


def _place(platform: str, version: str, channel: str, order: Order | None, at: datetime) -> datetime:
    """Where the build comes among those of its platform until then. Raises GoesBack where only a person can tell."""
    until = (Build.platform == platform, Build.channel == channel, Build.registered_at <= at)
    known = session().scalars(select(Build).where(*until).order_by(Build.ordered_at, Build.id)).all()
    higher = [build for build in known if build.version != version and goes_back(version, build.version)]
    if not higher or order is Order.NEWEST:
        return at
    if order is Order.BELOW:
        return _below(higher[0], known[: known.index(higher[0])])
    raise GoesBack(
        _(
            "%(version)s is older than %(newest)s, which this channel has. Say which of the two is newer.",
            version=version,
            newest=higher[-1].version,
        )
    )


def _below(higher: Build, before: Sequence[Build]) -> datetime:
    """A place right before this build, and after those that come before it: they move where there is no room."""
    if not before:
        return higher.ordered_at - JUST
    if higher.ordered_at - before[-1].ordered_at < 2 * JUST:
        ids = [build.id for build in before]
        for build in session().scalars(select(Build).where(Build.id.in_(ids))):
            build.ordered_at -= ROOM
        session().flush()
    return before[-1].ordered_at + (higher.ordered_at - before[-1].ordered_at) / 2


def renew_build(build_id: int, at: datetime, days: int = LIFETIME) -> Build:
    """So many days from now. Raises MoveRefused for a build that does not end by itself."""
    until = at + timedelta(days=days)
    ends = update(Build).where(Build.id == build_id, Build.expires_at.is_not(None), Build.expires_at < until)
    before = session().scalar(select(Build.expires_at).where(Build.id == build_id))
    if session().execute(ends.values(expires_at=until).returning(Build.id)).first() is None:
        raise MoveRefused(_("This build runs as long or longer already."))
    journal.record(
        "renew_build",
        f"build:{build_id}",
        at=at,
        before={"expires_at": before.isoformat() if before else None},
        after={"expires_at": until.isoformat()},
    )
    return session().get_one(Build, build_id, populate_existing=True)


def withdraw_build(build_id: int, at: datetime) -> None:
    """Nobody gets its file any more. Raises MoveRefused when it has been withdrawn already."""
    _mark(build_id, Build.withdrawn_at, at, "withdraw_build", at)


def offer_again(build_id: int, at: datetime) -> None:
    """Takes a withdrawal back."""
    _mark(build_id, Build.withdrawn_at, None, "offer_build_again", at)


def hold_build(build_id: int, at: datetime, by: str | None = None) -> None:
    """Nobody new gets it from now on, and feeds answer with the build before it. `by` names the release that holds it.

    Raises MoveRefused when it is held.
    """
    _mark(build_id, Build.held_at, at, "hold_build", at, held_by=by)


def resume_build(build_id: int, at: datetime, *, by_release: bool = False) -> None:
    """Takes a hold back. Raises MoveRefused for one that a release has put there, unless that release goes on."""
    holder = session().scalar(select(Build.held_by).where(Build.id == build_id))
    if holder is not None and not by_release:
        raise MoveRefused(_("%(release)s is on hold, and its build with it: let that release go on.", release=holder))
    _mark(build_id, Build.held_at, None, "resume_build", at, held_by=None)


def _mark(
    build_id: int,
    column: InstrumentedAttribute[datetime | None],
    to: datetime | None,
    deed: str,
    at: datetime,
    **more: str | None,
) -> None:
    was = column.is_(None) if to is not None else column.is_not(None)
    values = {column.key: to, **more}
    moved = session().execute(update(Build).where(Build.id == build_id, was).values(values).returning(Build.id))
    if moved.first() is None:
        raise MoveRefused(_("Somebody else has just changed this build: look at it again."))
    journal.record(deed, f"build:{build_id}", at=at)
