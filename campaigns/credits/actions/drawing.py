"""Between this room and the library that draws: scenes out, pictures and what was changed back."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flask_babel import gettext as _

from boot_screen import Change, Layout, Master, Name, Scene, SceneError, Screen, lay_out, render
from boot_screen.scene import DEFAULT_MIN_PX, FLOOR_PX
from campaigns.credits.models import Edition
from campaigns.credits.queries import names_of
from campaigns.credits.rules import DEFAULT_SIZE, sides
from crm.core.errors import NotUnderstood

DRAWING = 1  # to be raised when the library draws the same scene differently
NAME_SCREEN = Screen(720, 200)


@dataclass(frozen=True)
class Drawn:
    """The first page of a scene: the picture as PNG, how many pages there are, the size of the type in px."""

    png: bytes
    pages: int
    px: int


def scene(names: Sequence[tuple[int, str]], look: Mapping[str, Any]) -> Scene:
    """Raises NotUnderstood when the look cannot be drawn."""
    size = sides(str(look.get("size", DEFAULT_SIZE)))
    if size is None:
        raise NotUnderstood(_("The size is a width and a height in pixels, such as 1080x2400."))
    return Scene(
        [Name(str(person_id), name) for person_id, name in names],
        Screen(*size),
        title=str(look.get("title", "")),
        subtitle=str(look.get("subtitle", "")),
        min_px=int(look.get("min_px", DEFAULT_MIN_PX)),
    )


def check_look(look: Mapping[str, Any]) -> None:
    """Raises NotUnderstood, saying what to change."""
    one = scene([(1, "1")], look)
    largest = min(one.screen.width, one.screen.height) // 8
    if not FLOOR_PX <= one.least_px <= largest:
        raise NotUnderstood(
            _("The smallest type is %(least)s to %(most)s px on this screen.", least=FLOOR_PX, most=largest)
        )


def hash_of(drawn: Scene) -> str:
    """Of everything that decides the picture, in hex."""
    told = json.dumps(
        [DRAWING, asdict(drawn)], ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=_digest_of
    )
    return hashlib.sha256(told.encode()).hexdigest()


def _digest_of(data: bytes) -> str:
    """A silhouette stands in the hash by its own."""
    return hashlib.sha256(data).hexdigest()


def laid_out(drawn: Scene) -> Layout:
    try:
        return lay_out(drawn)
    except SceneError as error:
        raise NotUnderstood(str(error)) from error


def _png(master: Master) -> bytes:
    out = io.BytesIO()
    master.image.save(out, "PNG", bits=8, compress_level=6)
    return out.getvalue()


def draw_edition(edition: Edition) -> Drawn:
    """The first page as it would be drawn now. Raises NotUnderstood when nobody is on it."""
    names = names_of(edition)
    if not names:
        raise NotUnderstood(_("Nobody is on this boot screen yet, so there is nothing to draw."))
    layout = laid_out(scene(names, edition.look))
    return Drawn(_png(next(render(layout))), len(layout.pages), layout.px)


@dataclass(frozen=True)
class DrawnName:
    """One name as the boot screen will show it."""

    png: bytes
    shown: str
    changes: frozenset[Change]


def _one_name(name: str, number: int, px: int) -> Layout:
    return laid_out(Scene([Name(str(number), name)], NAME_SCREEN, min_px=px))


def draw_name(name: str, number: int) -> DrawnName:
    """A strip of boot screen with one name on it; `number` stands in for a name of which nothing can be drawn."""
    layout = _one_name(name, number, NAME_SCREEN.height // 8)
    if Change.CLIPPED in layout.pages[0].names[0].name.changes:
        layout = _one_name(name, number, FLOOR_PX)  # as wide as the rows of a telephone's screen
    placed = layout.pages[0].names[0].name
    return DrawnName(_png(next(render(layout))), placed.line.text, placed.changes)
