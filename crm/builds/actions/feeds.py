"""Keys of feeds, and the update checks that come with a request."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from crm.builds.actions.check_ins import NewCheckIn, record_check_ins
from crm.builds.models import FeedKey
from crm.builds.rules import CheckInKind
from crm.builds.rules.feeds import DAY
from crm.core.db import session


def make_feed_key(person_id: int, at: datetime) -> FeedKey:
    """A new address for the person's feeds; the old one opens nothing any more."""
    revoke_feed_keys(person_id, at)
    made = FeedKey(person_id=person_id, made_at=at)
    session().add(made)
    session().flush()
    return made


def revoke_feed_keys(person_id: int, at: datetime) -> None:
    working = update(FeedKey).where(FeedKey.person_id == person_id, FeedKey.revoked_at.is_(None))
    session().execute(working.values(revoked_at=at))


def note_update_check(person_id: int, version: str, platform: str, at: datetime) -> None:
    """An update check that names the running version is a sign that it runs; one a person, version and day is kept."""
    key = f"update-check {platform} {version} {at.strftime(DAY)}"[:200]
    check = NewCheckIn(person_id, version, CheckInKind.UPDATE_CHECK, at, key, platform=platform)
    record_check_ins([check], received_at=at)
