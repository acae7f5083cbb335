"""What has been drawn: pages, files for devices, manifests, and all of it in one archive."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from flask import send_file
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from boot_screen.install import install_notes
from boot_screen.outputs.whole import FIXED_DATE
from campaigns.credits.models import Rendering
from campaigns.credits.queries import edition_or_404, is_drawn, renderings_of
from campaigns.credits.views import bp
from campaigns.credits.views.pictures import send_picture
from crm.core import files
from crm.core.errors import NotThere
from crm.core.guards import May, staff

READABLE = 0o644 << 16
IN_MEMORY = 8 << 20
BLOCK = 1 << 20


def private(response: Response, seconds: int = 0) -> Response:
    """Names of people: no proxy keeps them."""
    response.cache_control.public = False
    response.cache_control.private = True
    response.cache_control.max_age = seconds
    return response


def _rendering(edition_id: int, rendering_id: int) -> Rendering:
    edition_or_404(edition_id)
    found = next((one for one in renderings_of(edition_id) if one.id == rendering_id), None)
    if found is None:
        raise NotThere(_("This boot screen has not been drawn yet: open its page and draw it."))
    return found


def _path(key: str) -> Path:
    path = files.path_of(key)
    if not path.exists():
        raise NotThere(_("This file is gone from the disk: draw the boot screen again."))
    return path


def _send(key: str, *, name: str) -> Response:
    return private(send_file(_path(key), as_attachment=True, download_name=name))


@bp.get("/editions/<int:edition_id>/drawn/<int:rendering_id>/pages/<int:number>.png")
@staff(May.CREDITS)
def picture(edition_id: int, rendering_id: int, number: int) -> Response:
    drawn = _rendering(edition_id, rendering_id).files
    found = next((file for file in drawn if file.get("page") == number), None)
    if found is None:
        raise NotThere(_("This boot screen has no such page."))
    return private(send_picture(_path(found["key"])))


@bp.get("/editions/<int:edition_id>/drawn/<int:rendering_id>/<name>")
@staff(May.CREDITS)
def drawn_file(edition_id: int, rendering_id: int, name: str) -> Response:
    """One file, under the name that its device looks for."""
    rendering = _rendering(edition_id, rendering_id)
    if name == "manifest.json":
        return _send(rendering.manifest_key or "", name=name)
    found = next((file for file in rendering.files if file["name"] == name), None)
    if found is None:
        raise NotThere(_("This boot screen has no such file."))
    return _send(found["key"], name=name)


@bp.get("/editions/<int:edition_id>/boot-screen.zip")
@staff(May.CREDITS)
def archive(edition_id: int) -> Response:
    """Everything, stored, with fixed dates: the same drawing gives the same bytes."""
    if not is_drawn(edition_or_404(edition_id)):
        raise NotThere(_("Not all of this boot screen has been drawn yet: open its page and draw it."))
    drawn = renderings_of(edition_id)
    out = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 -- send_file reads it after this function has ended
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as pack:
        for name, key in sorted(_packed(drawn)):
            path = files.path_of(key)
            if not path.exists():
                raise NotThere(_("This file is gone from the disk: draw the boot screen again."))
            with path.open("rb") as source, pack.open(_entry(name), "w") as target:
                while block := source.read(BLOCK):
                    target.write(block)
        for form, notes in install_notes(sorted({file["form"] for one in drawn for file in one.files})):
            pack.writestr(_entry(f"INSTALL-{form}.md"), notes)
    out.seek(0)
    name = f"boot-screen-{edition_id}.zip"
    return private(send_file(out, mimetype="application/zip", as_attachment=True, download_name=name))


def _packed(drawn: list[Rendering]) -> Iterator[tuple[str, str]]:
    """Name in the archive and key, by language and screen."""
    for one in drawn:
        folder = f"{one.language}/{one.screen}"
        for file in one.files:
            yield f"{folder}/{file['name']}", file["key"]
        yield f"{folder}/manifest.json", one.manifest_key or ""


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, FIXED_DATE)
    entry.external_attr = READABLE
    return entry
