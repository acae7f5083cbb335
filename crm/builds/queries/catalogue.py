"""Builds and their notes."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import func, select

from crm.builds.models import Build, BuildAccess, BuildNote
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.paging import Page, SortKey, page


def build_or_404(build_id: int) -> Build:
    found = session().get(Build, build_id)
    if found is None:
        raise NotThere(_("There is no such build."))
    return found


def builds_page(after: str | None, before: str | None) -> Page:
    """All builds, the newest first, with how many may have each."""
    access = (
        select(func.count()).select_from(BuildAccess).where(BuildAccess.build_id == Build.id).correlate(Build)
    ).scalar_subquery()
    query = select(
        Build.id,
        Build.platform,
        Build.version,
        Build.registered_at,
        Build.size,
        Build.withdrawn_at,
        Build.held_at,
        access.label("access"),
    )
    keys = [SortKey(Build.registered_at, descending=True), SortKey(Build.id, descending=True)]
    return page(query, keys, after=after, before=before)


def newest_builds(limit: int = 200, platform: str | None = None) -> list[Build]:
    """Those that can be chosen: not withdrawn, the newest first."""
    query = select(Build).where(Build.withdrawn_at.is_(None)).order_by(Build.registered_at.desc(), Build.id.desc())
    if platform is not None:
        query = query.where(Build.platform == platform)
    return list(session().scalars(query.limit(limit)))


def platforms_in_use() -> list[str]:
    """Those for which builds are registered."""
    return list(session().scalars(select(Build.platform).distinct().order_by(Build.platform)))


def notes_of(build_id: int) -> dict[str, str]:
    """What is new, by language."""
    rows = session().execute(select(BuildNote.language, BuildNote.body).where(BuildNote.build_id == build_id))
    return dict(rows.all())


def notes_in(notes: dict[str, str], language: str, languages: Sequence[str]) -> str:
    """In this language, else in the first of the programme's that has any, else whatever there is."""
    return next((notes[code] for code in (language, *languages, *sorted(notes)) if code in notes), "")
