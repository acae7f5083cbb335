"""Files of builds that browsers send in pieces."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from crm.builds.actions import sign_artefact
from crm.builds.models import Artefact, Upload
from crm.builds.queries import artefacts_of, build_or_404, open_uploads
from crm.builds.rules import UploadState
from crm.builds.views import bp, tus
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood
from crm.core.guards import May, staff
from crm.core.pages import typed

bp.after_request(tus.describe)


@bp.post("/builds/<int:build_id>/uploads")
@staff(May.BUILDS)
def begin_upload(build_id: int) -> Response:
    upload_id, response = tus.create(build_id)
    response.headers["Location"] = url_for("builds.piece", upload_id=upload_id)
    return response


@bp.route("/builds/uploads/<int:upload_id>", methods=["HEAD", "PATCH", "DELETE", "POST"])
@staff(May.BUILDS)
def piece(upload_id: int) -> Response:
    return tus.piece(upload_id)


@bp.post("/builds/uploads/<int:upload_id>/give-up")
@staff(May.BUILDS)
def give_up(upload_id: int) -> AnyResponse:
    """The button for what nobody will go on with, or what was refused, whoever began it."""
    upload = session().get(Upload, upload_id)
    if upload is None:
        raise NotThere(_("There is no such upload, or it was given up: begin a new one."))
    build_id = upload.build_id
    tus.give_up(upload)
    return redirect(url_for("builds.show", build_id=build_id))


@bp.post("/builds/artefacts/<int:artefact_id>/signature")
@staff(May.BUILDS)
def sign(artefact_id: int) -> AnyResponse:
    """What the makers of a Tauri app have signed its file with."""
    artefact = session().get(Artefact, artefact_id)
    if artefact is None:
        raise NotThere(_("There is no such file."))
    build_id = artefact.build_id
    try:
        sign_artefact(artefact_id, typed("signature"), programme.moment())
        session().commit()
        flash(_("The signature is kept: Tauri's updaters are offered this file."), "success")
    except NotUnderstood as error:
        session().rollback()
        flash(str(error), "error")
    return redirect(url_for("builds.show", build_id=build_id))


@bp.get("/builds/<int:build_id>/files")
@staff(May.SEE)
def its_files(build_id: int) -> Response:
    """The files of a build alone, for the page that asks while one is being checked, and is shown anew afterwards."""
    build, artefacts, uploads = build_or_404(build_id), artefacts_of(build_id), open_uploads(build_id)
    told = {"build": build, "artefacts": artefacts, "uploads": uploads, "here_of": tus.here_of}
    response = make_response(render_template("builds/_files.html", **told))
    if not any(one.state is UploadState.ARRIVED for one in uploads) and all(one.looked_at for one in artefacts):
        response.headers["HX-Refresh"] = "true"
    return response
