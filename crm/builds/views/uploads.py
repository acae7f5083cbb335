"""Builds arrive: a form with the file in it, written to disk once while it is being read."""

from __future__ import annotations

from typing import IO, Any, cast

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from werkzeug.formparser import FormDataParser

from crm.builds.actions import (
    FOLDER,
    attach_file,
    register_build,
    without_file,
)
from crm.builds.forms import BuildForm, FileForm, notes_form
from crm.builds.queries import build_or_404
from crm.builds.rules import Order
from crm.builds.views import bp
from crm.core import files, programme
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer


class Receiving(FormDataParser):
    """Gives werkzeug a file in the data folder where it would take one in /tmp."""

    def __init__(self, *_args: Any, **options: Any) -> None:
        super().__init__(**{**options, "stream_factory": self._receive})

    @staticmethod
    def _receive(*_about: Any, **_more: Any) -> IO[bytes]:
        incoming = files.Incoming(FOLDER, at_most=current_app.config["MAX_UPLOAD_BYTES"])
        return cast("IO[bytes]", incoming)


def _receive_here() -> None:
    """To be called before anything reads the form. Nobody else's writing waits for a file on its way."""
    if request.method == "POST":
        session().rollback()
        request.form_data_parser_class = Receiving
        request.files  # noqa: B018 -- asking for it is what receives it


@bp.record
def _form_checks_csrf_itself(state: BlueprintSetupState) -> None:
    """CSRFProtect would read the whole form before the view can say where its file goes; FlaskForm checks as well."""
    for view in (new, upload):
        state.app.extensions["csrf"].exempt(f"{view.__module__}.{view.__name__}")


def _keep(build_id: int, sent: Any, device: str) -> None:
    without_file(build_id, device)
    stored = sent.stream.keep()
    try:
        attach_file(build_id, stored, sent.filename, at=programme.moment(), device=device)
    except BaseException:
        files.remove(stored.key)
        raise
    session().commit()  # should nobody know how this ended, the file stays: what belongs to no build is swept


@bp.route("/builds/new", methods=["GET", "POST"])
@staff(May.BUILDS)
def new() -> Any:
    _receive_here()
    form = notes_form(BuildForm, programme.required().languages)()
    assert isinstance(form, BuildForm)
    if form.validate_on_submit():
        try:
            made = register_build(
                form.platform.data,
                form.version.data or "",
                form.notes(),
                at=programme.moment(),
                by_id=viewer().person_id,
                channel=form.channel.data or "",
                order=Order(form.order.data) if form.order.data else None,
                expires_days=form.expires_days.data,
                to_test=form.to_test(),
            )
            build_id = made.id
            if form.file.data:
                _keep(build_id, form.file.data, form.device.data or "")
            session().commit()
            return redirect(url_for("builds.show", build_id=build_id))
        except Refusal as error:
            refuse(form[getattr(error, "field", "file")], str(error))
        session().rollback()
    return render_template("builds/new.html", form=form)


@bp.post("/builds/<int:build_id>/file")
@staff(May.BUILDS)
def upload(build_id: int) -> Any:
    """For browsers without JavaScript: those with it send the file in pieces."""
    build_or_404(build_id)
    _receive_here()
    form = FileForm()
    if form.validate_on_submit():
        try:
            _keep(build_id, form.file.data, form.device.data or "")
            flash(_("The file is stored."), "success")
        except NotUnderstood as error:
            session().rollback()
            flash(str(error), "error")
    else:
        told = [error for field in form for error in field.errors] or [_("The form could not be read: send it again.")]
        flash(str(told[0]), "error")
    return redirect(url_for("builds.show", build_id=build_id))
