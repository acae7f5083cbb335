"""Who is offered which build by their feed, in one question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Executable, ScalarSelect, and_, bindparam, exists, func, join, or_, select, true

from crm.accounts.models import Agreement
from crm.builds.models import Artefact, Build, BuildAccess, BuildNote, CheckIn, FeedKey, FeedSigner
from crm.builds.queries.access import offers
from crm.builds.rules.feeds import Needs
from crm.core.db import UtcDateTime, session
from crm.core.errors import NotAllowed
from crm.core.tokens import read, sign
from crm.people.models import Person

FEED = "feed"


class Offered(NamedTuple):
    """What a feed's key opens now: its owner, and the build that they may have; all of it None when there is none."""

    person_id: int
    build_id: int | None
    version: str | None
    registered_at: datetime | None
    noted_at: datetime | None
    added_at: datetime | None
    artefact_id: int | None
    file_name: str | None
    size: int | None
    sha256: str | None
    sha512: str | None
    ed25519: str | None
    app_id: str | None
    minisign: str | None
    notes: str | None


@dataclass(frozen=True)
class UnknownVersion:
    """A version that devices named and that nobody has registered."""

    version: str
    people: int
    last_at: datetime


def feed_token(key_id: int) -> str:
    """What stands behind /f/ in the addresses of a tester's feeds."""
    return sign(FEED, key_id)


def read_feed_token(token: str) -> int | None:
    """The number of its key; None for a token that we have not made."""
    try:
        found = read(FEED, token)
    except NotAllowed:
        return None
    return found if isinstance(found, int) else None


def feed_key_of(person_id: int) -> FeedKey | None:
    """The newest that works."""
    working = select(FeedKey).where(FeedKey.person_id == person_id, FeedKey.revoked_at.is_(None))
    return session().scalar(working.order_by(FeedKey.id.desc()).limit(1))


@lru_cache(maxsize=3)
def _offer_query(needs: Needs) -> Executable:
    """Made once, for making it takes as long as its answer. Asks for `key_id`, `platform`, `device`, `at`,
    `first_language`."""
    notes = func.coalesce(
        _note(BuildNote.language == Person.language),
        _note(BuildNote.language == bindparam("first_language")),
        _note(true()),
    )
    tester = exists().where(Agreement.person_id == Person.id, Agreement.ended_at.is_(None)).correlate(Person)
    fits = [
        Build.id == BuildAccess.build_id,
        Build.platform == bindparam("platform"),
        *offers(bindparam("at", type_=UtcDateTime)),
        or_(tester, Person.is_staff),
    ]
    for_it = [Artefact.build_id == Build.id, or_(Artefact.device == "", Artefact.device == bindparam("device"))]
    if needs is Needs.PROOF:
        for_it.append(Artefact.looked_at.is_not(None))
    elif needs is Needs.MINISIGN:
        for_it.append(Artefact.minisign.is_not(None))
    return (
        select(
            FeedKey.person_id,
            Build.id,
            Build.version,
            Build.registered_at,
            Build.noted_at,
            Artefact.added_at,
            Artefact.id,
            Artefact.file_name,
            Artefact.size,
            Artefact.sha256,
            Artefact.sha512,
            Artefact.ed25519,
            Artefact.app_id,
            Artefact.minisign,
            notes.label("notes"),
        )
        .join(Person, Person.id == FeedKey.person_id)
        .outerjoin(BuildAccess, BuildAccess.person_id == FeedKey.person_id)
        .outerjoin(join(Build, Artefact, and_(*for_it)), and_(*fits))
        .where(FeedKey.id == bindparam("key_id"), FeedKey.revoked_at.is_(None))
        .order_by(Build.id.is_(None), Build.ordered_at.desc(), Build.id.desc(), Artefact.device.desc())
        .limit(1)
    )


def offered_to_key(
    key_id: int, platform: str, first_language: str, at: datetime, *, device: str = "", needs: Needs
) -> Offered | None:
    """None for a key that opens nothing. `needs`: which files its format can tell of.

    The build is the newest that the owner may have and that has a file for the device, as in `offered`; a held or
    withdrawn one never.
    """
    asked = {"key_id": key_id, "platform": platform, "device": device, "at": at, "first_language": first_language}
    row = session().execute(_offer_query(needs), asked).first()
    return Offered(*row) if row else None


def _note(which: ColumnElement[bool]) -> ScalarSelect[str]:
    """The first note of the build in hand of which this holds."""
    found = (
        select(BuildNote.body)
        .where(BuildNote.build_id == Build.id, BuildNote.body != "", which)
        .order_by(BuildNote.language)
        .limit(1)
    )
    return found.correlate(Build, Person).scalar_subquery()


def public_key() -> str | None:
    """The programme's Ed25519 key for Sparkle, in base64; None before the first file was signed."""
    return session().scalar(select(FeedSigner.public))


def unseen_artefacts(limit: int = 10) -> list[int]:
    """Those that have not been looked at, the newest first."""
    query = select(Artefact.id).where(Artefact.looked_at.is_(None)).order_by(Artefact.id.desc())
    return list(session().scalars(query.limit(limit)))


def unknown_versions(limit: int = 100) -> list[UnknownVersion]:
    """The most run first."""
    people = func.count(CheckIn.person_id.distinct())
    query = (
        select(CheckIn.version, people, func.max(CheckIn.at))
        .where(CheckIn.build_id.is_(None))
        .group_by(CheckIn.version)
        .order_by(people.desc(), CheckIn.version)
    )
    return [UnknownVersion(*row) for row in session().execute(query.limit(limit))]
