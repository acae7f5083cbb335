"""A build's file: whole or in ranges, to those who may have it."""

from __future__ import annotations

from urllib.parse import quote

from flask import current_app, send_file
from flask_babel import gettext as _
from werkzeug.http import dump_options_header
from werkzeug.wrappers import Response

from crm.builds.models import Build
from crm.builds.queries import build_or_404, may_have, read_download_token, standing_person
from crm.builds.views import bp
from crm.core import files
from crm.core.errors import NotAllowed, NotThere
from crm.core.guards import May, by_link, signed_in, viewer

KIND = "application/octet-stream"


def _by_proxy(build: Build, prefix: str) -> Response:
    """nginx sends the file itself, ranges included; `prefix` is its internal location of the folder of stored files."""
    response = Response(mimetype=KIND)
    response.headers["X-Accel-Redirect"] = f"{prefix.rstrip('/')}/{quote(build.file_key or '')}"
    name = build.file_name or "build"
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_")
    options = {"filename": ascii_name} if ascii_name == name else {"filename": ascii_name, "filename*": name}
    response.headers["Content-Disposition"] = dump_options_header("attachment", options)
    return response


def _to_tester(build: Build) -> Response:
    """Staff who look for the fault of a build that is on hold still get it; testers do not."""
    if build.held_at is not None:
        raise NotThere(
            _("%(version)s is on hold: a fault is being looked for. Keep the build you have.", version=build.version)
        )
    return send_build(build)


def send_build(build: Build) -> Response:
    """The etag is the checksum, so that a download that broke off goes on only with the same bytes."""
    if build.withdrawn_at is not None:
        raise NotThere(_("%(version)s has been withdrawn. Wait for the next build.", version=build.version))
    if build.file_key is None:
        raise NotThere(_("%(version)s has no file yet.", version=build.version))
    prefix = str(current_app.config["ACCEL_PREFIX"])
    if prefix:
        response = _by_proxy(build, prefix)
    else:
        response = send_file(
            files.path_of(build.file_key),
            mimetype=KIND,
            as_attachment=True,
            download_name=build.file_name,
            conditional=True,
            etag=build.sha256 or True,
            last_modified=build.registered_at,
            max_age=0,
        )
    response.cache_control.private = True
    return response


@bp.get("/b/<token>")
@by_link
def by_personal_link(token: str) -> Response:
    build_id, person_id = read_download_token(token)
    build = build_or_404(build_id)
    if not may_have(build_id, standing_person(person_id)):
        raise NotAllowed(_("This link gives no access any more. Sign in to see which build is yours."))
    return _to_tester(build)


@bp.get("/builds/<int:build_id>/download")
@signed_in
def download(build_id: int) -> Response:
    """For staff, and for testers who have access to it; nobody else learns whether it exists."""
    who = viewer()
    if who.may(May.SEE):
        return send_build(build_or_404(build_id))
    if not may_have(build_id, who.person_id):
        raise NotThere(_("There is no such build."))
    return _to_tester(build_or_404(build_id))
