"""Palettes and silhouettes that go together, under a name; and themes of one's own, from a JSON file."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from boot_screen.contrast import LEAST_CONTRAST, contrast
from boot_screen.scene import LANTERN, Colour, Palette
from boot_screen.silhouette import Silhouette, SilhouetteError, named, of_file


class ThemeError(ValueError):
    """The theme cannot be used; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Theme:
    """`dark` names the theme that takes its place where the device asks for dark pictures; empty for one that is."""

    palette: Palette
    shape: str = ""  # of the silhouettes that come with this package
    dark: str = ""

    @property
    def silhouette(self) -> Silhouette | None:
        return named(self.shape) if self.shape else None


def _palette(*hexes: str) -> Palette:
    return Palette(*(_colour(one) for one in hexes))


def _colour(text: str) -> Colour:
    found = re.fullmatch(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", text)
    if found is None:
        raise ThemeError(f"{text!r} is no colour. Write it as #rrggbb.")
    return int(found[1], 16), int(found[2], 16), int(found[3], 16)


# ground, names, names_too, title, subtitle, shape, shape_names
THEMES: dict[str, Theme] = {
    "lantern": Theme(LANTERN),
    "ember": Theme(_palette("#140f0f", "#a89a90", "#95877d", "#ffb46e", "#b99c84", "#43180b", "#ffb98a"), "heart"),
    "paper": Theme(
        _palette("#faf6ef", "#2e2a26", "#6b4a2b", "#8f3d0c", "#6d6258", "#faf6ef", "#8f3d0c"), dark="lantern"
    ),
    "valentine": Theme(
        _palette("#fff7f4", "#6d5f60", "#7c6562", "#9c1f38", "#7b6264", "#b3263f", "#fff1ee"), "heart", dark="ember"
    ),
    "midnight": Theme(_palette("#0b1020", "#d8e1f5", "#9fb4dc", "#f2f5ff", "#8fa3cc", "#0b1020", "#7fd0ff")),
    "constellation": Theme(
        _palette("#0a0e1d", "#8a97b8", "#7c8aae", "#f4e3b2", "#93a0c2", "#24407f", "#ffedbb"), "star"
    ),
    "seedling": Theme(
        _palette("#f4f7ef", "#57624f", "#5f6650", "#23522b", "#5a6a56", "#2f6b3a", "#f2faec"), "seed", dark="moss"
    ),
    "moss": Theme(_palette("#0e1510", "#93a58f", "#869a84", "#b9e3a6", "#8fa58b", "#20401f", "#c6f0a8"), "seed"),
    "ink": Theme(_palette("#ffffff", "#1c1c1c", "#4d4d4d", "#000000", "#5a5a5a", "#1c1c1c", "#ffffff"), dark="slate"),
    "slate": Theme(_palette("#17191c", "#e4e6e8", "#b4b9bf", "#ffffff", "#9aa1a9", "#e4e6e8", "#17191c")),
}


def theme(asked: str) -> tuple[Palette, Silhouette | None, str]:
    """Palette, silhouette and the dark theme's name, of a known theme or a JSON file.

    The file holds colours (`ground`, `names`, `names_too`, `title`, `subtitle`, `shape`, `shape_names`, as #rrggbb) and
    perhaps `based_on`, a known theme from which the rest is taken, `silhouette`, a name or an SVG or PNG beside it, and
    `dark`. Raises ThemeError.
    """
    if asked in THEMES:
        known = THEMES[asked]
        return known.palette, known.silhouette, known.dark
    path = Path(asked)
    if path.suffix.lower() != ".json":
        raise ThemeError(f"There is no theme {asked!r}. Give a JSON file, or one of {', '.join(THEMES)}.")
    try:
        return _from(json.loads(path.read_text("utf-8")), path.parent)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ThemeError(f"{path} cannot be read: {reason}.") from None
    except json.JSONDecodeError as error:
        raise ThemeError(f"{path}, line {error.lineno}, is no JSON: {error.msg}.") from None


def _from(given: Any, folder: Path) -> tuple[Palette, Silhouette | None, str]:
    colours = [field.name for field in fields(Palette)]
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise ThemeError(f"A theme is a JSON object of texts: {', '.join(colours)}, based_on, silhouette, dark.")
    if unknown := sorted(set(given) - {*colours, "based_on", "silhouette", "dark"}):
        raise ThemeError(f"A theme has no {', '.join(unknown)}. It may have {', '.join(colours)}.")
    base = given.get("based_on", "lantern")
    if base not in THEMES:
        raise ThemeError(f"based_on names no theme: {base!r}. There is {', '.join(THEMES)}.")
    palette = recoloured(THEMES[base].palette, {name: given[name] for name in colours if name in given})
    check(palette)
    shape = given.get("silhouette")
    silhouette = THEMES[base].silhouette if shape is None else silhouette_of(shape, folder)
    return palette, silhouette, str(given.get("dark", ""))


def recoloured(palette: Palette, colours: Mapping[str, str]) -> Palette:
    """With some of its colours, by the names of Palette's fields, written as #rrggbb. Raises ThemeError."""
    return replace(palette, **{name: _colour(colour) for name, colour in colours.items()})


def written(palette: Palette) -> dict[str, str]:
    """Its colours as #rrggbb."""
    return {field.name: "#{:02x}{:02x}{:02x}".format(*getattr(palette, field.name)) for field in fields(palette)}


def silhouette_of(asked: str, folder: Path = Path()) -> Silhouette | None:
    """By the name of one that comes with this package, from a file, or `none`. Raises ThemeError."""
    if asked in ("", "none"):
        return None
    try:
        return of_file(folder / asked) if Path(asked).suffix else named(asked)
    except SilhouetteError as error:
        raise ThemeError(str(error)) from None


def too_faint(palette: Palette) -> Iterator[tuple[str, str, float]]:
    """Inks that cannot be read: the ink, its ground, both as fields of Palette, and their contrast."""
    for ink in ("names", "names_too", "title", "subtitle", "shape_names"):
        ground = "shape" if ink == "shape_names" else "ground"
        found = contrast(getattr(palette, ink), getattr(palette, ground))
        if found < LEAST_CONTRAST:
            yield ink, ground, found


def check(palette: Palette) -> None:
    """Raise ThemeError when an ink cannot be read on its ground."""
    for ink, ground, found in too_faint(palette):
        raise ThemeError(
            f"{ink} on {ground} has a contrast of {found:.1f}:1; at least {LEAST_CONTRAST}:1 can be read. "
            "Choose colours further apart."
        )
