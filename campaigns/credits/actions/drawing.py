"""Between this room and the library that draws: scenes out, pictures and what was changed back."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from flask_babel import gettext as _

from boot_screen import Change, Layout, Master, Name, Palette, Scene, SceneError, Screen, Silhouette, lay_out, render
from boot_screen.draw import render_pages
from boot_screen.png import png_bytes
from boot_screen.scene import FLOOR_PX
from boot_screen.silhouette import SilhouetteError, named, of_data
from boot_screen.themes import THEMES, ThemeError, check, recoloured
from campaigns.credits.queries import ChosenName
from campaigns.credits.queries.fitness import fits_nowhere
from campaigns.credits.rules import Look, Wording, sides
from crm.core import files
from crm.core.errors import NotUnderstood

DRAWING = 4  # to be raised when the library draws the same scene differently
NAME_SCREEN = Screen(720, 200)
UPLOADED = "file:"


@dataclass(frozen=True)
class Drawn:
    """The first page of a scene: the picture as PNG, how many pages and names there are, the size of the type in px,
    and how many names are not drawn exactly as written."""

    png: bytes
    pages: int
    px: int
    names: int
    changed: int


def scene_of(names: Sequence[ChosenName], look: Look, language: str, size: str) -> Scene:
    """Raises NotUnderstood when the look cannot be drawn."""
    asked = sides(size)
    if asked is None:
        raise NotUnderstood(_("The size is a width and a height in pixels, such as 1080x2400."))
    words = look.wordings.get(language, Wording())
    palette, silhouette = _theme(look)
    return Scene(
        [Name(str(one.person_id), one.shown_name, words.headings.get(one.section, "")) for one in names],
        Screen(*asked),
        title=words.title,
        subtitle=words.subtitle,
        footer=words.footer,
        palette=palette,
        silhouette=silhouette,
        min_px=look.min_px,
    )


def _theme(look: Look) -> tuple[Palette, Silhouette | None]:
    try:
        if look.theme not in THEMES:
            raise ThemeError(_("There is no theme %(name)s.", name=look.theme))
        known = THEMES[look.theme]
        palette = recoloured(known.palette, look.colours)
        check(palette)
        return palette, _silhouette(look.silhouette) if look.silhouette else known.silhouette
    except (ThemeError, SilhouetteError) as error:
        raise NotUnderstood(str(error)) from error


def _silhouette(asked: str) -> Silhouette | None:
    if not asked.startswith(UPLOADED):
        return None if asked == "none" else named(asked)
    path = files.path_of(asked.removeprefix(UPLOADED))
    if not path.exists():
        raise NotUnderstood(_("The uploaded silhouette is gone from the disk: choose it again."))
    return of_data(path.read_bytes())


def store_silhouette(data: bytes) -> str:
    """Keeps an SVG or PNG that draws a shape and does nothing else; what to put into a look. Raises NotUnderstood."""
    try:
        of_data(data)
    except SilhouetteError as error:
        raise NotUnderstood(str(error)) from error
    return UPLOADED + files.store(io.BytesIO(data), "silhouettes").key


def check_look(look: Look) -> None:
    """Raises NotUnderstood, saying what to change."""
    if not look.sizes or not look.wordings:
        raise NotUnderstood(_("Give at least one screen and one language."))
    for size in look.sizes:
        one = scene_of([ChosenName(1, "1", "")], look, next(iter(look.wordings)), size)
        largest = min(one.screen.width, one.screen.height) // 8
        if not FLOOR_PX <= one.least_px <= largest:
            raise NotUnderstood(
                _("The smallest type is %(least)s to %(most)s px on this screen.", least=FLOOR_PX, most=largest)
            )
    if told := fits_nowhere(look.formats, look.sizes):
        raise NotUnderstood(told)


def hash_of(drawn: Scene, formats: Sequence[str] = ()) -> str:
    """Of everything that decides the picture, and the formats it is written in, in hex."""
    told = json.dumps(
        [DRAWING, asdict(drawn), sorted(formats)],
        ensure_ascii=True,
        sort_keys=True,
        separators=(",", ":"),
        default=_digest_of,
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
    return png_bytes(master.image)


def draw_first(names: Sequence[ChosenName], look: Look, language: str, size: str) -> Drawn:
    """The first page as it would be drawn now. Raises NotUnderstood when nobody is on it."""
    if not names:
        raise NotUnderstood(_("Nobody is on this boot screen yet, so there is nothing to draw."))
    asked = scene_of(names, look, language, size)
    return _drawn_first(hash_of(asked), asked)


def _drawn_first(digest: str, asked: Scene) -> Drawn:
    """The picture follows the figures of the same scene at once: it is not drawn twice."""
    if digest not in _last_drawn:
        layout = laid_out(asked)
        drawn = Drawn(
            _png(next(render_pages(layout, [0]))),
            len(layout.pages),
            layout.px,
            len(layout.names),
            sum(1 for _name in layout.changed()),
        )
        while len(_last_drawn) >= KEPT:
            _last_drawn.pop(next(iter(_last_drawn)), None)
        _last_drawn[digest] = drawn
    return _last_drawn[digest]


KEPT = 8
_last_drawn: dict[str, Drawn] = {}


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
