"""Trains and releases, and who is in a release's waves."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import Select, select

from campaigns.audience.queries import people_of
from campaigns.releases.models import Release, Train
from campaigns.releases.rules import WaveKind
from crm.accounts.models import Credential
from crm.accounts.queries import testers
from crm.core.db import session
from crm.core.errors import NotAllowed, NotThere
from crm.core.tokens import read, sign
from crm.people.models import Person

LINK = "release"


def train_or_404(train_id: int) -> Train:
    found = session().get(Train, train_id)
    if found is None:
        raise NotThere(_("There is no such train."))
    return found


def release_or_404(release_id: int) -> Release:
    found = session().get(Release, release_id)
    if found is None:
        raise NotThere(_("There is no such release."))
    return found


def staff_ids() -> Select[int]:
    return (
        select(Person.id)
        .join(Credential, Credential.person_id == Person.id)
        .where(Credential.disabled_at.is_(None), Person.merged_into_id.is_(None), Person.forgotten_at.is_(None))
    )


def in_wave(kind: WaveKind, audience_id: int | None, at: datetime) -> Select[int]:
    """The people of a wave as they are now: staff, or testers, all of them or those of an audience."""
    if kind is WaveKind.STAFF:
        return staff_ids()
    everybody = testers()
    if audience_id is None:
        return everybody
    chosen = people_of(audience_id, at).subquery()
    return everybody.where(Person.id.in_(select(chosen.c[0])))


def page_token(release_id: int, person_id: int) -> str:
    """What stands behind /r/ in the link that a release's letter carries."""
    return sign(LINK, [release_id, person_id])


def read_page_token(token: str) -> tuple[int, int]:
    """Release and person. Raises NotAllowed for a token that we have not made."""
    found = read(LINK, token)
    if not (isinstance(found, list) and len(found) == 2):
        raise NotAllowed(_("This link is not valid: copy it whole, or ask for a new one."))
    return int(found[0]), int(found[1])
