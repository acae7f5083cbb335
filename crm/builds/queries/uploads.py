"""Files on their way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CompoundSelect, select, union_all

from crm.builds.models import Artefact, Upload
from crm.builds.rules import KEEP_UPLOADS, UploadState
from crm.core.db import session


def upload_of(upload_id: int, by_id: int) -> Upload | None:
    """Only for who began it."""
    upload = session().get(Upload, upload_id, populate_existing=True)
    return upload if upload is not None and upload.by_id == by_id else None


def open_uploads(build_id: int) -> list[Upload]:
    """Those on their way to a build, and those that were refused."""
    query = select(Upload).where(Upload.build_id == build_id, Upload.state != UploadState.STORED)
    return list(session().scalars(query.order_by(Upload.id)))


def arrived_uploads(limit: int = 10) -> list[Upload]:
    """Whole ones that nobody has checked yet."""
    query = select(Upload).where(Upload.state == UploadState.ARRIVED).order_by(Upload.touched_at)
    return list(session().scalars(query.limit(limit)))


def arriving_uploads() -> list[Upload]:
    """Those of which more is to come."""
    return list(session().scalars(select(Upload).where(Upload.state == UploadState.ARRIVING).order_by(Upload.id)))


def old_uploads(at: datetime, limit: int = 100) -> list[Upload]:
    """Those that nobody will go on with, and those that are over since long ago."""
    still = (Upload.state != UploadState.ARRIVED, Upload.touched_at <= at - KEEP_UPLOADS)
    return list(session().scalars(select(Upload).where(*still).order_by(Upload.touched_at).limit(limit)))


def known_keys() -> set[str]:
    """Of the files of all uploads and artefacts, and of their icons."""
    columns = (Upload.file_key, Artefact.file_key, Artefact.icon_key)
    keys: CompoundSelect[str | None] = union_all(*(select(column) for column in columns))
    return {key for key in session().scalars(keys) if key}
