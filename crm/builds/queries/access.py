"""Who may have which build, and which one they are offered now."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select

from crm.accounts.queries import is_tester
from crm.builds.models import Artefact, Build, BuildAccess
from crm.builds.queries.catalogue import artefacts_of
from crm.builds.rules import FIRST_WEEK
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


def builds_of(person_id: int, limit: int, at: datetime) -> list[tuple[Build, datetime]]:
    """Builds that a person gets and since when, the newest first; none that is held, withdrawn or past its end."""
    rows = session().execute(
        select(Build, BuildAccess.granted_at)
        .join(BuildAccess, BuildAccess.build_id == Build.id)
        .where(BuildAccess.person_id == person_id, *offers(at))
        .order_by(Build.ordered_at.desc(), Build.id.desc())
        .limit(limit)
    )
    return [(build, at) for build, at in rows]


def offers(at: ColumnElement[datetime] | datetime) -> list[ColumnElement[bool]]:
    """Of builds: those that devices may be offered at this moment. A hold takes effect with the next answer."""
    runs = or_(Build.expires_at.is_(None), Build.expires_at > at)
    return [Build.withdrawn_at.is_(None), Build.held_at.is_(None), runs]


def offered(person_id: int, platform: str, at: datetime) -> Build | None:
    """The build that a person's devices of this platform are to run now: the newest that they may have.

    Never one that is held, withdrawn or past its end: a hold takes effect with the next answer. None for who has left.
    """
    newest = (
        select(Build)
        .join(BuildAccess, BuildAccess.build_id == Build.id)
        .where(
            BuildAccess.person_id == person_id,
            BuildAccess.granted_at <= at,
            Build.platform == platform,
            *offers(at),
        )
        .order_by(Build.ordered_at.desc(), Build.id.desc())
        .limit(1)
    )
    build = session().scalar(newest)
    return build if build is not None and may_have(build.id, person_id) else None


LINK_LIVES = timedelta(days=14)
"""A link to a file opens it for so long at least."""


def link_ends_on(at: datetime) -> int:
    """The last day, counted from FIRST_WEEK, of a link to a file made now: in two to three weeks, the same all week.

    So an address that a feed names changes once a week, and what was answered before is still good meanwhile.
    """
    return (at - FIRST_WEEK).days // 7 * 7 + 20


def download_token(artefact_id: int, person_id: int, at: datetime) -> str:
    """What stands behind /b/ in a person's own link to a file. It ends by itself."""
    return sign(LINK, [artefact_id, person_id, link_ends_on(at)])


def own_files(build_id: int, person_id: int, at: datetime) -> list[tuple[Artefact, str]]:
    """Each file of a build with the token of this person's own link to it, made now; that for every device first."""
    return [(artefact, download_token(artefact.id, person_id, at)) for artefact in artefacts_of(build_id)]


def read_download_token(token: str, at: datetime) -> tuple[int, int]:
    """Artefact and person. Raises NotAllowed for a token that we have not made, or that has come to its end."""
    found = read(LINK, token)
    if not (isinstance(found, list) and len(found) in (2, 3)):
        raise NotAllowed(_("This link is not valid: copy it whole, or ask for a new one."))
    if len(found) == 2 or (at - FIRST_WEEK).days > int(found[2]):
        raise NotAllowed(_("This link has come to its end. Sign in, or open the letter again, for a new one."))
    return int(found[0]), int(found[1])
