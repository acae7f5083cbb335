"""Registering a build, giving it its file, withdrawing it."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from flask_babel import gettext as _
from sqlalchemy import Table, delete, select, update
from sqlalchemy.orm import InstrumentedAttribute

from crm.builds.models import Build, BuildNote
from crm.builds.rules import LONGEST_VERSION, PLATFORMS
from crm.core import files, journal
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, NotUnderstood, Refusal

BUILD = cast(Table, Build.__table__)
NOTE = cast(Table, BuildNote.__table__)
FOLDER = "builds"


class BuildKnown(Refusal):
    """This platform has a build of this version already."""


def register_build(
    platform: str,
    version: str,
    notes: dict[str, str],
    *,
    at: datetime,
    by_id: int | None = None,
    file: BinaryIO | None = None,
    file_name: str | None = None,
) -> Build:
    """`notes` by language; empty ones are left out. Raises BuildKnown, and NotUnderstood for what cannot be one.

    `file` is streamed to disk; when the transaction is rolled back afterwards, the caller removes what was stored.
    """
    version = version.strip()
    if platform not in PLATFORMS:
        raise NotUnderstood(_("A platform is one of: %(platforms)s.", platforms=", ".join(PLATFORMS)))
    if not version or len(version) > LONGEST_VERSION or not version.isprintable():
        raise NotUnderstood(_("A version is a line of 1 to %(most)s characters.", most=LONGEST_VERSION))
    row = {"platform": platform, "version": version, "registered_at": at, "registered_by_id": by_id}
    if not insert_or_pass(BUILD, [row]):
        raise BuildKnown(
            _(
                "%(platform)s %(version)s is registered already: open it, or give this one another version.",
                platform=platform,
                version=version,
            )
        )
    build = session().scalars(select(Build).where(Build.platform == platform, Build.version == version)).one()
    write_notes(build.id, notes)
    journal.record("register_build", f"build:{build.id}", at=at, after={"platform": platform, "version": version})
    if file is not None:
        keep_file(build.id, file, file_name or f"{platform}-{version}", at=at)
    return build


def write_notes(build_id: int, notes: dict[str, str]) -> None:
    """Replaces the notes of a build."""
    session().execute(delete(NOTE).where(NOTE.c.build_id == build_id))
    rows = [
        {"build_id": build_id, "language": language, "body": body.strip()}
        for language, body in sorted(notes.items())
        if body.strip()
    ]
    insert_or_pass(NOTE, rows)


def keep_file(build_id: int, stream: BinaryIO, file_name: str, *, at: datetime, at_most: int | None = None) -> Build:
    """Streams the file of a build to disk. Raises MoveRefused when it has one: a stored file never changes."""
    without_file(build_id)
    stored = files.store(stream, FOLDER, suffix=suffix_of(file_name), at_most=at_most)
    try:
        return attach_file(build_id, stored, file_name, at=at)
    except BaseException:
        files.remove(stored.key)
        raise


def attach_file(build_id: int, stored: files.Stored, file_name: str, *, at: datetime) -> Build:
    """Gives a build the file that has been stored for it. Raises MoveRefused when it has one already."""
    if not stored.size:
        raise NotUnderstood(_("The file is empty: choose the build's file again."))
    name = clean_name(file_name)
    given = session().execute(
        update(Build)
        .where(Build.id == build_id, Build.file_key.is_(None))
        .values(file_key=stored.key, file_name=name, size=stored.size, sha256=stored.sha256)
        .returning(Build.id)
    )
    if given.first() is None:
        without_file(build_id)
        raise MoveRefused(_("Somebody else has just uploaded this build's file."))
    journal.record(
        "upload_build", f"build:{build_id}", at=at, after={"file": name, "sha256": stored.sha256, "size": stored.size}
    )
    return session().get_one(Build, build_id, populate_existing=True)


def without_file(build_id: int) -> Build:
    """A build that waits for its file. Raises MoveRefused when it has one: it never changes."""
    build = session().get(Build, build_id, populate_existing=True)
    if build is None:
        raise NotThere(_("There is no such build."))
    if build.file_key is not None:
        raise MoveRefused(_("This build has its file, which never changes: register a new version for another file."))
    return build


def clean_name(file_name: str) -> str:
    """The last part of a file's name, printable, as a download may carry it."""
    last = PurePosixPath(file_name.replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable())[:200] or "build"


def suffix_of(file_name: str) -> str:
    """`.apk`, or nothing when the end of the name is no plain suffix."""
    suffix = PurePosixPath(clean_name(file_name)).suffix
    return suffix if suffix[1:].isalnum() and len(suffix) <= 12 else ""


def withdraw_build(build_id: int, at: datetime) -> None:
    """Nobody gets its file any more. Raises MoveRefused when it has been withdrawn already."""
    _mark(build_id, Build.withdrawn_at, at, "withdraw_build", at)


def offer_again(build_id: int, at: datetime) -> None:
    """Takes a withdrawal back."""
    _mark(build_id, Build.withdrawn_at, None, "offer_build_again", at)


def hold_build(build_id: int, at: datetime) -> None:
    """Nobody new gets it from now on, and feeds answer with the build before it. Raises MoveRefused when it is held."""
    _mark(build_id, Build.held_at, at, "hold_build", at)


def resume_build(build_id: int, at: datetime) -> None:
    """Takes a hold back."""
    _mark(build_id, Build.held_at, None, "resume_build", at)


def _mark(
    build_id: int, column: InstrumentedAttribute[datetime | None], to: datetime | None, deed: str, at: datetime
) -> None:
    was = column.is_(None) if to is not None else column.is_not(None)
    moved = session().execute(update(Build).where(Build.id == build_id, was).values({column: to}).returning(Build.id))
    if moved.first() is None:
        raise MoveRefused(_("Somebody else has just changed this build: look at it again."))
    journal.record(deed, f"build:{build_id}", at=at)
