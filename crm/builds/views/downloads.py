"""A build's file: whole or in ranges, to those who may have it."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from flask import current_app, request, send_file
from flask_babel import gettext as _
from werkzeug.http import dump_options_header
from werkzeug.wrappers import Response

from crm.builds.actions import note_download
from crm.builds.models import Artefact, Build
from crm.builds.queries import (
    artefact_for,
    build_or_404,
    has_downloaded,
    may_have,
    read_download_token,
    standing_person,
)
from crm.builds.views import bp
from crm.core import clock, files, programme
from crm.core.db import session, writing
from crm.core.errors import NotAllowed, NotThere
from crm.core.guards import May, by_link, signed_in, staff, viewer

KIND = "application/octet-stream"


def _by_proxy(artefact: Artefact, header: str, place: str) -> Response:
    """The proxy sends the file itself, ranges included."""
    response = Response(mimetype=KIND)
    response.headers[header] = place
    name = artefact.file_name
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_")
    options = {"filename": ascii_name} if ascii_name == name else {"filename": ascii_name, "filename*": name}
    response.headers["Content-Disposition"] = dump_options_header("attachment", options)
    return response


def _to_person(build: Build, artefact: Artefact | None, person_id: int, at: datetime) -> Response:
    """Staff who look for the fault of a build that is on hold still get it; testers do not."""
    if build.held_at is not None:
        raise NotThere(
            _("%(version)s is on hold: a fault is being looked for. Keep the build you have.", version=build.version)
        )
    response = send_build(build, artefact, at)
    if request.method == "GET" and response.status_code in (200, 206):
        _note(build.id, person_id, at)
    return response


def _note(build_id: int, person_id: int, at: datetime) -> None:
    """The first time is kept; what asks for the next range only looks."""
    if not has_downloaded(build_id, person_id):
        with writing():
            note_download(build_id, person_id, at)
            session().commit()


def send_build(build: Build, artefact: Artefact | None, at: datetime) -> Response:
    """The etag is the checksum, so that a download that broke off goes on only with the same bytes."""
    if build.withdrawn_at is not None:
        raise NotThere(_("%(version)s has been withdrawn. Wait for the next build.", version=build.version))
    if build.expires_at is not None and build.expires_at <= at:
        raise NotThere(_("%(version)s has come to its end. Wait for the next build.", version=build.version))
    if artefact is None:
        raise NotThere(_("%(version)s has no file yet.", version=build.version))
    prefix = str(current_app.config["ACCEL_PREFIX"])
    path = files.path_of(artefact.file_key)
    if prefix:
        response = _by_proxy(artefact, "X-Accel-Redirect", f"{prefix.rstrip('/')}/{quote(artefact.file_key)}")
    elif current_app.config["X_SENDFILE"]:
        response = _by_proxy(artefact, "X-Sendfile", str(path))
    else:
        response = send_file(
            path,
            mimetype=KIND,
            as_attachment=True,
            download_name=artefact.file_name,
            conditional=True,
            etag=artefact.sha256,
            last_modified=artefact.added_at,
            max_age=0,
        )
    response.cache_control.private = True
    return response


@bp.get("/b/<token>")
@by_link
def by_personal_link(token: str) -> Response:
    artefact_id, person_id = read_download_token(token, clock.now())
    artefact, person_id = session().get(Artefact, artefact_id), standing_person(person_id)
    if artefact is None or not may_have(artefact.build_id, person_id):
        raise NotAllowed(_("This link gives no access any more. Sign in to see which build is yours."))
    return _to_person(build_or_404(artefact.build_id), artefact, person_id, programme.moment())


@bp.get("/builds/<int:build_id>/download")
@signed_in
def download(build_id: int) -> Response:
    """For staff and testers with access; nobody else learns whether it exists. `?device=` is the code of a device."""
    who, now = viewer(), programme.moment()
    if not who.may(May.SEE) and not may_have(build_id, who.person_id):
        raise NotThere(_("There is no such build."))
    build, artefact = build_or_404(build_id), artefact_for(build_id, request.args.get("device", ""))
    if who.may(May.SEE):
        return send_build(build, artefact, now)
    return _to_person(build, artefact, who.person_id, now)


@bp.get("/builds/artefacts/<int:artefact_id>/icon.png")
@staff(May.SEE)
def icon(artefact_id: int) -> Response:
    """As the package has it."""
    artefact = session().get(Artefact, artefact_id)
    if artefact is None or artefact.icon_key is None:
        raise NotThere(_("There is no such picture."))
    return send_file(files.path_of(artefact.icon_key), mimetype="image/png", max_age=86_400)
