"""Files become artefacts of a build: one for each device, or one for every device. What is stored never changes."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from flask_babel import gettext as _
from sqlalchemy import Table, insert, select, update

from crm.builds.models import Artefact, Build
from crm.builds.queries import files_fixed_for
from crm.builds.rules import LONGEST_DEVICE
from crm.core import files, journal
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, NotUnderstood
from crm.core.wake import wake_after_commit

ARTEFACT = cast(Table, Artefact.__table__)
FOLDER = "builds"
DEVICE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_DEVICE - 1}}}")
LONGEST_SIGNATURE = 2000
LOOK = "crm.builds.tasks.look_at_artefacts"


class BadField(NotUnderstood):
    """What cannot be; `field` is the name of what was given."""

    def __init__(self, field: str, message: Any) -> None:
        super().__init__(message)
        self.field = field


def keep_file(
    build_id: int, stream: BinaryIO, file_name: str, *, at: datetime, device: str = "", at_most: int | None = None
) -> Artefact:
    """Streams a file of a build to disk. Raises MoveRefused when this device has one: a stored file never changes."""
    without_file(build_id, device)
    stored = files.store(stream, FOLDER, suffix=suffix_of(file_name), at_most=at_most)
    try:
        return attach_file(build_id, stored, file_name, at=at, device=device)
    except BaseException:
        files.remove(stored.key)
        raise


def attach_file(build_id: int, stored: files.Stored, file_name: str, *, at: datetime, device: str = "") -> Artefact:
    """Gives a build the file that has been stored for it. Raises what without_file does."""
    session().execute(select(Build.id).where(Build.id == build_id).with_for_update())
    without_file(build_id, device)
    if not stored.size:
        raise NotUnderstood(_("The file is empty: choose the build's file again."))
    name = clean_name(file_name)
    row = {
        "build_id": build_id,
        "device": device,
        "file_key": stored.key,
        "file_name": name,
        "size": stored.size,
        "sha256": stored.sha256,
        "added_at": at,
    }
    session().execute(insert(ARTEFACT), [row])
    journal.record(
        "upload_build",
        f"build:{build_id}",
        at=at,
        after={"file": name, "device": device, "sha256": stored.sha256, "size": stored.size},
    )
    wake_after_commit(LOOK)
    this = select(Artefact).where(Artefact.build_id == build_id, Artefact.device == device)
    return session().scalars(this).one()


def without_file(build_id: int, device: str = "") -> Build:
    """A build that waits for its file for this device. Raises MoveRefused when it has one, which never changes, and
    when it goes out with the files it has.
    """
    build = session().get(Build, build_id, populate_existing=True)
    if build is None:
        raise NotThere(_("There is no such build."))
    if device and not DEVICE.fullmatch(device):
        raise BadField("device", _("A device is named by its code, such as mione_plus: letters, digits and . _ -"))
    if session().scalar(select(Artefact.id).where(Artefact.build_id == build_id, Artefact.device == device)):
        raise MoveRefused(
            _("%(device)s has its file, which never changes: register a new version for another file.", device=device)
            if device
            else _("This build has its file, which never changes: register a new version for another file.")
        )
    named = files_fixed_for(build_id)
    if named:
        raise MoveRefused(
            _(
                "%(release)s goes out with the files this build has. To add one while nobody has it, cancel that "
                "release, or put it on hold and choose its build again; else register a newer build.",
                release=", ".join(named),
            )
        )
    return build


def clean_name(file_name: str) -> str:
    """The last part of a file's name, printable, as a download may carry it."""
    last = PurePosixPath(file_name.replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable())[:200] or "build"


def suffix_of(file_name: str) -> str:
    """`.apk`, or nothing when the end of the name is no plain suffix."""
    suffix = PurePosixPath(clean_name(file_name)).suffix
    return suffix if suffix.isascii() and suffix[1:].isalnum() and len(suffix) <= 12 else ""


def sign_artefact(artefact_id: int, signature: str, at: datetime) -> None:
    """Keeps its makers' signature, the text of minisign's `.sig` file as Tauri's tool writes it.

    Raises NotUnderstood for what is none, MoveRefused where it has one: a device may have read it.
    """
    told = "".join(signature.split())
    try:
        plain = b64decode(told, validate=True).decode()
    except ValueError:
        plain = ""
    if len(told) > LONGEST_SIGNATURE or not plain.startswith("untrusted comment:"):
        raise NotUnderstood(_("This is no signature of Tauri's: paste the whole text of the .sig file."))
    this = update(Artefact).where(Artefact.id == artefact_id, Artefact.minisign.is_(None))
    signed = session().execute(this.values(minisign=told).returning(Artefact.build_id)).first()
    if signed is None:
        raise MoveRefused(_("This file has its signature already."))
    journal.record("sign_build", f"build:{signed[0]}", at=at, after={"artefact": artefact_id})
