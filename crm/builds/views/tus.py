"""Files in pieces, by the tus protocol 1.0 (https://tus.io/protocols/resumable-upload): what its doors have in common.

Extensions: creation, creation-with-upload, expiration, checksum, termination. The doors for browsers stand in
views/resumable.py, those for machines in api.py.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode
from typing import BinaryIO, cast

from flask import Response, current_app, request
from flask_babel import gettext as _
from werkzeug.http import http_date

from crm.builds.actions.uploads import Announced, TooLarge, begin_upload, drop_upload, receive, touch_upload
from crm.builds.models import Upload
from crm.builds.queries import upload_of
from crm.builds.rules import KEEP_UPLOADS, UploadState
from crm.core import clock, files
from crm.core.db import session, writing
from crm.core.errors import NotThere, NotUnderstood, Refusal
from crm.core.guards import viewer

VERSION = "1.0.0"
PIECE = "application/offset+octet-stream"
ALGORITHMS = ("sha1", "sha256", "sha512", "md5")
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"


class OtherVersion(Refusal):
    status = 412


class NoPiece(Refusal):
    status = 415


class BadRequest(Refusal):
    status = 400


class Gone(Refusal):
    status = 410


DOORS = ("begin_upload", "piece")
"""Views of this protocol, in whichever blueprint."""


def describe(response: Response) -> Response:
    """What every answer of these doors says of itself; for a blueprint's after_request."""
    if (request.endpoint or "").rpartition(".")[2] not in DOORS:
        return response
    response.headers["Tus-Resumable"] = response.headers["Tus-Version"] = VERSION
    response.headers["Tus-Extension"] = EXTENSIONS
    response.headers["Tus-Max-Size"] = str(current_app.config["MAX_UPLOAD_BYTES"])
    response.headers["Tus-Checksum-Algorithm"] = ",".join(ALGORITHMS)
    response.headers["Cache-Control"] = "no-store"
    return response


def _ask_version() -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise OtherVersion(_("This is tus %(version)s: say so in Tus-Resumable.", version=VERSION))


def _whole(name: str) -> int:
    value = request.headers.get(name, "")
    if not value.isdecimal() or len(value) > 18:
        raise BadRequest(_("%(header)s has to be a whole number.", header=name))
    return int(value)


def _metadata() -> dict[str, str]:
    """Upload-Metadata: keys, each with a value in base64."""
    told: dict[str, str] = {}
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        key, _space, value = pair.strip().partition(" ")
        try:
            told[key] = b64decode(value, validate=True).decode()
        except ValueError as error:
            raise BadRequest(_("Upload-Metadata has to be pairs of a key and a value in base64.")) from error
    return told


def _checksum() -> files.Checksum | None:
    told = request.headers.get("Upload-Checksum")
    if told is None:
        return None
    algorithm, _space, value = told.partition(" ")
    if algorithm not in ALGORITHMS:
        raise BadRequest(_("A checksum is one of: %(names)s.", names=", ".join(ALGORITHMS)))
    try:
        digest = b64decode(value, validate=True)
    except ValueError as error:
        raise BadRequest(_("Upload-Checksum has to be an algorithm and its digest in base64.")) from error
    if len(digest) != hashlib.new(algorithm).digest_size:
        raise BadRequest(_("Upload-Checksum has to be an algorithm and its digest in base64."))
    return files.Checksum(algorithm, digest)


def _state(upload: Upload, here: int, status: int = 204) -> Response:
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(here)
    response.headers["Upload-Length"] = str(upload.size)
    if upload.state is UploadState.ARRIVING:
        response.headers["Upload-Expires"] = http_date(upload.touched_at + KEEP_UPLOADS)
    return response


def mine(upload_id: int) -> Upload:
    upload = upload_of(upload_id, viewer().person_id)
    if upload is None:
        raise NotThere(_("There is no such upload, or it was given up: begin a new one."))
    return upload


def create(build_id: int | None) -> tuple[int, Response]:
    """Begins an upload, with its first piece where one came along. The caller names its Location."""
    _ask_version()
    now, told = clock.now(), _metadata()
    number = told.get("build", "")
    if build_id is None:
        if not number.isdecimal() or len(number) > 18:
            raise NotUnderstood(_("Say in Upload-Metadata which build the file is for: build, its number."))
        build_id = int(number)
    announced = Announced(
        build_id,
        told.get("filename") or "build",
        _whole("Upload-Length"),
        told.get("device", ""),
        told.get("sha256") or None,
    )
    upload = begin_upload(announced, by_id=viewer().person_id, at=now, at_most=current_app.config["MAX_UPLOAD_BYTES"])
    session().commit()
    upload_id, here = upload.id, 0
    if request.mimetype == PIECE:
        here = _take(upload, 0)
    return upload_id, _state(mine(upload_id), here, 201)


def go_on(upload_id: int) -> Response:
    """PATCH: a piece that begins where the file ends so far."""
    _ask_version()
    if request.mimetype != PIECE:
        raise NoPiece(_("A piece has the content type %(kind)s.", kind=PIECE))
    upload, offset = mine(upload_id), _whole("Upload-Offset")
    if upload.state is UploadState.REFUSED:
        raise Gone(upload.why)
    if upload.state is not UploadState.ARRIVING or not files.Arriving(upload.file_key).is_here:
        raise Gone(_("This upload is over: begin a new one."))
    here = _take(upload, offset)
    return _state(mine(upload_id), here)


def _take(upload: Upload, offset: int) -> int:
    """Nobody else's writing waits for a piece on its way; a piece that broke off counts as far as it came."""
    checksum, upload_id = _checksum(), upload.id
    if request.content_length is not None and offset + request.content_length > upload.size:
        raise TooLarge(_("This piece goes beyond the end of the file."))
    session().expunge(upload)
    session().rollback()
    _touch(upload_id)
    here = 0
    try:
        here = receive(upload, cast(BinaryIO, request.stream), offset, checksum)
    finally:
        _touch(upload_id, here)
    return here


def _touch(upload_id: int, here: int = 0) -> None:
    """Nobody throws it away while pieces come; with the last one, when it came well, the file is whole."""
    with writing():
        touch_upload(upload_id, here, clock.now())
        session().commit()


def look(upload_id: int) -> Response:
    """HEAD: how much is here."""
    upload = mine(upload_id)
    here = here_of(upload)
    if upload.state is UploadState.ARRIVING and here == upload.size:  # whoever took the last piece was killed after it
        _touch(upload_id, here)
        upload = mine(upload_id)
    return _state(upload, here, 200)


def here_of(upload: Upload) -> int:
    """How many bytes of it have arrived."""
    return files.Arriving(upload.file_key).size if upload.state is UploadState.ARRIVING else upload.size


def give_up(upload: Upload) -> Response:
    """What came so far is thrown away."""
    upload_id = upload.id
    key, state = upload.file_key, upload.state
    if state not in (UploadState.ARRIVING, UploadState.REFUSED) or not drop_upload(upload_id, state):
        raise Gone(_("This upload is over: begin a new one."))
    session().commit()
    files.Arriving(key).remove()
    return Response(status=204)


def drop(upload_id: int) -> Response:
    """DELETE."""
    return give_up(mine(upload_id))


def piece(upload_id: int) -> Response:
    """What a door for one upload does, by method."""
    does = {"HEAD": look, "PATCH": go_on, "DELETE": drop}.get(
        request.headers.get("X-HTTP-Method-Override", request.method).upper()  # for who is behind a proxy without PATCH
    )
    if does is None:
        raise BadRequest(_("An upload is asked about with HEAD, gone on with by PATCH, given up by DELETE."))
    return does(upload_id)
