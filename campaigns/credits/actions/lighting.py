"""One person's name on a boot screen that has shipped, lit up for them and for whom they show it to."""

from __future__ import annotations

import io
import json
from functools import lru_cache
from pathlib import Path

from flask_babel import gettext as _
from PIL import Image

from boot_screen.header import Box
from boot_screen.spotlight import spotlight
from campaigns.credits.models import Rendering
from campaigns.credits.queries import renderings_of
from crm.core import files
from crm.core.errors import NotThere


def light_up(edition_id: int, person_id: int, language: str) -> bytes:
    """A PNG of 1200x630 px from the screen on which the name is largest, in this language if there is one.

    Raises NotThere when the pictures, or the name on them, are not there.
    """
    rendering = _rendering(edition_id, language)
    page, box = _place(str(files.path_of(rendering.manifest_key or "")), person_id)
    found = next((file for file in rendering.files if file.get("page") == page), None)
    if found is None or not files.path_of(found["key"]).exists():
        raise NotThere(_("The pictures of this boot screen are gone from the disk."))
    out = io.BytesIO()
    with Image.open(files.path_of(found["key"])) as picture:
        spotlight(picture, box).save(out, "PNG", compress_level=6)
    return out.getvalue()


def _rendering(edition_id: int, language: str) -> Rendering:
    drawn = [one for one in renderings_of(edition_id) if any("page" in file for file in one.files)]
    if not drawn:
        raise NotThere(_("The pictures of this boot screen are gone from the disk."))
    return next((one for one in drawn if one.language == language), drawn[0])


def _place(record: str, person_id: int) -> tuple[int, Box]:
    try:
        return _places(record)[str(person_id)]
    except (KeyError, OSError) as error:
        raise NotThere(_("This name is not on this boot screen.")) from error


@lru_cache(maxsize=4)
def _places(record: str) -> dict[str, tuple[int, Box]]:
    """Page and box by id; a drawing's manifest never changes, as it lies under the hash of what went in."""
    told = json.loads(Path(record).read_bytes())
    return {name[0]: (name[3], Box(*name[4:8])) for name in told["names"]}
