"""Files of builds that arrive in pieces: begun, gone on with, checked as a whole, given to their build; or given up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from uuid import uuid4

from flask_babel import gettext as _
from sqlalchemy import delete, update

from crm.builds.actions.artefacts import FOLDER, attach_file, clean_name, suffix_of, without_file
from crm.builds.models import Upload
from crm.builds.rules import UploadState
from crm.core import files
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal
from crm.core.wake import wake_after_commit

STORE = "crm.builds.tasks.store_uploads"
SHA256 = re.compile(r"[0-9a-f]{64}")


class TooLarge(Refusal):
    status = 413


@dataclass(frozen=True)
class Announced:
    """What a sender says of a file before it comes. `size` in bytes; `sha256` in hex, where they know it."""

    build_id: int
    file_name: str
    size: int
    device: str = ""
    sha256: str | None = None


def begin_upload(told: Announced, *, by_id: int, at: datetime, at_most: int) -> Upload:
    """Raises what without_file does, TooLarge, files.DiskFull, and NotUnderstood for what cannot be a file."""
    without_file(told.build_id, told.device)
    if told.size < 1:
        raise NotUnderstood(_("The file is empty: choose the build's file again."))
    if told.size > at_most:
        raise TooLarge(
            _("The file is larger than %(most)s MiB: split it, or raise MAX_UPLOAD_MB.", most=at_most // files.BLOCK)
        )
    sha256 = told.sha256.lower() if told.sha256 else None
    if sha256 is not None and not SHA256.fullmatch(sha256):
        raise NotUnderstood(_("A SHA-256 is 64 hexadecimal digits."))
    if not files.room_for(FOLDER, told.size):
        raise files.DiskFull(_("The disk has no room for this file: make room on it, then send it again."))
    name = clean_name(told.file_name)
    upload = Upload(
        build_id=told.build_id,
        device=told.device,
        file_name=name,
        file_key=f"{FOLDER}/{uuid4().hex}{suffix_of(name)}",
        size=told.size,
        sha256=sha256,
        by_id=by_id,
        begun_at=at,
        touched_at=at,
    )
    session().add(upload)
    session().flush()
    files.Arriving(upload.file_key).begin()
    return upload


def receive(upload: Upload, stream: BinaryIO, offset: int, checksum: files.Checksum | None = None) -> int:
    """Writes a piece to disk and returns how many bytes are here then. Nothing of the database is touched meanwhile."""
    return files.Arriving(upload.file_key).append(stream, offset, upload.size, checksum)


def touch_upload(upload_id: int, here: int, at: datetime) -> None:
    """A piece has come; with the last one the file is to be checked."""
    arriving = update(Upload).where(Upload.id == upload_id, Upload.state == UploadState.ARRIVING)
    session().execute(arriving.values(touched_at=at))
    whole = (
        session()
        .execute(arriving.where(Upload.size <= here).values(state=UploadState.ARRIVED).returning(Upload.id))
        .first()
    )
    if whole is not None:
        wake_after_commit(STORE)


def settle_upload(upload_id: int, stored: files.Stored, at: datetime) -> bool:
    """Gives a whole file to its build, or says why not; False when somebody else has done so.

    Of a file that is refused nothing is kept once the caller has committed: they remove it.
    """
    upload = session().get(Upload, upload_id)
    if upload is None or upload.state is not UploadState.ARRIVED:
        return False
    try:
        _check(upload, stored)
        attach_file(upload.build_id, stored, upload.file_name, at=at, device=upload.device)
    except Refusal as refusal:
        return _move(upload, UploadState.REFUSED, at, str(refusal))
    others = update(Upload).where(
        Upload.build_id == upload.build_id, Upload.device == upload.device, Upload.state == UploadState.ARRIVING
    )
    why = _("Another file came first: register a new version for this one.")
    session().execute(others.values(state=UploadState.REFUSED, why=why, touched_at=at))
    return _move(upload, UploadState.STORED, at)


def _check(upload: Upload, stored: files.Stored) -> None:
    if stored.size != upload.size:
        raise NotUnderstood(_("The file has another size than was said: send it again."))
    if upload.sha256 is not None and stored.sha256 != upload.sha256:
        raise NotUnderstood(_("The file is not what its SHA-256 says: send it again."))


def _move(upload: Upload, to: UploadState, at: datetime, why: str = "") -> bool:
    this = update(Upload).where(Upload.id == upload.id, Upload.state == UploadState.ARRIVED)
    return session().execute(this.values(state=to, why=why, touched_at=at).returning(Upload.id)).first() is not None


def drop_upload(upload_id: int, state: UploadState, touched_at: datetime | None = None) -> bool:
    """Forgets an upload in this state, untouched since; False when it has moved on. The caller removes its file."""
    this = delete(Upload).where(Upload.id == upload_id, Upload.state == state)
    if touched_at is not None:
        this = this.where(Upload.touched_at == touched_at)
    return session().execute(this.returning(Upload.id)).first() is not None
