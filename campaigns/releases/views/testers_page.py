"""The page that a release's letter leads to: what is new, the download, how to go on with one that broke off."""

from __future__ import annotations

import shlex

from flask import render_template
from flask_babel import gettext as _

from campaigns.releases.models import Release
from campaigns.releases.queries import read_page_token, release_or_404, train_or_404
from campaigns.releases.views import bp
from crm.builds.models import Build
from crm.builds.queries import build_or_404, download_token, may_have, notes_in, notes_of, standing_person
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotAllowed
from crm.core.guards import by_link
from crm.core.languages import current_language, speak_to
from crm.core.tokens import whole_address
from crm.people.models import Person


def _named(build: Build) -> str:
    """The file's name for a command line, where none may look like an option or lead out of the folder."""
    return (build.file_name or f"{build.platform}-{build.version}").replace("/", "-").lstrip("-.") or "build"


def reader_of(token: str) -> tuple[Release, int]:
    """The release and the tester of a personal link. Raises NotAllowed for who may not have its build (any more)."""
    release_id, person_id = read_page_token(token)
    release, person_id = release_or_404(release_id), standing_person(person_id)
    person = session().get(Person, person_id)
    speak_to(person.language if person else None)
    if release.build_id is None or not may_have(release.build_id, person_id):
        raise NotAllowed(_("This link gives no access any more. Sign in to see which build is yours."))
    return release, person_id


@bp.get("/r/<token>")
@by_link
def of_tester(token: str) -> str:
    release, person_id = reader_of(token)
    build = build_or_404(release.build_id or 0)
    notes = notes_of(build.id) if release.notes is None else release.notes
    download = download_token(build.id, person_id)
    return render_template(
        "releases/tester.html",
        train=train_or_404(release.train_id),
        build=build,
        notes=notes_in(notes, current_language(), programme.required().languages),
        download=download,
        resume=f"curl -C - -o {shlex.quote(_named(build))} {whole_address(f'/b/{download}')}",
    )
