"""Builds and their notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import aliased

from crm.builds.models import Artefact, Build, BuildAccess, BuildNote, FixedNotes
from crm.builds.rules import WARNED_BEFORE
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.paging import Page, SortKey, page


def build_or_404(build_id: int) -> Build:
    found = session().get(Build, build_id)
    if found is None:
        raise NotThere(_("There is no such build."))
    return found


def artefacts_of(build_id: int) -> list[Artefact]:
    """That for every device first, then by device."""
    query = select(Artefact).where(Artefact.build_id == build_id).order_by(Artefact.device)
    return list(session().scalars(query))


def artefact_for(build_id: int, device: str = "") -> Artefact | None:
    """What this device runs: its own file, else that for every device. Without a device, also the only one there is."""
    by_device = {artefact.device: artefact for artefact in artefacts_of(build_id)}
    only = next(iter(by_device.values())) if not device and len(by_device) == 1 else None
    return by_device.get(device) or by_device.get("") or only


def builds_page(after: str | None, before: str | None) -> Page:
    """All builds, the newest first, with how many may have each."""
    access = (
        select(func.count()).select_from(BuildAccess).where(BuildAccess.build_id == Build.id).correlate(Build)
    ).scalar_subquery()
    size = select(func.sum(Artefact.size)).where(Artefact.build_id == Build.id).correlate(Build).scalar_subquery()
    query = select(
        Build.id,
        Build.platform,
        Build.version,
        Build.channel,
        Build.registered_at,
        Build.expires_at,
        Build.withdrawn_at,
        Build.held_at,
        size.label("size"),
        access.label("access"),
    )
    keys = [SortKey(Build.registered_at, descending=True), SortKey(Build.id, descending=True)]
    return page(query, keys, after=after, before=before)


def newest_builds(limit: int = 200, platform: str | None = None) -> list[Build]:
    """Those that can be chosen: not withdrawn, the newest first."""
    query = select(Build).where(Build.withdrawn_at.is_(None)).order_by(Build.ordered_at.desc(), Build.id.desc())
    if platform is not None:
        query = query.where(Build.platform == platform)
    return list(session().scalars(query.limit(limit)))


def ending_builds(at: datetime) -> list[int]:
    """Those that end within the days of the first warning and have no newer one that outlasts them."""
    newer = aliased(Build)
    follows = exists().where(
        newer.platform == Build.platform,
        newer.channel == Build.channel,
        newer.ordered_at > Build.ordered_at,
        newer.withdrawn_at.is_(None),
        newer.held_at.is_(None),
        or_(newer.expires_at.is_(None), newer.expires_at > Build.expires_at),
    )
    soon = (Build.expires_at > at, Build.expires_at <= at + timedelta(days=max(WARNED_BEFORE)))
    query = select(Build.id).where(*soon, Build.withdrawn_at.is_(None), ~follows.correlate(Build))
    return list(session().scalars(query.order_by(Build.expires_at)))


def platforms_in_use() -> list[str]:
    """Those for which builds are registered."""
    return list(session().scalars(select(Build.platform).distinct().order_by(Build.platform)))


def notes_of(build_id: int) -> dict[str, str]:
    """What is new, by language."""
    rows = session().execute(
        select(BuildNote.language, BuildNote.body).where(BuildNote.build_id == build_id, BuildNote.body != "")
    )
    return dict(rows.all())


def to_test_of(build_id: int) -> dict[str, str]:
    """What to test, by language."""
    this = select(BuildNote.language, BuildNote.to_test).where(BuildNote.build_id == build_id, BuildNote.to_test != "")
    return dict(session().execute(this).all())


def notes_fixed_for(build_id: int) -> list[str]:
    """The names of the releases that fixed its notes, the first one first; empty while they may be changed."""
    return _fixed_for(build_id)


def files_fixed_for(build_id: int) -> list[str]:
    """The names of the releases that fixed its files, the first one first; empty while files may be added."""
    return _fixed_for(build_id, FixedNotes.with_files.is_(True))


def _fixed_for(build_id: int, *where: ColumnElement[bool]) -> list[str]:
    fixed = select(FixedNotes.named).where(FixedNotes.build_id == build_id, *where)
    return list(session().scalars(fixed.order_by(FixedNotes.fixed_at, FixedNotes.fixed_by)))


def notes_in(notes: dict[str, str], language: str, languages: Sequence[str]) -> str:
    """In this language, else in the first of the programme's that has any, else whatever there is."""
    return next((notes[code] for code in (language, *languages, *sorted(notes)) if code in notes), "")
