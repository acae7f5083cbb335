"""The notes of a build: what is new, and what to test. Once they are fixed, they stay as they are."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, delete, select, update

from crm.builds.actions.artefacts import BadField
from crm.builds.models import Build, BuildNote
from crm.builds.queries import notes_fixed_for
from crm.builds.rules import LONGEST_NOTE
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import MoveRefused

NOTE = cast(Table, BuildNote.__table__)
UNPRINTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class NotesFixed(MoveRefused):
    """People have been told, or are about to be told, what the notes say."""


def write_notes(build_id: int, notes: dict[str, str], to_test: dict[str, str] | None = None, *, at: datetime) -> None:
    """Replaces the notes of a build, without signs that nobody can read or keep.

    Raises NotUnderstood for one that is too long, and NotesFixed.
    """
    session().execute(select(Build.id).where(Build.id == build_id).with_for_update())
    named = notes_fixed_for(build_id)
    if named:
        raise NotesFixed(
            _(
                "%(release)s goes out with these notes, and they stay as they are. To change them while nobody has it, "
                "cancel it, or put it on hold and choose its build again; else register a newer build.",
                release=", ".join(named),
            )
        )
    to_test = to_test or {}
    session().execute(delete(NOTE).where(NOTE.c.build_id == build_id))
    rows: list[dict[str, Any]] = [
        {
            "build_id": build_id,
            "language": language,
            "body": UNPRINTED.sub("", notes.get(language, "")).strip(),
            "to_test": UNPRINTED.sub("", to_test.get(language, "")).strip(),
        }
        for language in sorted(notes | to_test)
    ]
    if any(len(text) > LONGEST_NOTE for row in rows for text in (row["body"], row["to_test"])):
        told = _("Notes have at most %(most)s characters in each language.", most=LONGEST_NOTE)
        raise BadField("notes", told)
    insert_or_pass(NOTE, [row for row in rows if row["body"] or row["to_test"]])
    session().execute(update(Build).where(Build.id == build_id).values(noted_at=at))
