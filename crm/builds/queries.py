"""Builds, their notes, who may have them and who ran them."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from sqlalchemy import select

from crm.builds.models import Build, BuildAccess, BuildNote
from crm.core.db import session
from crm.core.errors import NotAllowed, NotThere
from crm.core.tokens import read, sign

LINK = "build"


def build_or_404(build_id: int) -> Build:
    found = session().get(Build, build_id)
    if found is None:
        raise NotThere(_("There is no such build."))
    return found


def notes_of(build_id: int) -> dict[str, str]:
    """What is new, by language."""
    return dict(
        session().execute(select(BuildNote.language, BuildNote.body).where(BuildNote.build_id == build_id)).tuples()
    )


def notes_in(notes: dict[str, str], language: str, languages: Sequence[str]) -> str:
    """In this language, else in the first of the programme's that has any, else whatever there is."""
    return next((notes[code] for code in (language, *languages, *sorted(notes)) if code in notes), "")


def has_access(build_id: int, person_id: int) -> bool:
    return session().get(BuildAccess, (build_id, person_id)) is not None


def download_token(build_id: int, person_id: int) -> str:
    """What stands behind /b/ in a person's own link to a build."""
    return sign(LINK, [build_id, person_id])


def read_download_token(token: str) -> tuple[int, int]:
    """Build and person. Raises NotAllowed for a token that we have not made."""
    found = read(LINK, token)
    if not (isinstance(found, list) and len(found) == 2):
        raise NotAllowed(_("This link is not valid: copy it whole, or ask for a new one."))
    return int(found[0]), int(found[1])
