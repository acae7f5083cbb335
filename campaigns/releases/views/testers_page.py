"""The page that a release's letter leads to: what is new, the download, how to go on with one that broke off."""

from __future__ import annotations

import shlex

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from campaigns.releases.models import Release
from campaigns.releases.queries import has_ended, page_token, read_page_token, release_or_404, train_or_404
from campaigns.releases.views import bp
from crm.builds.models import Artefact
from crm.builds.queries import (
    build_or_404,
    may_have,
    notes_in,
    notes_of,
    own_files,
    standing_person,
    to_test_of,
)
from crm.core import clock, programme
from crm.core.db import session
from crm.core.errors import NotAllowed
from crm.core.guards import May, by_link, signed_in, signed_in_id, viewer
from crm.core.languages import current_language, speak_to
from crm.core.tokens import whole_address
from crm.people.models import Person


def _resume(artefact: Artefact, token: str) -> str:
    """The command that goes on; in a command line no name may look like an option or lead out of the folder."""
    named = artefact.file_name.replace("/", "-").lstrip("-.") or "build"
    return f"curl -C - -o {shlex.quote(named)} {whole_address(f'/b/{token}')}"


def reader_of(token: str) -> tuple[Release, int]:
    """The release and the tester of a personal link.

    Raises NotAllowed for who may not have its build (any more). A link that has come to its end leads to the sign-in,
    and whoever has signed in to their own page.
    """
    release_id, person_id = read_page_token(token)
    release, person_id = release_or_404(release_id), standing_person(person_id)
    person = session().get(Person, person_id)
    speak_to(person.language if person else None)
    if release.build_id is None or not may_have(release.build_id, person_id):
        raise NotAllowed(_("This link gives no access any more. Sign in to see which build is yours."))
    if has_ended(release, person_id, programme.moment()) and signed_in_id() != person_id:
        if signed_in_id() is not None:
            raise NotAllowed(_("This link has come to its end, and it is not yours."))
        flash(_("This link has come to its end. Sign in, and it leads you to your page."), "info")
        abort(redirect(url_for("accounts.sign_in", next=request.path)))
    return release, person_id


@bp.get("/get/<int:release_id>")
@signed_in
def permanent(release_id: int) -> AnyResponse:
    """The release's own address, the same for everybody: leads each tester to their page of it, staff to theirs."""
    release, who = release_or_404(release_id), viewer()
    if who.may(May.SEE):
        return redirect(url_for("releases.show", release_id=release_id))
    if release.build_id is None or not may_have(release.build_id, who.person_id):
        raise NotAllowed(_("This release has not come to you. Look at My build for the one that is yours."))
    return redirect(url_for("releases.of_tester", token=page_token(release_id, who.person_id)))


@bp.get("/r/<token>")
@by_link
def of_tester(token: str) -> str:
    release, person_id = reader_of(token)
    build = build_or_404(release.build_id or 0)
    return render_template(
        "releases/tester.html",
        train=train_or_404(release.train_id),
        build=build,
        notes=notes_in(notes_of(build.id), current_language(), programme.required().languages),
        to_test=notes_in(to_test_of(build.id), current_language(), programme.required().languages),
        files=[
            (artefact, token, _resume(artefact, token))
            for artefact, token in own_files(build.id, person_id, clock.now())
        ],
        over=build.expires_at is not None and build.expires_at <= programme.moment(),
    )
