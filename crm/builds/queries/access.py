"""Who may have which build, and which one they are offered now."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from crm.accounts.queries import is_tester
from crm.builds.models import Build, BuildAccess
from crm.core.db import session
from crm.core.errors import NotAllowed
from crm.core.tokens import read, sign
from crm.people.models import Person

LINK = "build"
MOST_MERGES = 10


def standing_person(person_id: int) -> int:
    """Who stands for this person after merges."""
    for _step in range(MOST_MERGES):
        into = session().scalar(select(Person.merged_into_id).where(Person.id == person_id))
        if into is None:
            break
        person_id = into
    return person_id


def may_have(build_id: int, person_id: int) -> bool:
    """Who was given access and is a tester or staff still."""
    if session().get(BuildAccess, (build_id, person_id)) is None:
        return False
    return is_tester(person_id) or bool(session().scalar(select(Person.is_staff).where(Person.id == person_id)))


def builds_of(person_id: int, limit: int) -> list[tuple[Build, datetime]]:
    """Builds that a person gets and since when, the newest first; none that is held or withdrawn."""
    rows = session().execute(
        select(Build, BuildAccess.granted_at)
        .join(BuildAccess, BuildAccess.build_id == Build.id)
        .where(BuildAccess.person_id == person_id, Build.withdrawn_at.is_(None), Build.held_at.is_(None))
        .order_by(BuildAccess.granted_at.desc(), Build.id.desc())
        .limit(limit)
    )
    return [(build, at) for build, at in rows]


def on_offer(platform: ColumnElement[str] | str) -> list[ColumnElement[bool]]:
    """Of builds: those of a platform that devices may be offered. A hold takes effect with the next answer."""
    return [Build.platform == platform, Build.withdrawn_at.is_(None), Build.held_at.is_(None)]


def offered(person_id: int, platform: str, at: datetime) -> Build | None:
    """The build that a person's devices of this platform are to run now: the newest that they may have.

    Never one that is held or withdrawn, so a hold takes effect with the next answer. None for who has left.
    """
    newest = (
        select(Build)
        .join(BuildAccess, BuildAccess.build_id == Build.id)
        .where(
            BuildAccess.person_id == person_id,
            BuildAccess.granted_at <= at,
            *on_offer(platform),
        )
        .order_by(Build.registered_at.desc(), Build.id.desc())
        .limit(1)
    )
    build = session().scalar(newest)
    return build if build is not None and may_have(build.id, person_id) else None


def download_token(build_id: int, person_id: int) -> str:
    """What stands behind /b/ in a person's own link to a build."""
    return sign(LINK, [build_id, person_id])


def read_download_token(token: str) -> tuple[int, int]:
    """Build and person. Raises NotAllowed for a token that we have not made."""
    found = read(LINK, token)
    if not (isinstance(found, list) and len(found) == 2):
        raise NotAllowed(_("This link is not valid: copy it whole, or ask for a new one."))
    return int(found[0]), int(found[1])
