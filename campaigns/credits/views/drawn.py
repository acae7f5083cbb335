"""Pictures: the preview of an edition, its drawn pages, its manifest, all of it in one archive."""

from __future__ import annotations

import tempfile
import zipfile
from io import BytesIO
from pathlib import PurePosixPath

from flask import send_file
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.credits.actions import draw_edition
from campaigns.credits.models import Rendering
from campaigns.credits.queries import edition_or_404, rendering_of
from campaigns.credits.views import bp
from crm.core import files
from crm.core.errors import NotThere
from crm.core.guards import May, staff

FIXED_DATE = (1980, 1, 1, 0, 0, 0)
READABLE = 0o644 << 16
IN_MEMORY = 8 << 20


def _drawn(edition_id: int) -> Rendering:
    edition_or_404(edition_id)
    found = rendering_of(edition_id)
    if found is None:
        raise NotThere(_("This boot screen has not been drawn yet: open its page and draw it."))
    return found


def _private(response: Response, seconds: int = 0) -> Response:
    """Names of people: no proxy keeps them."""
    response.cache_control.public = False
    response.cache_control.private = True
    response.cache_control.max_age = seconds
    return response


def _send(key: str, *, name: str | None = None) -> Response:
    path = files.path_of(key)
    if not path.exists():
        raise NotThere(_("This file is gone from the disk: draw the boot screen again."))
    return _private(send_file(path, as_attachment=name is not None, download_name=name))


@bp.get("/editions/<int:edition_id>/preview.png")
@staff(May.CREDITS)
def preview(edition_id: int) -> Response:
    """The first page as it would be drawn now; the page's address for it changes with what it shows."""
    drawn = draw_edition(edition_or_404(edition_id))
    return _private(send_file(BytesIO(drawn.png), mimetype="image/png"), seconds=300)


@bp.get("/editions/<int:edition_id>/pages/<int:number>.png")
@staff(May.CREDITS)
def picture(edition_id: int, number: int) -> Response:
    found = next((file for file in _drawn(edition_id).files if file["page"] == number), None)
    if found is None:
        raise NotThere(_("This boot screen has no such page."))
    return _send(found["key"])


@bp.get("/editions/<int:edition_id>/boot-screen-<int:number>.png")
@staff(May.CREDITS)
def download_picture(edition_id: int, number: int) -> Response:
    answer = picture(edition_id, number)
    answer.headers.set("Content-Disposition", "attachment", filename=f"boot-screen-{edition_id}-{number:02}.png")
    return answer


@bp.get("/editions/<int:edition_id>/manifest.json")
@staff(May.CREDITS)
def manifest_file(edition_id: int) -> Response:
    return _send(_drawn(edition_id).manifest_key or "", name=f"boot-screen-{edition_id}.json")


@bp.get("/editions/<int:edition_id>/boot-screen.zip")
@staff(May.CREDITS)
def archive(edition_id: int) -> Response:
    """Pages and manifest, stored, with fixed dates: the same drawing gives the same bytes."""
    rendering = _drawn(edition_id)
    out = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 -- send_file reads it after this function has ended
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as pack:
        for key in sorted([*(file["key"] for file in rendering.files), rendering.manifest_key or ""]):
            path = files.path_of(key)
            if not path.exists():
                raise NotThere(_("This file is gone from the disk: draw the boot screen again."))
            entry = zipfile.ZipInfo(PurePosixPath(key).name, FIXED_DATE)
            entry.external_attr = READABLE
            pack.writestr(entry, path.read_bytes())
    out.seek(0)
    name = f"boot-screen-{edition_id}.zip"
    return _private(send_file(out, mimetype="application/zip", as_attachment=True, download_name=name))
